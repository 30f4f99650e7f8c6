"""Columns of labels: one, several as lists or with a separator, or numbers."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import attribkit as ak
from attribkit.data.label_cells import strata
from attribkit.errors import InputError

ROWS = 40
NAMES = [["a", "b"], ["b"], [], ["c", "a"]] * (ROWS // 4)
TEXTS = [f"sentence number {number}" for number in range(ROWS)]


def lists() -> pd.DataFrame:
    return pd.DataFrame({"text": TEXTS, "label": NAMES})


def written(folder: Path, kind: str) -> Path:
    path = folder / f"rows.{kind}"
    if kind == "jsonl":
        lines = (json.dumps({"text": text, "label": label}) for text, label in zip(TEXTS, NAMES, strict=True))
        path.write_text("\n".join(lines))
    elif kind == "parquet":
        lists().to_parquet(path)
    else:
        lists().assign(label=[" | ".join(names) for names in NAMES]).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "csv", "table", "arrays", "tuples"])
def test_several_labels_are_read_from_every_form(tmp_path: Path, kind: str) -> None:
    if kind in ("table", "arrays", "tuples"):
        make: Any = {"table": list, "arrays": np.array, "tuples": tuple}[kind]
        data = ak.load_dataset(lists().assign(label=[make(names) for names in NAMES]), task="multilabel")
    else:
        options = {"label_separator": "|"} if kind == "csv" else {"task": "multilabel"}
        data = ak.load_dataset(written(tmp_path, kind), **options)  # type: ignore[arg-type]
    assert data.task == "multilabel" and data.labels == ("a", "b", "c")
    rows = data.to_frame().set_index("text")["label"].to_dict()
    assert rows == {text: tuple(names) for text, names in zip(TEXTS, NAMES, strict=True)}
    assert "None of the labels holds for 10 rows." in data.notes
    counts = data.counts()
    assert counts.groupby("label")["rows"].sum().to_dict() == {"a": 20, "b": 20, "c": 10}
    assert data.settings["label_separator"] == ("|" if kind == "csv" else None)
    (table,) = data.panels()
    assert [row[0] for row in table.rows] == ["a", "b", "c"]


def test_integers_keep_their_order_among_several(tmp_path: Path) -> None:
    data = ak.load_dataset(lists().assign(label=[[2, 10], [10], [], [9]] * 10), task="multilabel")
    assert data.labels == ("2", "9", "10")


def test_a_sample_and_the_splits_hold_every_label_in_proportion() -> None:
    table = pd.DataFrame(
        {
            "text": [f"text {n}" for n in range(300)],
            "label": [["often", "rare"] if n % 10 == 0 else ["often"] for n in range(300)],
        }
    )
    data = ak.load_dataset(table, task="multilabel")
    for split, rows in (("train", 210), ("validation", 30), ("test", 60)):
        counts = Counter(name for names in getattr(data, split)["label"] for name in names)
        assert counts["often"] == rows and abs(counts["rare"] - rows / 10) <= 1
    small = data.sample(100).train
    assert len(small) == 100 and sum("rare" in names for names in small["label"]) == 10


def test_numbers_are_read_from_every_form(tmp_path: Path) -> None:
    values = [0.5 + number for number in range(ROWS)]
    table = pd.DataFrame({"text": TEXTS, "stars": values})
    table.to_csv(tmp_path / "rows.csv", index=False)
    for source in (table, table.assign(stars=table["stars"].astype(str)), tmp_path / "rows.csv"):
        data = ak.load_dataset(source, label="stars", task="regression")
        assert data.labels == ("stars",) and data.task == "regression"
        assert data.to_frame().set_index("text")["label"].to_dict() == dict(zip(TEXTS, values, strict=True))
        (spread,) = data.panels()
        assert [row[:2] for row in spread.rows] == [("train", 28), ("validation", 4), ("test", 8)]
    # each tenth of the numbers falls to the splits in proportion
    assert data.test["label"].between(values[0], values[19]).sum() in (3, 4, 5)


def test_whole_numbers_can_be_predicted_too() -> None:
    data = ak.load_dataset(pd.DataFrame({"text": TEXTS, "label": [1, 2, 3, 4] * 10}), task="regression")
    assert data.labels == ("value",) and data.train["label"].dtype == float


def test_fractions_without_a_task_say_the_cure() -> None:
    table = pd.DataFrame({"text": TEXTS, "stars": [number / 7 for number in range(ROWS)]})
    with pytest.raises(
        InputError,
        match="the labels of a table in memory are 34 different numbers with a fraction; give task='regression'",
    ):
        ak.load_dataset(table, label="stars")
    few = ak.load_dataset(table.assign(stars=[0.5, 1.5] * 20), label="stars")
    assert few.labels == ("0.5", "1.5")
    with pytest.raises(InputError, match="give task='regression'"):
        ak.load_dataset(table.astype(str), label="stars")


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (lists(), {}, "labels must be strings or numbers, .*; give task='multilabel' for lists of labels"),
        (lists().assign(label="a|b"), {"task": "multilabel"}, "say what parts them with label_separator='\\|'"),
        (lists().assign(label="a|b"), {"task": "multiclass", "label_separator": "|"}, "leave it out, or give task="),
        (lists().assign(label="a|b"), {"label_separator": ""}, "`label_separator` is what stands between"),
        (lists().assign(label="x"), {"task": "regression"}, "finite numbers, but row 0 .* holds 'x'"),
        (lists().assign(label=[[]] * ROWS), {"task": "multilabel"}, "no row to train on .* has a label"),
        (lists().assign(label=1.5), {"task": "regression"}, "every row to train on .* has 1.5"),
        (lists(), {"task": "labels"}, "`task` must be one of multiclass, multilabel, regression"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_sentence(table: pd.DataFrame, options: dict[str, str], message: str) -> None:
    with pytest.raises((InputError, TypeError), match=message):
        ak.load_dataset(table, **options)  # type: ignore[arg-type]


def test_a_label_that_training_never_sees_is_noted() -> None:
    other = lists().assign(label=[["new"]] * ROWS)
    data = ak.load_dataset({"train": lists(), "test": other}, task="multilabel")
    assert any("The test table has labels that training never sees: 'new'" in note for note in data.notes)


def test_rows_are_drawn_by_their_rarest_label_and_numbers_by_their_tenths() -> None:
    assert strata([("a", "b"), ("a",), (), ("b", "a", "c"), ("a",)], "multilabel") == ["b", "a", "", "c", "a"]
    tenths = strata([float(number) for number in range(100)], "regression")
    assert set(Counter(tenths).values()) == {10}
    assert strata(["x", "y"], "multiclass") == ["x", "y"]
