"""Texts in every form that users have them, as tables; nothing is dropped, what was guessed is said."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from attribkit.data import load_dataset
from attribkit.data.label_cells import LabelFormat
from attribkit.data.text_tables import TextTables

TABLE = pd.DataFrame({"text": ["a film", "", "a show"], "label": ["pos", "pos", "pos"]})


def test_tables_are_read_as_the_source_cuts_them_even_with_one_class(tmp_path: Path) -> None:
    given = TextTables.of(TABLE)
    assert list(given.tables) == ["train"] and given.tables["train"]["text"].tolist() == ["a film", "", "a show"]
    assert (given.notes, given.source, given.listed) == ((), None, False)
    tables = TextTables.of({"train": TABLE, "test": TABLE.iloc[:1]}).tables
    assert tables["test"]["text"].tolist() == ["a film"] and len(tables["train"]) == 3
    with pytest.raises(FileNotFoundError, match="nowhere"):
        TextTables.of(tmp_path / "nowhere.csv")


def test_usual_columns_are_read_where_none_is_named() -> None:
    table = pd.DataFrame({"body": ["a film"], "mark": ["good"], "text": ["another"], "label": ["bad"]})
    for options, label, text in (
        ({"usual": ("body", "mark")}, "good", "a film"),
        ({"text": "text", "label": "label", "usual": ("body", "mark")}, "bad", "another"),
        ({"usual": ("body", "gone")}, "bad", "another"),
    ):
        (read,) = TextTables.of(table, **options).tables.values()
        assert (read["label"].tolist(), read["text"].tolist()) == ([label], [text])


def test_labels_are_named_as_in_training_and_unknown_ones_are_none() -> None:
    table = pd.DataFrame({"text": ["a"] * 4, "label": [1.0, None, 2.0, np.nan]})
    assert TextTables.of(table).tables["train"]["label"].tolist() == ["1", None, "2", None]
    spaced = pd.DataFrame({"text": ["a", "b"], "label": ["pos ", " "]})
    assert TextTables.of(spaced).tables["train"]["label"].tolist() == ["pos", None]


def test_an_only_other_column_holds_labels_where_the_model_knows_one_of_them() -> None:
    table = pd.DataFrame({"review": ["a film", "a show"], "mood": ["good", "odd"]})
    guessed = TextTables.of(table, labels=LabelFormat(known=("good", "bad")))
    assert guessed.tables["train"]["label"].tolist() == ["good", "odd"]
    assert guessed.notes == ("column 'review' was read as the text and column 'mood' as the label",)
    dated = TextTables.of(table.assign(mood=["Monday", "Friday"]), labels=LabelFormat(known=("good", "bad")))
    assert "label" not in dated.tables["train"] and "mood" in dated.tables["train"]
    assert dated.notes == ("column 'review' was read as the text",)


def test_a_file_is_read_row_by_row_and_halves_of_surrogates_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "bad \\ud800"}\n{"text": ""}\n{"text": "good"}\n', encoding="utf-8")
    given = TextTables.of(str(path))
    assert given.tables["train"]["text"].tolist() == ["bad \ufffd", "", "good"] and given.source == "x.jsonl"
    assert given.notes == ("replaced lone surrogates, which are no characters, by U+FFFD in 1 row",)


def test_a_column_stands_alone_or_beside_rationales() -> None:
    for columns in ({"title": ["a film"]}, {"title": ["a film"], "rationale": [[[0, 1]]]}):
        (read,) = TextTables.of(pd.DataFrame(columns)).tables.values()
        assert read["text"].tolist() == ["a film"] and "label" not in read


def test_another_column_of_a_data_set_can_be_named() -> None:
    rows = {"text": [f"film {n}" for n in range(20)], "label": ["a", "b"] * 10, "title": ["one", "two"] * 10}
    data = load_dataset(pd.DataFrame(rows), test=0.2)
    read = TextTables.of(data, text="title").tables["test"]
    assert set(read["text"]) == {"one", "two"} and set(read["other_text"]) == set(data.test["text"])


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), {}, "a table in memory holds the texts cannot be told from 'a', 'b'"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), {"text": "c"}, "has no column 'c', only 'a', 'b'; choose one of them"),
        (["a film"], {"text": "body"}, "`text` names a column, the data are texts without any; give a table"),
        (pd.Series(["a film"]), {"label": "y"}, "`label` names a column, the data are texts without any"),
        ({"text": ["a film"]}, {}, "tables must be named 'train', 'validation' and 'test', each once, got 'text'"),
        (np.array([["a", "b"]]), {}, r"an array of texts must have one dimension, got shape \(1, 2\)"),
        (b"a film", {}, "must be a Dataset, a table, a list of texts, or a data set's name or path, got bytes"),
        ({"a film"}, {}, r"got set; pass list\(…\) of the texts"),
        ((text for text in ["a"]), {}, "got generator"),
        ("demmo", {}, "did you mean 'demo'"),
    ],
)
def test_what_holds_no_texts_is_refused_in_a_sentence(given: Any, options: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TextTables.of(given, **options)  # type: ignore[arg-type]  # the mistake under test
