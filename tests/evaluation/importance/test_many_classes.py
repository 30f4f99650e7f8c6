"""With more than two classes a word counts for a class where the model gives it, not wherever another class suffers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lexicon import votes
from topics import topics

import attribkit as ak
from attribkit.evaluation.importance import WordImportance, word_importance
from attribkit.models.classifier import Classifier
from attribkit.reports.global_importance import importance_section

LABELS = ("a", "b", "c")
WORDS = {"ann": (4.0, 0.0, 0.0), "ben": (0.0, 4.0, 0.0), "cat": (0.0, 0.0, 4.0), "less": (-2.0, 0.0, 0.0)}


@pytest.fixture(scope="module")
def trained() -> tuple[Classifier, pd.DataFrame, Mapping[str, set[str]]]:
    table, words_of = topics()
    data = ak.load_dataset(table, validation=0.1, test=0.1)
    sizes: dict[str, Any] = {"embedding_size": 16, "filters": 32, "widths": (1, 2), "learning_rate": 0.01, "epochs": 15}
    return ak.train("cnn", data, device="cpu", progress=False, **sizes), table, words_of


@pytest.fixture(scope="module")
def found() -> WordImportance:
    texts = ["ann ann less", "ann ann less", "ann ann ann", "ben", "ben less", "cat"]
    return word_importance(votes(WORDS, LABELS), texts, least=1, replicates=20)


def test_the_first_words_of_a_topic_are_its_own(
    trained: tuple[Classifier, pd.DataFrame, Mapping[str, set[str]]],
) -> None:
    model, table, words_of = trained
    assert ak.evaluate(model, table, split="all").accuracy > 0.8
    found = word_importance(model, table, split="all", replicates=100)
    first, against = 0, []
    for label, own in words_of.items():
        rows = found.words[found.words["label"] == label]
        words, foreign = rows[rows["low"] > 0]["word"].head(15), set().union(*words_of.values()) - own
        assert len(words) == 15 and not foreign & set(words), label
        first += len(own & set(words))
        against += [word in own for word in rows[rows["high"] < 0]["word"]]
    assert first > 0.95 * 300  # the rest are words that belong to no topic
    assert against and np.mean(against) < 0.05


def test_one_sided_words_of_a_topic_are_of_its_own_side(
    trained: tuple[Classifier, pd.DataFrame, Mapping[str, set[str]]],
) -> None:
    model, table, words_of = trained
    rows = word_importance(model, table, split="all", replicates=50, train=table).to_frame("one_sided")
    speak_for = rows[rows["score"] > 0]
    assert len(speak_for) > 100 and (speak_for["inside"] > 0).all()
    assert all(row.word in words_of[row.label] for row in speak_for.itertuples())
    others = len(table) * 19 / 20
    assert (rows[rows["score"] < 0]["outside"] / others > rows[rows["score"] < 0]["inside"] / (len(table) / 20)).all()


def test_a_word_that_demotes_the_leading_class_counts_for_no_other(found: WordImportance) -> None:
    rows = {(row.label, row.word): row for row in found.words.itertuples()}
    assert found.counted == {"a": 3, "b": 2, "c": 1}
    assert rows["a", "less"].high < 0 and rows["a", "less"].occurrences == 2
    assert ("c", "less") not in rows
    # where b leads, a is one of those that it stands against: log Σ of their odds falls from log 2 to log (1 + e⁻²)
    assert rows["b", "less"].score == pytest.approx(np.log(2) - np.log1p(np.exp(-2)), abs=1e-3)
    assert {word for label, word in rows if label == "c"} == {"cat"}


def test_words_against_a_class_have_a_table_and_the_rule_is_said(found: WordImportance) -> None:
    tables = {panel.title: panel for panel in found.panels()}
    assert [row[0] for row in tables["Words that speak against “a”"].rows] == ["less"]
    rule = "a word counts for a class in the texts that the model gives that class, for it and against it"
    assert rule in found.panels()[0].notes
    assert "in the texts that the model gives that class" in " ".join(importance_section(found, 5).sentences)


def test_a_class_that_no_text_is_given_is_named() -> None:
    found = word_importance(votes(WORDS, LABELS), ["ann", "ben ben"], least=1, replicates=5)
    assert found.counted["c"] == 0 and set(found.words["label"]) == {"a", "b"}
    assert "no text is given “c”, so nothing is counted of that" in found.notes
    assert "No text is given “c”, so nothing is counted of that." in importance_section(found, 5).sentences
    assert not [panel for panel in found.panels() if "“c”" in panel.title]


def test_one_sided_words_speak_for_the_side_that_has_them() -> None:
    model = votes(WORDS, LABELS)
    # "ben" speaks for b, but the training texts that hold it are all of c
    train = pd.DataFrame({"text": ["ann", "ann", "ben cat", "ben cat", "cat"], "label": ["a", "a", "c", "c", "b"]})
    rows = word_importance(model, ["ann", "ben", "cat", "ann ann less"], least=1, replicates=5, train=train).one_sided
    assert rows is not None and set(zip(rows["label"], rows["word"], strict=True)) == {("a", "ann")}


def test_two_classes_count_every_text_for_both() -> None:
    model = votes({"good": (0.0, 2.0), "bad": (1.0, 0.0)}, ("neg", "pos"))
    found = word_importance(model, ["good bad", "bad", "good"], least=1, replicates=5)
    assert found.counted == {"neg": 3, "pos": 3}
    scores = {(row.label, row.word): row.score for row in found.words.itertuples()}
    expected = {("neg", "good"): -2, ("pos", "good"): 2, ("neg", "bad"): 1, ("pos", "bad"): -1}
    assert scores.keys() == expected.keys()
    assert all(np.isclose(scores[key], value) for key, value in expected.items())
    assert not [panel for panel in found.panels() if "against “" in panel.title and "speak" in panel.title]
