"""Quickstart guesses what a person would, says it, learns, compares itself, and refuses in a sentence."""

import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import attribkit as ak
from attribkit.automl import run
from attribkit.automl.findings import leaks, of_data, of_model
from attribkit.automl.guess import guess_columns
from attribkit.cli import main
from attribkit.data import Dataset
from attribkit.data.columns import row_of_data
from attribkit.evaluation.metrics import Metrics
from attribkit.training.defaults import Defaults

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
    return ak.quickstart(folder / "tickets.csv", out=folder / "out of it", progress=False), folder


def test_it_learns_and_stands_beside_the_reference(result: tuple[Any, Path]) -> None:
    made, folder = result
    assert made.metrics.accuracy > 0.9 and made.reference.accuracy > 0.9
    assert made.metrics.rows == made.reference.rows == len(made.data.test)
    assert (folder / "out of it" / "report.html").is_file()
    loaded = ak.load(folder / "out of it" / "model")
    assert loaded.labels == ("billing", "crash", "login")
    assert "names the rows" in " ".join(made.guesses) and "in English" in " ".join(made.guesses)


def test_each_of_the_three_next_commands_works_as_it_is_typed(
    result: tuple[Any, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    made, folder = result
    explain, serve, words = (shlex.split(command) for command in made.next_steps())
    for command in (explain, words):
        with pytest.raises(SystemExit) as exit:
            main(command[1:])
        assert not exit.value.code, capsys.readouterr()
    assert (folder / "out of it" / "words.html").is_file()
    assert words[3:6] == [str(folder / "tickets.csv"), "--text", "what"]
    served = [sys.executable, "-m", *serve, "--port", "0"]
    with subprocess.Popen(served, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert any("http://127.0.0.1:" in line for line in process.stdout)
        finally:
            process.terminate()
    in_memory = replace(made, arguments=()).next_steps()
    assert len(in_memory) == 3 and in_memory[2].endswith("why.html'")


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


def test_a_list_in_a_cell_or_half_a_surrogate_pair_is_looked_at_like_a_string() -> None:
    listed = tickets().assign(tags=[["a", str(number % 2)] for number in range(150)])
    listed["what"] = listed["what"].astype(object)
    listed.loc[3, "what"] += "\ud800"  # which JSON can spell, and pandas' own strings cannot
    guess = guess_columns(listed[["ticket", "what", "tags"]], None, None, "t.jsonl")
    assert (guess.text, guess.label) == ("what", "tags")


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
    assert "1 text stands in the data with different labels" in sentences and "3 of 24 rows repeat" in sentences


def test_a_first_line_of_data_is_no_header() -> None:
    assert row_of_data(["I really liked this film a lot", "pos"]) and row_of_data(["great", "1"])
    assert not row_of_data(["text", "label"]) and not row_of_data(["ticket id", "what happened to you today"])


def measured(*rows: list[int]) -> Metrics:
    return Metrics(("neg", "pos"), np.array(rows))


def planted(texts: list[str]) -> Dataset:
    table = pd.DataFrame({"text": texts, "label": ["neg", "pos"] * (len(texts) // 2)})
    return Dataset("d", table, table[:0], table, "memory")


@pytest.mark.parametrize(
    ("metrics", "reference", "texts", "sentences"),
    [
        (measured([9, 1], [1, 9]), measured([9, 1], [1, 9]), ["a good film", "a bad film"], []),
        (
            measured([6, 4], [6, 4]),
            measured([6, 4], [6, 4]),
            ["a good film", "a bad film"],
            ["accuracy 0.500 is no better than always saying the commonest label (0.500)"],
        ),
        (
            measured([10, 0], [3, 0]),
            measured([10, 0], [3, 0]),
            ["a good film", "a bad film"],
            ["accuracy 0.769 is no better", "never found: 'pos'; label more texts of it, or join it with another"],
        ),
        (
            measured([8, 2], [2, 8]),
            measured([10, 0], [0, 10]),
            ["a good film", "a bad film"],
            ["TF-IDF with logistic regression is better (1.000 against 0.800): take it, or train on more texts"],
        ),
        (
            measured([9, 1], [1, 9]),
            measured([9, 1], [1, 9]),
            ["a good film " * 2_000, "a bad film"],
            ["50 % of the texts are longer than the model reads; raise max_length"],
        ),
        (
            measured([9, 1], [1, 9]),
            measured([9, 1], [1, 9]),
            ["qwx zzyx film", "xyxy a film"],
            ["50 % of the words of new texts are unknown; word vectors or more texts help"],
        ),
    ],
)
def test_what_is_wrong_with_a_model_is_said_and_nothing_else(
    metrics: Metrics, reference: Metrics, texts: list[str], sentences: list[str]
) -> None:
    warnings = of_model(ak.load("imdb-cnn"), planted(texts), metrics, reference)
    assert len(warnings) == len(sentences)
    for warning, sentence in zip(warnings, sentences, strict=True):
        assert sentence in warning


def test_a_header_that_names_the_class_is_found() -> None:
    table = tickets().rename(columns={"what": "text", "kind": "label"})
    table["text"] = "Newsgroups: comp." + table["label"] + "\n\n" + table["text"]
    assert {label: word for label, word, _ in leaks(table)} == {label: label for label in PROBLEMS}


def test_a_training_whose_last_epoch_was_the_best_goes_on_for_longer_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def short(*_: Any, **__: Any) -> Defaults:
        return Defaults({"epochs": 2, "filters": 4, "embedding_size": 6, "min_frequency": 1, "learning_rate": 1e-4}, ())

    def counted(*given: Any, **options: Any) -> ak.Classifier:
        asked.append(options["epochs"])
        return ak.train(*given, **options)

    monkeypatch.setattr(run, "defaults", short)
    monkeypatch.setattr(run, "train", counted)
    monkeypatch.setattr(run, "_MOST_EPOCHS", 8)
    made = ak.quickstart(tickets(40), progress=False)
    assert asked == [2, 4, 8]
    assert "the last of 4 epochs was still the best: trained anew, for at most 8" in made.guesses
    assert "trained for 8 epochs" in " ".join(made.guesses)


def test_vectors_are_used_and_their_coverage_is_said(tmp_path: Path) -> None:
    words = sorted({word for problem in PROBLEMS.values() for word in problem.split()})[::2]
    lines = [
        f"{word} " + " ".join(f"{(number * place) % 7 / 7:.2f}" for place in range(8))
        for number, word in enumerate(words)
    ]
    (tmp_path / "v.txt").write_text("\n".join(lines), encoding="utf-8")
    made = ak.quickstart(tickets(60), vectors=tmp_path / "v.txt", progress=False)
    assert made.model.network.settings.embedding_size == 8 and made.model.provenance["training"]["freeze_epochs"] == 2
    vectors = made.model.provenance["vectors"]
    share = f"v.txt has {100 * vectors['share_of_vocabulary']:.0f} % of the vocabulary and "
    assert share in " ".join(made.guesses) and 0 < vectors["share_of_vocabulary"] < 1
