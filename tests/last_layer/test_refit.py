"""The refitted last layer, leave-one-out and the representer values, against slow versions and by their laws."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from reference import refitted_layer

from attribkit.last_layer import features as features_module
from attribkit.last_layer import second_step
from attribkit.last_layer.features import Features, with_bias
from attribkit.last_layer.leave_one_out import EXACT, LeaveOneOut
from attribkit.last_layer.representer import representer_values
from attribkit.last_layer.rows_left_out import weights_without
from attribkit.last_layer.second_step import second_steps
from attribkit.last_layer.softmax_regression import SoftmaxRegression, contrasts, fit
from attribkit.last_layer.targets import Answer, log_odds, log_odds_of_all


class Case(NamedTuple):
    features: Features
    labels: NDArray[np.int64]
    regression: SoftmaxRegression
    text: NDArray[np.float64]


def case(seed: int, classes: int, rows: int = 40, width: int = 4, l2: float = 0.02, repeat: int = 0) -> Case:
    """Rows of noisy features; the last `repeat` of them are copies of row 0."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, width)).astype(np.float32)
    labels = (values[:, :classes] + random.normal(size=(rows, classes))).argmax(1)
    labels[:classes] = np.arange(classes)
    if repeat:
        values[-repeat:], labels[-repeat:] = values[0], labels[0]
    features = Features(values, np.zeros((rows, classes)))
    return Case(features, labels, fit(features, labels, classes, l2), with_bias(random.normal(size=(1, width)))[0])


CASES = given(seed=st.integers(0, 10_000), classes=st.integers(2, 4))


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_contrasts_are_orthonormal_and_sum_to_nothing(classes: int) -> None:
    basis = contrasts(classes)
    assert np.allclose(basis.T @ basis, np.eye(classes - 1), atol=1e-15)
    assert np.allclose(basis.sum(0), 0, atol=1e-15)


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_the_refit_is_the_minimum_that_a_slow_version_finds(classes: int) -> None:
    given_case = case(1, classes)
    slow = refitted_layer(with_bias(given_case.features.values), given_case.labels, classes, 0.02 * 40)
    fast = given_case.regression.basis @ given_case.regression.weights
    assert np.abs(slow - fast).max() < 1e-10
    assert given_case.regression.gradient < 1e-9


@pytest.mark.parametrize("classes", [2, 3])
def test_leave_one_out_is_near_a_true_refit_and_its_bound_holds(classes: int) -> None:
    features, labels, regression, text = case(2, classes)
    loo = LeaveOneOut.of(features, regression)
    rows = np.arange(0, 40, 7)
    one = loo.changes(features, text)[rows]
    assert np.allclose(
        one,
        (weights_without(features, regression, rows, 0) @ text - regression.weights @ text) @ (regression.basis.T),
        atol=1e-13,
    )
    steps = {n: weights_without(features, regression, rows, n) for n in (1, None)}
    bounds = loo.error_bounds(text)[rows]
    for place, row in enumerate(rows.tolist()):
        rest = np.arange(40) != row
        true = refitted_layer(with_bias(features.values[rest]), labels[rest], classes, regression.penalty)
        change = true @ text - regression.logits(text[None])[0]
        assert np.ptp(one[place] - change) <= bounds[place] + 1e-11
        assert np.abs(one[place] - change).max() < 0.2 * np.abs(change).max()
        assert np.abs(regression.basis @ steps[None][place] - true).max() < 1e-10
        two = regression.basis @ steps[1][place] @ text - regression.logits(text[None])[0]
        assert np.abs(two - change).max() < np.abs(one[place] - change).max() + 1e-12


@CASES
def test_the_bound_of_a_newton_step_holds(seed: int, classes: int) -> None:
    features, _, regression, text = case(seed, classes, rows=20)
    loo = LeaveOneOut.of(features, regression)
    rows = np.arange(20)
    true = (weights_without(features, regression, rows) - regression.weights) @ text @ regression.basis.T
    assert (np.ptp(loo.changes(features, text) - true, axis=1) <= loo.error_bounds(text) + 1e-10).all()


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_the_second_step_is_the_leading_term_of_what_the_first_leaves(classes: int) -> None:
    """Among twice as many copies a row counts half as much: a quarter is left by one step, an eighth by two."""
    features, labels, _, text = case(9, classes, width=6)
    rows, left = np.arange(0, 40, 3), []
    for copies in (20, 40):
        many = Features(np.tile(features.values, (copies, 1)), np.tile(features.logits, (copies, 1)))
        regression = fit(many, np.tile(labels, copies), classes, 0.02)
        one, true = (weights_without(many, regression, rows, steps) for steps in (0, None))
        left.append(
            [np.abs((weights - true) @ text).max() for weights in (one, one + second_steps(many, regression, rows))]
        )
    (first, second), (half_first, half_second) = left
    assert second < first / 10 and half_second < half_first / 20
    assert first / half_first == pytest.approx(4, rel=0.1) and second / half_second == pytest.approx(8, rel=0.15)


def test_rows_of_a_large_bound_are_refined_and_others_stay() -> None:
    features, _, regression, text = case(10, 3, rows=300, width=6, l2=0.05)
    loo = LeaveOneOut.of(features, regression)
    refined = loo.refined(features)
    bounds = loo.error * np.sqrt(loo.leverage.max())
    assert refined.second_rows.tolist() == np.flatnonzero(bounds > EXACT).tolist() != []
    rows = np.arange(300)
    true = (weights_without(features, regression, rows) - regression.weights) @ text @ regression.basis.T
    before, after = (np.abs(each.changes(features, text) - true).max(1) for each in (loo, refined))
    others = np.setdiff1d(rows, refined.second_rows)
    assert np.array_equal(before[others], after[others]) and (after[others] <= EXACT).all()
    assert after.max() < before.max() / 5


@CASES
def test_representer_values_add_up_to_the_margin(seed: int, classes: int) -> None:
    features, _, regression, text = case(seed, classes)
    for answer in (Answer(0), Answer(1, 0)):
        direction = answer.direction(classes)
        values = representer_values(features, regression, direction, text)
        margin = float(regression.logits(text[None])[0] @ direction)
        assert abs(values.sum() - margin) <= 1e-6 * np.abs(values).sum()
        if classes == 2:
            assert margin == pytest.approx(float(answer.log_odds(regression.logits(text[None]))[0]), abs=1e-12)


@CASES
def test_the_order_of_the_rows_does_not_matter(seed: int, classes: int) -> None:
    features, labels, regression, text = case(seed, classes)
    order = np.random.default_rng(seed).permutation(len(labels))
    moved = Features(features.values[order], features.logits[order])
    again = fit(moved, labels[order], classes, 0.02)
    first = LeaveOneOut.of(features, regression).changes(features, text)
    second = LeaveOneOut.of(moved, again).changes(moved, text)
    assert np.allclose(first[order], second, atol=1e-9)


@CASES
def test_copies_of_a_row_share_what_it_adds(seed: int, classes: int) -> None:
    features, _, regression, text = case(seed, classes, repeat=3)
    copies = [0, 37, 38, 39]
    changes = LeaveOneOut.of(features, regression).changes(features, text)[copies]
    values = representer_values(features, regression, Answer(0).direction(classes), text)[copies]
    assert np.allclose(changes, changes[0], atol=1e-12) and np.allclose(values, values[0], atol=1e-12)


def test_rows_that_come_in_small_blocks_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels, regression, text = case(3, 3)
    whole = LeaveOneOut.of(features, regression).changes(features, text)
    refits = weights_without(features, regression, np.array([0, 8, 39]))
    second = second_steps(features, regression, np.array([0, 8, 39]))
    monkeypatch.setattr(features_module, "ROWS_AT_ONCE", 7)
    monkeypatch.setattr(second_step, "_LEFT_OUT_AT_ONCE", 2)
    again = fit(features, labels, 3, 0.02)
    assert np.allclose(again.weights, regression.weights, atol=1e-12)
    assert np.allclose(LeaveOneOut.of(features, again).changes(features, text), whole, atol=1e-12)
    assert np.allclose(weights_without(features, again, np.array([0, 8, 39])), refits, atol=1e-12)
    assert np.allclose(second_steps(features, again, np.array([0, 8, 39])), second, atol=1e-6 * np.abs(second).max())


def test_rows_that_do_not_count_are_as_if_they_were_not_there() -> None:
    features, labels, _, _ = case(4, 3)
    counts = np.ones(40)
    counts[10:] = 0
    some = fit(features, labels, 3, 0.02, weight_of=counts)
    few = fit(Features(features.values[:10], features.logits[:10]), labels[:10], 3, 0.02)
    assert np.allclose(some.weights, few.weights, atol=1e-10)


def test_without_l2_there_is_no_minimum() -> None:
    features, labels, _, _ = case(5, 2)
    with pytest.raises(
        ValueError, match=r"`l2` must be a number above 0, got 0\.0: without it the Hessian may be singular"
    ):
        fit(features, labels, 2, 0.0)


def test_a_layer_with_too_many_weights_is_refused() -> None:
    wide = Features(np.zeros((4, 9_000), dtype=np.float32), np.zeros((4, 2)))
    with pytest.raises(ValueError, match="exact Hessian is computed up to 8,000 weights, this one has 9,001"):
        fit(wide, np.array([0, 1, 0, 1]), 2, 0.1)


def test_the_answers_gradient_and_log_odds_are_those_of_their_definition() -> None:
    logits = np.array([[0.3, -1.2, 2.0]])
    shares = np.exp(logits) / np.exp(logits).sum()
    assert log_odds(logits, np.array([1]))[0] == pytest.approx(np.log(shares[0, 1] / (1 - shares[0, 1])))
    for answer in (Answer(1), Answer(0, 2)):
        slope = [
            (answer.log_odds(logits + step) - answer.log_odds(logits - step))[0] / 2e-5 for step in 1e-5 * np.eye(3)
        ]
        assert np.allclose(answer.gradient(logits[0]), slope, atol=1e-8)


@given(seed=st.integers(0, 999), classes=st.integers(2, 9), scale=st.sampled_from([0.1, 3.0, 300.0]))
def test_the_log_odds_of_all_classes_are_those_of_each(seed: int, classes: int, scale: float) -> None:
    logits = scale * np.random.default_rng(seed).normal(size=(7, classes))
    each = np.stack([log_odds(logits, np.full(7, label)) for label in range(classes)], axis=1)
    assert np.allclose(log_odds_of_all(logits), each, rtol=1e-12, atol=1e-12)
