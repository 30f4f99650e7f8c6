"""Kinds of mistakes, what they share, and the smallest edit: each against a model whose words are known."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lexicon import lexicon

import attribkit as ak
from attribkit.evaluation.answers import Answers
from attribkit.evaluation.deletion import without_tokens
from attribkit.evaluation.errors import explained_mistakes
from attribkit.evaluation.failures import (
    confused_cells,
    edits_table,
    kinds_of_mistakes,
    kinds_table,
    smallest_edit,
)
from attribkit.evaluation.failures.kinds import (
    CLOSE_CALL,
    CONFIDENT,
    CUT,
    MISLABELLED,
    OTHER,
    RARE_LABEL,
    UNKNOWN_WORDS,
)
from attribkit.models.classifier import Classifier
from attribkit.text.settings import TextSettings
from attribkit.text.tokenizer import Tokenizer

WEIGHTS = {"good": 2.0, "great": 1.0, "fine": 0.05, "bad": -2.0, "dull": -1.0, "film": 0.0, "the": 0.0}


def edit_of(model: Classifier, text: str) -> object:
    why = ak.explain(model, text, views="attribution")
    return smallest_edit(model, text, why.token_scores)


def test_one_word_is_named_where_one_is_enough() -> None:
    model = lexicon(WEIGHTS)
    edit = edit_of(model, "the good film dull")
    assert edit is not None and edit.words == ("good",) and edit.label == model.labels[0]  # type: ignore[attr-defined]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(sorted(WEIGHTS)), min_size=1, max_size=7))
def test_no_part_of_an_edit_is_enough_and_a_single_word_is_found_whenever_one_exists(words: list[str]) -> None:
    model = lexicon(WEIGHTS)
    text = " ".join(words)
    own = ak.explain(model, text, views="attribution")
    edit = smallest_edit(model, text, own.token_scores)

    def answer(kept: list[str]) -> str | None:
        return ak.explain(model, " ".join(kept), views="attribution").label if kept else None

    singles = [i for i in range(len(words)) if answer(words[:i] + words[i + 1 :]) not in (None, own.label)]
    if edit is None:
        assert not singles
        return
    assert (len(edit.words) == 1) == bool(singles)
    left = list(words)
    for word in edit.words:
        left.remove(word)
    assert answer(left) == edit.label != own.label
    for part in combinations(edit.words, len(edit.words) - 1):
        fewer = list(words)
        for word in part:
            fewer.remove(word)
        assert answer(fewer) == own.label


def test_an_answer_that_no_deletion_changes_has_no_edit() -> None:
    model = lexicon({"good": 2.0, "film": 1.0})
    assert edit_of(model, "good good film") is None
    assert edit_of(model, "good") is None


def test_a_text_without_tokens_keeps_what_lies_before_the_first() -> None:
    starts = np.array([2, 6, 11])
    assert without_tokens("> The good film!", starts, np.array([False, True, False])) == "> The film!"
    assert without_tokens("> The good film!", starts, np.array([True, True, True])) == "> "


def test_a_label_is_not_doubted_where_a_sure_model_is_often_wrong() -> None:
    model = lexicon(WEIGHTS)
    negative, positive = model.labels
    sure = "the good great good film film"
    for right, kind in ((5, CONFIDENT), (6, MISLABELLED)):
        rows = [(sure, negative), *[(sure, positive)] * right, *[("the bad film", negative)] * 6]
        answers = Answers.of(model, pd.DataFrame(rows, columns=["text", "label"]), split="all")
        assert kinds_of_mistakes(model, answers)[0] == [kind]


def test_each_mistake_gets_the_first_kind_that_fits() -> None:
    model = lexicon(WEIGHTS)
    negative, positive = model.labels
    rows = [
        ("xx yy zz good", negative),  # unknown words
        ("the good great good film film", negative),  # sure: probably mislabelled
        ("the fine film", negative),  # nearly equal
        ("the great film", negative),  # none of them
        *[("the bad film", negative)] * 6,
        *[("the good film", positive)] * 6,
        *[("the good great good film film", positive)] * 10,  # where it is sure it is right
    ]
    answers = Answers.of(model, pd.DataFrame(rows, columns=["text", "label"]), split="all")
    kinds, places = kinds_of_mistakes(model, answers)
    assert places.tolist() == [0, 1, 2, 3]
    assert kinds == [UNKNOWN_WORDS, MISLABELLED, CLOSE_CALL, OTHER]
    table = kinds_table(kinds, answers)
    assert [row[1] for row in table.rows] == [1, 1, 1, 1] and all(row[3] for row in table.rows)


def test_rare_labels_and_cut_texts_are_told_apart() -> None:
    model = lexicon(WEIGHTS)
    negative, positive = model.labels
    rows = [("the great film", negative), *[("the good film", positive)] * 12]
    answers = Answers.of(model, pd.DataFrame(rows, columns=["text", "label"]), split="all")
    assert kinds_of_mistakes(model, answers)[0] == [RARE_LABEL]
    vocabulary = {"[PAD]": 0, "[UNK]": 1} | {word: number for number, word in enumerate(WEIGHTS, 2)}
    short = Classifier(model.network, Tokenizer.of(vocabulary, TextSettings(max_length=3)), model.labels)
    table = pd.DataFrame([("the great film bad bad", negative)], columns=["text", "label"])
    assert kinds_of_mistakes(short, Answers.of(short, table, split="all"))[0] == [CUT]


def test_cells_say_how_often_and_which_words_are_shared() -> None:
    model = lexicon(WEIGHTS)
    negative, positive = model.labels
    rows = [("good film", negative), ("the good great film", negative), ("great", negative), ("bad", positive)]
    answers = Answers.of(model, pd.DataFrame(rows, columns=["text", "label"]), split="all")
    table = confused_cells(answers, explained_mistakes(model, answers, 10), kinds_of_mistakes(model, answers)[0])
    assert [row[:3] for row in table.rows] == [(negative, positive, 3), (positive, negative, 1)]
    assert table.rows[0][4] == "good, great" and table.rows[1][4] is None
    assert table.rows[0][5] == "other (2 of 3): read what spoke for the answer, below"


def test_the_table_of_edits_says_where_none_is_found() -> None:
    model = lexicon(WEIGHTS)
    texts = ["the good film dull", "good good"]
    whys = [ak.explain(model, text, views="attribution", true_label=model.labels[0]) for text in texts]
    table = edits_table([(why, smallest_edit(model, why.text, why.token_scores)) for why in whys])
    assert table.rows[0][1:4] == (model.labels[0], model.labels[1], "good")
    assert table.rows[1][3] == "no 20 words are enough" and table.rows[1][4] is None


@pytest.mark.parametrize("name", ["imdb-attention-rnn"])
def test_a_bundled_model_changes_its_answer_as_the_edit_says(name: str) -> None:
    model = ak.load(name)
    why = ak.explain(model, "A dull story, but the cast is wonderful and great.", views="attribution")
    edit = smallest_edit(model, why.text, why.token_scores)
    assert edit is not None and edit.label != why.label and len(edit.words) <= 3
