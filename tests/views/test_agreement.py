"""How alike two rows rank the tokens: checked against every pair counted by hand."""

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st

from attribkit.results.panels import HeatmapRow
from attribkit.views.agreement import agree, in_words


def rows(*values: list[float]) -> list[HeatmapRow]:
    return [HeatmapRow(f"row {number}", np.array(one, dtype=float), "logit") for number, one in enumerate(values)]


@given(st.integers(2, 12).flatmap(lambda n: st.tuples(*[st.lists(st.integers(-4, 4), min_size=n, max_size=n)] * 2)))
def test_tau_is_the_count_of_all_pairs(pair: tuple[list[int], list[int]]) -> None:
    first, second = ([float(value) for value in one] for one in pair)
    (found,) = agree(rows(first, second))
    sizes = [[abs(value) for value in one] for one in (first, second)]
    if any(len(set(one)) == 1 for one in sizes):
        assert found.tau is None and found.shared is None
    else:
        assert found.tau == pytest.approx(reference.kendall_tau_b(*sizes), abs=1e-12)


def test_signs_do_not_count_and_every_pair_is_named_once() -> None:
    found = agree(rows([1, -2, 3], [10, 20, 30], [-3, 2, 1]))
    assert [(one.first, one.second) for one in found] == [("row 0", "row 1"), ("row 0", "row 2"), ("row 1", "row 2")]
    assert [one.tau for one in found] == pytest.approx([1, -1, -1])


def test_the_strongest_are_shared_by_place_and_fewer_in_a_short_text() -> None:
    (found,) = agree(rows([9, 8, 7, 6, 5, 0, 0], [0, 8, 7, 6, 5, 0, 9]))
    assert (found.shared, found.top) == (4, 5)
    (short,) = agree(rows([1, 2, 3], [3, 2, 1]))
    assert (short.shared, short.top) == (3, 3)
    (ties,) = agree(rows([1, 1, 1, 0], [0, 1, 1, 1]), top=2)
    assert ties.shared == 1, "of equal ones the earlier counts"


@pytest.mark.parametrize("values", [([1.0], [2.0]), ([0.5, 0.5], [1.0, 2.0]), ([0.0, 0.0], [0.0, 0.0])])
def test_rows_that_rank_nothing_have_no_agreement_and_no_nan(values: tuple[list[float], list[float]]) -> None:
    (found,) = agree(rows(*values))
    assert (found.tau, found.shared) == (None, None)
    assert in_words(found) == "row 0 and row 1 cannot be compared: one of them gives every word the same"


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ([1, 2, 3, 4], "rank these words almost alike: τ = 1.00"),
        ([1, 2, 4, 3], "rank these words much alike: τ = 0.67"),
        ([2, 1, 4, 3], "agree on these words only in part: τ = 0.33"),
        ([3, 1, 4, 2], "rank these words differently: τ = 0.00"),
        ([3, 4, 1, 2], "rank these words differently: τ = −0.33"),
        ([4, 3, 1, 2], "rank these words in opposite ways: τ = −0.67"),
        ([4, 3, 2, 1], "rank these words in opposite ways: τ = −1.00"),
    ],
)
def test_the_sentence_fits_the_number(second: list[float], said: str) -> None:
    (found,) = agree(rows([1, 2, 3, 4], second))
    assert in_words(found) == f"row 0 and row 1 {said}"
