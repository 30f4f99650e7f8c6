"""Rank correlations are those of their definitions, and nothing where nothing is ranked."""

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st

from attribkit.rank_correlation import kendall, spearman

PAIRS = st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=2, max_size=20)


@given(PAIRS)
def test_they_equal_their_definitions(pairs: list[tuple[int, int]]) -> None:
    a, b = ([float(value) for value in values] for values in zip(*pairs, strict=True))
    for function, definition in ((kendall, reference.kendall_tau_b), (spearman, reference.spearman)):
        found = function(np.array(a), np.array(b))
        if len(set(a)) == 1 or len(set(b)) == 1:
            assert np.isnan(found)
        else:
            assert found == pytest.approx(definition(a, b), abs=1e-12)


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0, 2.0]])
def test_what_ranks_nothing_has_none(values: list[float]) -> None:
    other = np.arange(float(len(values)))
    assert np.isnan(kendall(np.array(values), other)) and np.isnan(spearman(other, np.array(values)))
