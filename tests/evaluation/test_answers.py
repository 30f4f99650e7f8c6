from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from attribkit.evaluation.answers import Answers
from attribkit.models.classifier import Classifier


@pytest.fixture
def model(make_classifier: Callable[..., Classifier]) -> Classifier:
    return make_classifier()


def test_rows_that_cannot_be_used_are_listed_with_their_number_and_reason(model: Classifier) -> None:
    table = pd.DataFrame(
        {
            "text": ["a good film", None, " \n", 3, "bad \ud800", "\x00", "the worst movie"],
            "label": ["pos", "pos", "neg", "neg", "neg", "neg", "meh"],
        }
    )
    answers = Answers.of(model, table)
    assert answers.rows.tolist() == [0, 6] and answers.given == 7
    assert dict(answers.skipped) == {
        1: "it is empty",
        2: "it is empty",
        3: "it is no string but int",
        4: "the text holds a lone surrogate (U+D800 at position 4), which is no character",
        5: "it holds no token",
    }
    assert answers.unknown_labels == (("meh", 1),) and answers.truth.tolist() == [1, -1]
    assert answers.true_label(0) == "pos" and answers.true_label(1) is None


def test_answers_are_the_models_predictions(model: Classifier) -> None:
    texts = ["a good film", "dull and bad", "a delight"]
    answers = Answers.of(model, texts)
    expected = model.predict(texts)
    assert answers.probabilities == pytest.approx(expected[list(model.labels)].to_numpy())
    assert [model.labels[place] for place in answers.predicted] == expected["label"].tolist()
    assert answers.metrics() is None and not len(answers.labelled)


def test_metrics_count_what_has_a_known_label_and_drop_the_rest(model: Classifier) -> None:
    table = pd.DataFrame({"text": ["good", "bad", "story", ""], "label": ["pos", "neg", "meh", "pos"]})
    metrics = Answers.of(model, table).metrics()
    assert metrics is not None and metrics.rows == 2 and metrics.dropped == 2


def test_data_without_a_readable_text_is_refused(model: Classifier) -> None:
    with pytest.raises(
        ValueError, match="can read none of the 2 texts given, the first because it is empty; check the text column"
    ):
        Answers.of(model, pd.DataFrame({"text": ["", None]}))
    with pytest.raises(ValueError, match="holds the texts cannot be told from 'a', 'b'; name it with `text`"):
        Answers.of(model, pd.DataFrame({"a": ["good"], "b": ["bad"]}))
    assert Answers.of(model, pd.DataFrame({"review": ["good"]})).texts == ("good",)


def test_answers_leave_the_table_as_it_was(model: Classifier) -> None:
    table = pd.DataFrame({"text": ["good", None], "label": ["pos", "neg"]})
    Answers.of(model, table)
    assert table["text"].isna().tolist() == [False, True]
    assert np.array_equal(Answers.of(model, table).logits, model.logits(model.ids(["good"])))
