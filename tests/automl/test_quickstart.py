"""Quickstart guesses what a person would, says it, learns, compares itself, and refuses in a sentence."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import attribkit as ak
from attribkit.automl.findings import leaks, of_data
from attribkit.automl.guess import guess_columns
from attribkit.automl.intake import header_row, unfit
from attribkit.cli import main
from attribkit.data import Dataset

PROBLEMS = {
    "billing": "my invoice shows the wrong amount and the refund for the card is missing",
    "login": "the password reset mail never arrives and the account stays locked",
    "crash": "the app crashes with an error when a large file is opened",
}


def tickets(rows: int = 150, seed: int = 0) -> pd.DataFrame:
    """Support tickets that share words, with an id column."""
    random = np.random.default_rng(seed)
    labels = [list(PROBLEMS)[place] for place in random.integers(0, 3, rows)]
    texts = []
    for label in labels:
        words = PROBLEMS[label].split()
        texts.append(f"hello {' '.join(random.permutation(words)[:8])} on device {random.integers(1_000)} thanks")
    return pd.DataFrame({"ticket": [f"T-{n:05d}" for n in range(rows)], "what": texts, "kind": labels})


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    folder = tmp_path_factory.mktemp("quickstart")
    tickets().to_csv(folder / "tickets.csv", index=False)
    return ak.quickstart(folder / "tickets.csv", out=folder / "out", progress=False), folder


def test_it_learns_and_stands_beside_the_reference(result: tuple[Any, Path]) -> None:
    made, folder = result
    assert made.metrics.accuracy > 0.9 and made.reference.accuracy > 0.9
    assert made.metrics.rows == made.reference.rows == len(made.data.test)
    assert (folder / "out" / "report.html").is_file()
    loaded = ak.load(folder / "out" / "model")
    assert loaded.labels == ("billing", "crash", "login")
    assert "names the rows" in " ".join(made.guesses) and "in English" in " ".join(made.guesses)
    assert len(made.next_steps()) == 3 and made.next_steps()[0].startswith("attribkit explain")


def test_the_command_says_what_it_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tickets(60).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(SystemExit) as exit:
        main(["quickstart", str(tmp_path / "t.csv"), "--out", str(tmp_path / "out")])
    printed = capsys.readouterr().out
    assert not exit.value.code, printed
    for part in ("the texts are in 'what'", "TF-IDF", "accuracy", "attribkit serve"):
        assert part in printed


def test_columns_are_guessed_by_their_content_where_their_names_say_nothing() -> None:
    guess = guess_columns(tickets(), None, None, "t.csv")
    assert (guess.text, guess.label) == ("what", "kind")
    assert "'ticket' names the rows and is not read" in guess.sentences
    named = guess_columns(pd.DataFrame({"text": ["a b"] * 9, "label": ["x", "y", "z"] * 3}), None, None, "t")
    assert (named.text, named.label) == ("text", "label")
    with pytest.raises(ValueError, match=r"no column of t\.csv looks like labels: 'ticket' names the rows"):
        guess_columns(tickets()[["ticket", "what"]], None, None, "t.csv")
    with pytest.raises(ValueError, match="has no column 'txt'"):
        guess_columns(tickets(), "txt", None, "t.csv")


def test_a_word_that_names_the_label_is_found_and_an_honest_one_is_not() -> None:
    table = tickets().rename(columns={"what": "text", "kind": "label"})
    table.loc[table["label"] == "login", "text"] += " queueseven"
    assert [(label, word) for label, word, _ in leaks(table) if word == "queueseven"] == [("login", "queueseven")]
    honest = pd.DataFrame({"text": ["good film", "bad film"] * 30, "label": ["p", "n"] * 30})
    honest.loc[1::4, "text"] = "no good film"
    honest.loc[::4, "text"] = "not bad film"
    assert leaks(honest) == []


def test_duplicates_and_contradictions_are_counted() -> None:
    table = pd.DataFrame({"text": ["same words"] * 4 + [f"text {n}" for n in range(20)], "label": ["a", "b"] * 12})
    data = Dataset("d", table, table[:0], table[:0], "memory")
    sentences = " ".join(of_data(data))
    assert "1 texts stand in the data with different labels" in sentences and "3 of 24 rows repeat" in sentences


def test_a_first_line_of_data_is_no_header() -> None:
    assert header_row(["I really liked this film a lot", "pos"]) and header_row(["great", "1"])
    assert not header_row(["text", "label"]) and not header_row(["ticket id", "what happened to you today"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("I waited for two weeks and nothing came,bad\nall good and quick thanks,good\n", "looks like a row of data"),
        ("text\na\nb\n", "two columns are needed"),
        ("text,label\na b c,x\nd e f,y\ng h i,x\n", "at least 20 labelled rows are needed"),
        ("text,label\n" + "".join(f"some words {n},x\n" for n in range(30)), "at least two labels are needed"),
        ("text,label\n" + "".join(f"some words {n},topic {n}\n" for n in range(60)), "look like names of rows"),
    ],
)
def test_what_cannot_teach_is_refused_in_a_sentence(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "data.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(message)):
        ak.quickstart(path, progress=False)


def test_addresses_office_files_and_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="download it first"):
        ak.quickstart("https://example.org/data.csv")
    (tmp_path / "data.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(ValueError, match="xlsx"):
        ak.quickstart(tmp_path / "data.xlsx")
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "a.pdf").write_bytes(b"%PDF")
    with pytest.raises((ValueError, FileNotFoundError)):
        ak.quickstart(tmp_path / "papers")
    assert unfit(pd.DataFrame({"label": ["a", "b"] * 20})) is None
