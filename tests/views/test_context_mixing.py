"""From layers to the whole: every path counted one by one, and the laws of shares."""

import numpy as np
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from attribkit.views.context_mixing import rollout, row_normalised

sizes = st.tuples(st.integers(1, 4), st.integers(1, 5))
layers = sizes.flatmap(
    lambda size: arrays(float, (size[0], size[1], size[1]), elements=st.floats(0, 1, allow_subnormal=False))
)


@settings(max_examples=40)
@given(layers, st.booleans())
def test_rollout_is_the_sum_over_all_paths(values: np.ndarray, residual: bool) -> None:
    weights = row_normalised(values)
    expected = reference.attention_rollout(weights.tolist(), residual)
    np.testing.assert_allclose(rollout(weights, residual), expected, atol=1e-12)


@given(layers, st.booleans())
def test_shares_sum_to_1_and_nothing_is_taken_from_the_future(values: np.ndarray, residual: bool) -> None:
    weights = row_normalised(values)
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-12)
    whole = rollout(weights, residual)
    assert (whole >= 0).all()
    np.testing.assert_allclose(whole.sum(1), 1, atol=1e-12)
    causal = rollout(row_normalised(np.tril(values)), residual)
    assert (np.triu(causal, 1) == 0).all()


def test_a_place_that_takes_from_nowhere_keeps_to_itself() -> None:
    assert row_normalised(np.array([[0.0, 0.0], [1.0, 3.0]])).tolist() == [[1.0, 0.0], [0.25, 0.75]]
    alike = np.full((3, 2, 2), 0.5)
    np.testing.assert_allclose(rollout(alike, residual=False), alike[0])
