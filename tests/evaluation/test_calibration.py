from dataclasses import replace

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st

from attribkit.evaluation.answers import Answers
from attribkit.evaluation.calibration import Calibration, calibration_error


def answered(logits: list[list[float]], truth: list[int]) -> Answers:
    """Answers with these logits and true labels."""
    size = len(logits[0])
    texts = tuple(f"text {number}" for number in range(len(logits)))
    return Answers(
        labels=tuple(f"label {number}" for number in range(size)),
        rows=np.arange(len(texts)),
        texts=texts,
        ids=tuple(np.ones(1, dtype=np.int64) for _ in texts),
        truth=np.array(truth),
        logits=np.array(logits, dtype=float),
        given=len(texts),
    )


answers_and_bins = st.tuples(
    st.lists(
        st.tuples(st.floats(-6, 6), st.floats(-6, 6), st.floats(-6, 6), st.integers(0, 2)), min_size=1, max_size=30
    ),
    st.integers(1, 12),
)


@given(answers_and_bins)
def test_the_error_is_that_of_the_definition(case: tuple[list[tuple[float, float, float, int]], int]) -> None:
    rows, bins = case
    answers = answered([list(row[:3]) for row in rows], [row[3] for row in rows])
    found = Calibration.of(answers, bins)
    expected = reference.calibration_error(answers.confidence.tolist(), answers.right.tolist(), bins)
    assert found.error == pytest.approx(expected, abs=1e-12)
    assert 0 <= found.error <= 1 and found.count.sum() == len(rows) and 0 <= found.brier <= 2


def test_the_interval_of_the_error_is_that_of_texts_drawn_anew() -> None:
    random = np.random.default_rng(0)
    answers = answered(random.normal(0, 2, (40, 3)).tolist(), random.integers(0, 3, 40).tolist())
    sure, right = answers.confidence.tolist(), answers.right.tolist()
    found = calibration_error(answers)
    assert found.mean == Calibration.of(answers).error and found.texts == 40
    low, high = reference.bootstrap_interval(
        lambda drawn: reference.calibration_error([sure[k] for k in drawn], [right[k] for k in drawn], 10), 40
    )
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12) and low < high


def test_with_several_labels_all_decisions_of_a_text_are_drawn_together() -> None:
    random = np.random.default_rng(1)
    holds = random.integers(0, 2, (25, 4))
    answers = replace(
        answered(random.normal(0, 2, (25, 4)).tolist(), [0] * 25), truth=holds, task="multilabel", known=("",) * 25
    )
    p = answers.probabilities.tolist()

    def error(drawn: list[int]) -> float:
        sure = [value for text in drawn for value in p[text]]
        right = [bool(value) for text in drawn for value in holds[text]]
        return reference.calibration_error(sure, right, 10)

    found = calibration_error(answers)
    assert found.mean == pytest.approx(error(list(range(25))), abs=1e-12)
    assert (found.low, found.high) == pytest.approx(reference.bootstrap_interval(error, 25), abs=1e-12)


def test_answers_as_sure_as_they_are_right_have_no_error() -> None:
    sure = float(np.log(0.8 / 0.2))
    found = Calibration.of(answered([[sure, 0.0]] * 5, [0, 0, 0, 0, 1]))
    assert found.error == pytest.approx(0, abs=1e-12) and found.surplus == pytest.approx(0, abs=1e-12)
    assert found.log_loss == pytest.approx(-(4 * np.log(0.8) + np.log(0.2)) / 5)
    assert found.brier == pytest.approx((4 * 2 * 0.04 + 2 * 0.64) / 5)
    assert "as sure as it is right" in found.verdict


def test_a_model_too_sure_is_called_so() -> None:
    found = Calibration.of(answered([[9.0, 0.0]] * 4, [0, 0, 1, 1]))
    assert found.error == pytest.approx(0.5, abs=1e-3) and found.surplus > 0
    assert "surer than it is right, by 50.0 percentage points" in found.verdict
    assert "less sure than it is right" in Calibration.of(answered([[0.1, 0.0]] * 4, [0] * 4)).verdict


def test_the_curve_stands_beside_the_line_of_the_calibrated() -> None:
    found = Calibration.of(answered([[2.0, 0.0], [0.5, 0.0], [0.0, 3.0]], [0, 1, 1]))
    own, ideal = found.chart().series
    assert own.x.tolist() == found.confidence.tolist() and own.y.tolist() == found.accuracy.tolist()
    assert ideal.x.tolist() == ideal.y.tolist()
    assert [row[3] for row in found.table().rows] == found.count.tolist()
    assert f"{found.error:.4f}" in found.table().notes[0]


def test_calibration_needs_true_labels_and_a_bin() -> None:
    with pytest.raises(ValueError, match="calibration needs true labels, the data has none"):
        Calibration.of(answered([[1.0, 0.0]], [-1]))
    with pytest.raises(ValueError, match="`bins` must be at least 1, got 0"):
        Calibration.of(answered([[1.0, 0.0]], [0]), 0)
