"""Metrics of several labels a text and of numbers, against scikit-learn and scipy."""

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as reference
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

import attribkit as ak
from attribkit.errors import InputError
from attribkit.evaluation.metrics import counted
from attribkit.evaluation.multilabel import MultilabelMetrics
from attribkit.evaluation.ordinal import ordinal_measures
from attribkit.evaluation.regression import RegressionMetrics
from attribkit.evaluation.statistics import estimated_ratio
from attribkit.models.classifier import Classifier

LABELS = ("a", "b", "c", "d")


@given(st.integers(0, 2**31), st.integers(1, 60))
def test_multilabel_measures_are_scikit_learns(seed: int, rows: int) -> None:
    random = np.random.default_rng(seed)
    holds, p = random.random((rows, 4)) < 0.4, random.random((rows, 4)).round(2)
    metrics = MultilabelMetrics.of(LABELS, holds, p)
    predicted = p >= 0.5
    assert metrics.micro_f1.mean == pytest.approx(
        reference.f1_score(holds, predicted, average="micro", zero_division=0)
    )
    assert metrics.macro_f1 == pytest.approx(reference.f1_score(holds, predicted, average="macro", zero_division=0))
    assert metrics.subset_accuracy.mean == pytest.approx(reference.accuracy_score(holds, predicted))
    assert metrics.hamming_loss.mean == pytest.approx(reference.hamming_loss(holds, predicted))
    for place in np.flatnonzero(holds.any(0)):
        own = reference.average_precision_score(holds[:, place], p[:, place])
        assert metrics.average_precision[place] == pytest.approx(own)
    assert np.isnan(metrics.average_precision[~holds.any(0)]).all()
    for interval in (metrics.micro_f1, metrics.subset_accuracy, metrics.hamming_loss):
        assert 0 <= interval.low <= interval.high <= 1
    assert metrics.micro_f1.low - 1e-12 <= metrics.micro_f1.mean <= metrics.micro_f1.high + 1e-12 or rows < 5


def test_the_interval_of_micro_f1_covers_what_is_true() -> None:
    random = np.random.default_rng(0)
    wholes = random.integers(1, 6, 200_000).astype(float)
    parts = random.binomial(wholes.astype(int), 0.3 + 0.1 * wholes).astype(float)
    true = parts.sum() / wholes.sum()
    inside = 0
    for start in range(0, 15_000, 150):
        interval = estimated_ratio(parts[start : start + 150], wholes[start : start + 150])
        inside += interval.low <= true <= interval.high
    assert inside >= 88  # of 100, 95 expected: fewer has a chance of 0.003


@given(st.integers(0, 2**31), st.integers(4, 60))
def test_regression_measures_are_scikit_learns(seed: int, rows: int) -> None:
    random = np.random.default_rng(seed)
    true = random.normal(10, 3, rows)
    predicted = true + random.normal(0.5, 1, rows)
    metrics = RegressionMetrics("stars", "stars", true, predicted)
    assert metrics.mae.mean == pytest.approx(reference.mean_absolute_error(true, predicted))
    assert metrics.rmse.mean == pytest.approx(reference.root_mean_squared_error(true, predicted))
    assert metrics.r2.mean == pytest.approx(reference.r2_score(true, predicted))
    assert metrics.spearman.mean == pytest.approx(spearmanr(true, predicted).statistic)
    assert metrics.bias == pytest.approx((predicted - true).mean())
    for interval in (metrics.mae, metrics.rmse, metrics.spearman):
        assert interval.low <= interval.mean + 1e-12 and interval.mean <= interval.high + 1e-12


def test_the_intervals_of_a_regression_cover_what_is_true() -> None:
    random = np.random.default_rng(1)
    true = random.normal(0, 1, 20_000)
    predicted = 0.8 * true + random.normal(0, 0.6, 20_000)
    whole = RegressionMetrics("y", "y", true, predicted)
    wanted = {"r2": reference.r2_score(true, predicted), "spearman": spearmanr(true, predicted).statistic}
    assert whole.rows == 20_000
    inside = dict.fromkeys(wanted, 0)
    for start in range(0, 20_000, 200):
        part = RegressionMetrics("y", "y", true[start : start + 200], predicted[start : start + 200])
        for name, value in wanted.items():
            interval = getattr(part, name)
            inside[name] += interval.low <= value <= interval.high
    assert min(inside.values()) >= 88


def test_numbers_that_are_all_the_same_have_no_order_and_no_variance() -> None:
    metrics = RegressionMetrics("y", "y", np.ones(5), np.arange(5.0))
    assert not metrics.r2.known and not metrics.spearman.known
    assert metrics.to_dict()["r2"] is None and metrics.mae.mean == 1.4
    assert "mean absolute error 1.4" in metrics.summary()
    with pytest.raises(InputError, match="number for each text were expected"):
        RegressionMetrics("y", "y", np.ones(0), np.ones(0))


def test_integer_labels_keep_their_order() -> None:
    confusion = np.array([[5, 1, 0], [0, 4, 2], [1, 0, 6]])
    measures = ordinal_measures(("1", "2", "4"), confusion)
    true = np.repeat([1, 1, 2, 2, 4, 4], [5, 1, 4, 2, 1, 6])
    predicted = np.repeat([1, 2, 2, 4, 1, 4], [5, 1, 4, 2, 1, 6])
    assert measures is not None
    assert measures["mean_absolute_error"] == pytest.approx(np.abs(true - predicted).mean())
    even = ordinal_measures(("1", "2", "3"), confusion)
    assert even is not None
    kappa = reference.cohen_kappa_score(
        np.where(true == 4, 3, true), np.where(predicted == 4, 3, predicted), weights="quadratic"
    )
    assert even["quadratic_kappa"] == pytest.approx(kappa)
    assert ordinal_measures(("neg", "pos", "x"), confusion) is None
    assert ordinal_measures(("0", "1"), confusion[:2, :2]) is None
    metrics = counted(("1", "2", "3"), np.array([0, 1, 2]), np.array([0, 2, 2]))
    assert "quadratic kappa" in metrics.summary() and metrics.to_dict()["mean_absolute_error"] == pytest.approx(1 / 3)


def test_evaluate_follows_the_task(make_classifier) -> None:
    made = make_classifier("cnn", LABELS)
    model = Classifier(made.network, made.tokenizer, LABELS, task="multilabel")
    texts = ["a good film", "it was a horrible movie", "the best film ever", " "]
    table = pd.DataFrame({"text": texts, "label": [["a"], ["b", "new"], [], ["c"]]})
    metrics = ak.evaluate(model, table)
    assert isinstance(metrics, MultilabelMetrics) and metrics.rows == 3 and metrics.dropped == 1
    assert metrics.support.tolist() == [1, 1, 0, 0]
    assert "labels that the model does not know: “new” (1)" in metrics.summary()
    p = model.probabilities(texts[:3])
    holds = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]], dtype=bool)
    assert metrics.hamming_loss.mean == pytest.approx(((p >= 0.5) != holds).mean())
    with pytest.raises(InputError, match="does not know the label 'x'"):
        ak.evaluate(model, table.assign(label=[["x"]] * 4))
    many = [[f"label {number}" for number in range(500)]] * 4
    with pytest.raises(InputError, match=r"the labels 'label 0', .* and 495 more; it knows 'a', 'b'") as caught:
        ak.evaluate(model, table.assign(label=many))
    assert len(str(caught.value)) < 300
    with pytest.raises(InputError, match="load the data with task='multilabel'"):
        ak.evaluate(model, ak.load_dataset("demo").sample(10))
