from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from reference import bootstrap_interval, f1_of, wilson_interval
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support
from torch import Tensor, nn

from attribkit.data import load_dataset
from attribkit.evaluation.metrics import Metrics
from attribkit.evaluation.performance import evaluate
from attribkit.evaluation.statistics import estimated_share
from attribkit.models.classifier import Classifier
from attribkit.text.settings import TextSettings
from attribkit.text.tokenizer import Tokenizer

LABELS = ("neg", "neutral", "pos")


class LastWord(nn.Module):
    """Says the label that the last word names: word i of the vocabulary votes for label i − 2."""

    def __init__(self, vocabulary: int, classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, classes, padding_idx=0)
        with torch.no_grad():
            self.embedding.weight.zero_()
            self.embedding.weight[2 : 2 + classes] = 5 * torch.eye(classes)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.embedding(ids)[torch.arange(len(ids)), mask.sum(1) - 1]


@pytest.fixture(scope="module")
def model() -> Classifier:
    vocabulary = {"[PAD]": 0, "[UNK]": 1, "neg": 2, "neutral": 3, "pos": 4}
    return Classifier(LastWord(5, 3), Tokenizer.of(vocabulary, TextSettings(remove_non_alphanumeric=True)), LABELS)


def table(*rows: tuple[Any, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["text", "label"], dtype=object)


@pytest.mark.parametrize("size", [2, 3])
def test_the_intervals_are_those_of_texts_drawn_anew(size: int) -> None:
    counts = np.random.default_rng(size).integers(0, 7, (size, size))
    metrics = Metrics(LABELS[:size], counts)
    pairs = [(a, b) for a in range(size) for b in range(size) for _ in range(counts[a, b])]

    def f1(drawn: list[int]) -> float:
        true, predicted = [pairs[text][0] for text in drawn], [pairs[text][1] for text in drawn]
        each = [f1_of(true, predicted, label) for label in range(size)]
        return each[-1] if size == 2 else sum(each) / size

    found = metrics.f1_estimate
    assert found.mean == pytest.approx(f1(list(range(len(pairs))))) and found.texts == len(pairs)
    assert (found.low, found.high) == pytest.approx(bootstrap_interval(f1, len(pairs)), abs=1e-12)
    assert found.low < found.mean < found.high

    accuracy = metrics.accuracy_estimate
    assert accuracy.mean == metrics.accuracy
    low, high = wilson_interval(sum(a == b for a, b in pairs), len(pairs))
    assert (accuracy.low, accuracy.high) == pytest.approx((low, high), abs=1e-12)
    assert f"(95 % interval {100 * low:.1f} to {100 * high:.1f} %)" in metrics.accuracy_in_words()


@given(st.integers(1, 3_000).flatmap(lambda texts: st.tuples(st.integers(0, texts), st.just(texts))))
def test_the_interval_of_a_share_is_wilsons_and_is_never_a_point(counts: tuple[int, int]) -> None:
    hits, texts = counts
    share = estimated_share(hits, texts)
    assert share.mean == hits / texts and share.texts == texts
    assert 0 <= share.low <= share.mean <= share.high <= 1 and share.high - share.low > 1e-3
    assert (share.low, share.high) == pytest.approx(wilson_interval(hits, texts), abs=1e-9)


def test_what_is_confused_most_is_named_only_where_it_is_confused_twice() -> None:
    labels = ("a", "b", "c")
    once = Metrics(labels, np.array([[5, 1, 0], [0, 5, 1], [1, 0, 5]]))
    assert once.most_confused is None
    single = Metrics(labels, np.array([[5, 1, 0], [0, 5, 0], [0, 0, 5]]))
    assert single.most_confused == "it takes “a” for “b” (1 of 1 mistake)"
    twice = Metrics(labels, np.array([[5, 1, 0], [0, 5, 2], [1, 0, 5]]))
    assert twice.most_confused == "it takes “b” for “c” (2 of 4 mistakes)"


def test_without_a_text_no_figure_is_known() -> None:
    nothing = Metrics(LABELS, np.zeros((3, 3), dtype=np.int64))
    assert not nothing.f1_estimate.known and not nothing.accuracy_estimate.known


def test_a_case_small_enough_to_count_by_hand(model: Classifier) -> None:
    data = table(
        ("it is pos", "pos"), ("pos", "pos"), ("so neg", "pos"),
        ("neg", "neg"), ("a longer text that is pos", "neg"),
        ("neutral", "neutral"),
    )  # fmt: skip
    metrics = evaluate(model, data)
    assert metrics.confusion.tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 2]]
    assert metrics.accuracy == pytest.approx(4 / 6)
    assert metrics.precision == pytest.approx([1 / 2, 1, 2 / 3])
    assert metrics.recall == pytest.approx([1 / 2, 1, 2 / 3])
    assert metrics.f1 == pytest.approx([1 / 2, 1, 2 / 3])
    assert metrics.support.tolist() == [2, 1, 3]
    assert metrics.macro["f1"] == pytest.approx((1 / 2 + 1 + 2 / 3) / 3)
    assert metrics.weighted["f1"] == pytest.approx((2 * 1 / 2 + 1 + 3 * 2 / 3) / 6)
    assert metrics.positive_f1 is None
    assert metrics.rows == 6 and metrics.dropped == 0


def test_two_labels_have_a_positive_one_the_last() -> None:
    metrics = Metrics(("no", "yes"), np.array([[50, 10], [5, 35]]))
    precision, recall = 35 / 45, 35 / 40
    assert metrics.positive_f1 == pytest.approx(2 * precision * recall / (precision + recall))
    assert metrics.to_dict()["f1"] == metrics.positive_f1 == metrics.f1[1]


@given(st.integers(2, 5).flatmap(lambda n: st.lists(st.tuples(*[st.integers(0, n - 1)] * 2), min_size=1, max_size=40)))
def test_every_figure_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    true, predicted = (np.array(column) for column in zip(*pairs, strict=True))
    size = max(true.max(), predicted.max(), 1) + 1
    labels = list(range(size))
    metrics = Metrics(tuple(map(str, labels)), confusion_matrix(true, predicted, labels=labels))
    assert metrics.accuracy == pytest.approx(accuracy_score(true, predicted))
    columns = precision_recall_fscore_support(true, predicted, labels=labels, zero_division=0)
    for name, expected in zip(("precision", "recall", "f1", "support"), columns, strict=True):
        assert getattr(metrics, name) == pytest.approx(expected)
    for average in ("macro", "weighted"):
        expected = precision_recall_fscore_support(true, predicted, labels=labels, average=average, zero_division=0)[:3]
        assert list(getattr(metrics, average).values()) == pytest.approx(expected)


def test_a_data_set_is_evaluated_on_its_test_split(model: Classifier) -> None:
    tables = {"train": table(*[(w, w) for w in LABELS] * 3), "test": table(("pos", "pos"), ("pos", "neg"))}
    data = load_dataset(tables, validation=0)
    assert evaluate(model, data).confusion.tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 1]]
    assert evaluate(model, data, batch_size=1).accuracy == 0.5


def test_the_table_has_a_row_per_label_and_the_averages() -> None:
    frame = Metrics(("no", "yes"), np.array([[50, 10], [5, 35]])).to_frame()
    assert frame.index.tolist() == ["no", "yes", "macro average", "weighted average"]
    assert frame.columns.tolist() == ["precision", "recall", "f1", "support"]
    assert frame.loc["yes", "precision"] == pytest.approx(35 / 45)
    assert frame["support"].tolist() == [60, 40, 100, 100] and frame["support"].dtype == np.int64


def test_the_summary_is_plain_data() -> None:
    import json

    summary = Metrics(("no", "yes"), np.array([[50, 10], [5, 35]]), dropped=2).to_dict()
    assert json.loads(json.dumps(summary)) == summary
    assert summary["confusion"] == [[50, 10], [5, 35]] and summary["dropped"] == 2 and summary["rows"] == 100
    assert summary["precision_by_label"]["no"] == pytest.approx(50 / 55)
    assert type(summary["accuracy"]) is float


def test_rows_without_a_text_are_dropped_and_counted(model: Classifier) -> None:
    data = table(("pos", "pos"), ("", "pos"), (" \n", "neg"), (None, "neg"), (float("nan"), "pos"), ("!!!", "neg"))
    metrics = evaluate(model, data)
    assert metrics.rows == 1 and metrics.dropped == 5 and metrics.accuracy == 1.0


def test_nothing_right_is_zero_not_an_error(model: Classifier) -> None:
    metrics = evaluate(model, table(("pos", "neg")))
    assert metrics.accuracy == 0.0 and metrics.f1.tolist() == [0.0, 0.0, 0.0]


def test_the_callers_table_and_the_model_are_left_as_they_were(model: Classifier) -> None:
    data = table(("pos", "pos"), (" ", "neg"))
    model.network.train()
    evaluate(model, data)
    assert data["text"].tolist() == ["pos", " "] and model.network.training
    model.network.eval()


def test_the_counts_cannot_be_changed() -> None:
    given = np.array([[1, 0], [0, 1]])
    metrics = Metrics(("a", "b"), given)
    given[0, 0] = 9
    assert metrics.confusion.tolist() == [[1, 0], [0, 1]]
    with pytest.raises(ValueError, match="read-only"):
        metrics.confusion[0, 0] = 5
    assert replace(metrics, dropped=1).dropped == 1


@pytest.mark.parametrize(
    ("data", "kind", "sentence"),
    [
        (
            table(("pos", "great"), ("pos", "awful")),
            ValueError,
            "not know the labels 'awful', 'great'; it",
        ),
        (
            table(("pos", "pos"))[["text"]].assign(y="pos", z="neg"),
            ValueError,
            "no labels to compare with, only text, y, z; name their column with `label`",
        ),
        (
            table(("pos", "pos")).rename(columns={"text": "x"}).assign(y="neg"),
            ValueError,
            "cannot be told from 'x', 'label', 'y'; name it with `text`",
        ),
        (table(("", "pos")), ValueError, "holds no text that the model can read"),
        (table((3, "pos")), TypeError, "row 0: a text must be a string, got int"),
        (table(("pos", "pos"), ("bad \ud800", "pos")), ValueError, "row 1: the text holds a lone surrogate"),
        (["pos"], TypeError, "a table or a Dataset is needed to evaluate on, got list"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_in_a_sentence(
    model: Classifier, data: Any, kind: type[Exception], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        evaluate(model, data)


def test_a_confusion_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a count for each pair of 2 labels, got shape \(3, 3\)"):
        Metrics(("a", "b"), np.eye(3, dtype=np.int64))
