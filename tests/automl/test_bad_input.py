"""What quickstart cannot read is refused in one sentence that names the cure; what it can is read, and said."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from attribkit.automl.intake import read
from attribkit.cli import main
from attribkit.data import Dataset

TEXTS = {
    "billing": "my invoice is wrong again, please help me",
    "crash": "the app crashes when a large file is opened",
    "login": "nobody could log in to the account today",
}


def rows(count: int = 60) -> pd.DataFrame:
    labels = list(TEXTS)
    cells = [(f"{TEXTS[labels[n % 3]]} {n}", labels[n % 3]) for n in range(count)]
    return pd.DataFrame(cells, columns=["text", "label"])


def no_header(folder: Path) -> str:
    rows().to_csv(folder / "x.csv", index=False, header=False)
    return "x.csv"


def table(change: Callable[[pd.DataFrame], pd.DataFrame], count: int = 60) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        change(rows(count)).to_csv(folder / "x.csv", index=False)
        return "x.csv"

    return write


def file(name: str, content: bytes) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return name.split("/")[0]

    return write


def huge_cell(table: pd.DataFrame) -> pd.DataFrame:
    table.loc[7, "text"] = "word " * 2_000_000
    return table


REFUSED: dict[str, tuple[Callable[[Path], str], str]] = {
    "no header": (no_header, "the first line of x.csv looks like a row of data; begin the file with a line of names"),
    "one column": (table(lambda t: t[["text"]]), "two columns are needed, of texts and of labels; x.csv has only"),
    "3 rows": (
        table(lambda t: t, 3),
        "at least 20 labelled rows are needed to train and to measure, got 3; label more",
    ),
    "1 class": (table(lambda t: t.assign(label="x")), "the data has only ['x']; add texts of another one"),
    "5,000 classes of 4 rows": (
        table(lambda t: t.assign(label=[f"kind {n % 5_000}" for n in range(len(t))]), 20_000),
        "5,000 labels are more than the 1,000 that a report can show; join them to fewer, or train without a report",
    ),
    "5,000 classes of 2 rows": (
        table(lambda t: t.assign(label=[f"kind {n // 2}" for n in range(len(t))]), 10_000),
        "the labels look like names of rows: 5,000 different ones in 10,000 rows; name another column with `label`",
    ),
    "cells of 10 MB": (table(huge_cell), "has more than 1,000,000 characters; put a text into each cell, not a file"),
    "labels as fractions": (
        table(lambda t: t.assign(label=[n / 7 + 0.01 for n in range(len(t))])),
        "the labels are numbers with a fraction, such as 0.01; make classes of them, or predict the number by "
        "`attribkit train --task regression`",
    ),
    "an Excel file": (file("x.xlsx", b"PK\x03\x04"), "got 'x.xlsx'; save the sheet as CSV"),
    "PDFs": (
        file("papers/a.pdf", b"%PDF-1.4"),
        "it holds 'a.pdf'; write the text of each into a .txt file in a folder",
    ),
    "an address": (
        lambda folder: "https://example.org/x.csv",
        "a file or a folder on this machine is needed, got the address 'https://example.org/x.csv'; download it first",
    ),
    "nothing": (file("x.csv", b""), "'x.csv' is empty; it needs a first line of column names and rows below it"),
    "no rows": (table(lambda t: t[:0]), "at least 20 labelled rows are needed to train and to measure, got 0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_one_sentence_with_the_cure(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make, sentence = REFUSED[name]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit:
        main(["quickstart", make(tmp_path), "--out", "out"])
    printed = capsys.readouterr()
    assert exit.value.code == 2 and not printed.out and not (tmp_path / "out").exists()
    words = " ".join(printed.err.split())
    assert words.startswith("error: ") and sentence in words and "Traceback" not in words


def taken(data: Path) -> tuple[Dataset, str]:
    said: list[str] = []
    return read(data, None, None, 0, None, lambda *sentences: said.extend(sentences)), " ".join(said)


def test_folders_of_splits_and_labels_with_files_of_no_suffix_are_taken(tmp_path: Path) -> None:
    for split, count in (("train", 60), ("test", 30)):
        for number, (text, label) in enumerate(rows(count).itertuples(index=False)):
            folder = tmp_path / "news" / split / label
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{split}{number}").write_text(f"{split} {text}", encoding="utf-8")
    (tmp_path / "news" / "train" / "login" / "picture.png").write_bytes(b"\x89PNG")
    data, said = taken(tmp_path / "news")
    assert (len(data.train) + len(data.validation), len(data.test)) == (60, 30)
    assert data.test["text"].str.startswith("test ").all() and data.labels == ("billing", "crash", "login")
    assert "3 labels; the texts are in English" in said


def test_latin_1_is_taken_and_said(tmp_path: Path) -> None:
    table = rows()
    table["text"] = table["text"].str.replace("file", "café")
    (tmp_path / "x.csv").write_bytes(table.to_csv(index=False).encode("latin-1"))
    data, said = taken(tmp_path / "x.csv")
    assert data.train["text"].str.contains("café").any()
    assert "was read as Windows-1252" in said and "`encoding`" in said


def test_whole_numbers_written_with_a_point_are_classes(tmp_path: Path) -> None:
    rows().assign(label=[f"{n % 3}.0" for n in range(60)]).to_csv(tmp_path / "x.csv", index=False)
    assert taken(tmp_path / "x.csv")[0].labels == ("0.0", "1.0", "2.0")
