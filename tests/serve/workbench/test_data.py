"""The questions about the rows: slices, their order and figures, words, the map, notes."""

import csv
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from serve.conftest import Serve
from serve.workbench.conftest import wait_until_answered

import attribkit as ak
from attribkit.errors import InputError
from attribkit.evaluation.answers import Answers
from attribkit.models.classifier import Classifier
from attribkit.serve.limits import Limits
from attribkit.serve.served_model import ServedModel
from attribkit.serve.workbench.answers import ModelAnswers
from attribkit.serve.workbench.rows import DataRows
from attribkit.serve.workbench.slices import inside_polygon


@pytest.fixture(scope="module")
def expected(bundled: list[Classifier]) -> Answers:
    return Answers.of(bundled[0], "demo")


def ask(address: str, path: str, body: Any, status: int = 200) -> Any:
    answer = requests.post(f"{address}/data/{path}", json=body, timeout=60)
    assert answer.status_code == status, answer.text
    return answer.json()


def sliced(address: str, **slice: Any) -> Any:
    return ask(address, "slice", {"slice": slice})


def test_the_rows_are_those_that_evaluate_measures_with_its_predictions(bench: str, expected: Answers) -> None:
    card = requests.get(f"{bench}/data", timeout=60).json()
    assert card["rows"] == len(expected.texts) and card["source"] == "the test split of demo"
    assert card["labels"] == ["neg", "pos"] and card["labelled"] and "construction" in card["columns"]
    assert [model["name"] for model in card["models"]] == ["imdb-cnn", "imdb-attention-rnn"]
    first = list(range(200))
    listed = ask(bench, "rows", {"rows": first, "model": "imdb-cnn"})["rows"]
    assert [row["number"] for row in listed] == expected.rows[:200].tolist()
    assert [row["predicted"] for row in listed] == [("neg", "pos")[k] for k in expected.predicted[:200]]
    assert [row["confidence"] for row in listed] == pytest.approx(expected.confidence[:200], abs=1e-4)
    whole = requests.get(f"{bench}/data/rows/7", timeout=60).json()
    assert whole["text"] == expected.texts[7] and set(whole["predicted"]) == {"imdb-cnn", "imdb-attention-rnn"}


def test_a_slice_has_the_rows_figures_and_matrix_of_its_conditions(bench: str, expected: Answers) -> None:
    metrics = expected.metrics()
    assert metrics is not None
    every = sliced(bench)
    assert every["rows"] == list(range(len(expected.texts))) and every["matrix"] == metrics.confusion.tolist()
    assert every["inside"]["accuracy"] == pytest.approx(metrics.accuracy)
    assert every["inside"]["macro_f1"] == pytest.approx(metrics.macro["f1"])
    assert every["rest"] == {"texts": 0, "labelled": 0, "accuracy": None, "macro_f1": None, "confidence": None}
    cell = sliced(bench, label="pos", predicted="neg")
    assert cell["rows"] == np.flatnonzero((expected.truth == 1) & (expected.predicted == 0)).tolist()
    assert cell["matrix"] == every["matrix"]  # whatever cell is picked, or there would be no other to pick
    wrong = sliced(bench, outcome="wrong", least=0.9)
    assert (
        wrong["rows"] == np.flatnonzero((expected.truth != expected.predicted) & (expected.confidence >= 0.9)).tolist()
    )
    assert wrong["inside"]["accuracy"] == 0 and wrong["inside"]["texts"] + wrong["rest"]["texts"] == len(expected.texts)
    found = sliced(bench, search="DISAPPOINT")["rows"]
    assert found == [k for k, text in enumerate(expected.texts) if "disappoint" in text.lower()]
    held = sliced(bench, word="disappointing")["rows"]
    assert held and set(held) <= set(found)
    assert sliced(bench, rows=[5, 3, 10**6])["rows"] == [3, 5]


def test_rows_come_in_the_order_asked_for(bench: str, expected: Answers) -> None:
    def ordered(by: str, descending: bool, **slice: Any) -> list[int]:
        rows: list[int] = ask(bench, "slice", {"slice": slice, "sort": by, "descending": descending})["rows"]
        return rows

    sure = ordered("confidence", True)
    assert sorted(sure) == list(range(len(sure)))
    assert (np.diff(expected.confidence[sure]) <= 1e-6).all()
    lengths = [len(expected.texts[row]) for row in ordered("length", False)]
    assert lengths == sorted(lengths)
    for by in ("label", "predicted", "row"):
        assert sorted(ordered(by, True)) == sorted(sure)
    apart = ordered("difference", True, other="imdb-attention-rnn", outcome="differ")
    assert len(apart) > 5
    ask(bench, "slice", {"sort": "difference"}, 422)


def test_two_models_part_where_their_labels_differ(bench: str, bundled: list[Classifier], expected: Answers) -> None:
    other = Answers.of(bundled[1], "demo")
    part = sliced(bench, other="imdb-attention-rnn", outcome="differ")
    assert part["rows"] == np.flatnonzero(expected.predicted != other.predicted).tolist()
    counts = np.zeros((2, 2), dtype=int)
    np.add.at(counts, (other.predicted, expected.predicted), 1)
    assert part["matrix"] == counts.tolist()
    corner = sliced(bench, other="imdb-attention-rnn", other_predicted="pos", predicted="neg")
    assert len(corner["rows"]) == counts[1, 0]
    listed = ask(bench, "rows", {"rows": part["rows"][:5], "other": "imdb-attention-rnn"})["rows"]
    assert all(row["other"] != row["predicted"] for row in listed)
    for wrong in ({"outcome": "differ"}, {"other": "imdb-cnn"}, {"other_predicted": "pos"}):
        assert "error" in ask(bench, "slice", {"slice": wrong}, 422)


def words(address: str, **slice: Any) -> list[dict[str, Any]]:
    with requests.post(f"{address}/data/words", json={"slice": slice}, stream=True, timeout=60) as answer:
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.iter_lines()]


def test_words_of_a_slice_are_streamed_and_are_the_means_of_its_scores(bench: str, bundled: list[Classifier]) -> None:
    found = words(bench)
    assert [line["explained"] for line in found] == [250, 400] and found[0]["wanted"] == 400
    (some,) = words(bench, outcome="wrong", least=0.95)
    rows = sliced(bench, outcome="wrong", least=0.95)["rows"]
    demo = DataRows.of(bundled[:1], "demo").texts
    why = ak.explain(bundled[0], [demo[row] for row in rows], target="pos", views="attribution", progress=False)
    scores: dict[str, list[float]] = {}
    texts: dict[str, set[int]] = {}
    for place, row in enumerate(why):
        for token, score in zip(row.token_scores.tokens, row.token_scores.scores, strict=True):
            scores.setdefault(token, []).append(score)
            texts.setdefault(token, set()).add(place)
    assert some["strongest"] and some["texts"] == len(rows)
    for word in some["strongest"]:
        assert word["score"] == pytest.approx(np.mean(scores[word["word"]]), rel=1e-4)
        assert word["inside"] == len(texts[word["word"]])
    sums = [abs(sum(scores[word["word"]])) for word in some["strongest"]]
    assert sums == sorted(sums, reverse=True)
    negations = words(bench, search="n't")[-1]["frequent"]
    assert {word["word"]: word["outside"] for word in negations[:4]}["n't"] == 0
    assert words(bench, search="no such words anywhere") == [
        {"explained": 0, "wanted": 0, "texts": 0, "target": "pos", "strongest": [], "frequent": []}
    ]


def test_the_map_places_every_row_and_a_lasso_chooses_those_inside(bench: str) -> None:
    drawn = requests.get(f"{bench}/data/map/imdb-cnn", timeout=60).json()
    points = np.array([drawn["x"], drawn["y"]]).T
    assert points.shape == (400, 2) and set(drawn["predicted"]) == {0, 1}
    middle = np.median(points[:, 0])
    box = [[float(middle), -1e6], [1e6, -1e6], [1e6, 1e6], [float(middle), 1e6]]
    assert sliced(bench, lasso=box)["rows"] == np.flatnonzero(points[:, 0] > middle).tolist()
    text = requests.get(f"{bench}/data/rows/3", timeout=60).json()["text"]
    placed = ask(bench, "place", {"text": text})
    assert [placed["x"], placed["y"]] == pytest.approx(points[3], abs=2e-3)


@given(st.lists(st.tuples(st.integers(-6, 6), st.integers(-6, 6)), min_size=3, max_size=8), st.integers(0, 99))
def test_inside_a_polygon_is_crossing_its_edges_an_odd_number_of_times(
    corners: list[tuple[int, int]], seed: int
) -> None:
    points = np.random.default_rng(seed).uniform(-7, 7, (20, 2))
    polygon = np.array(corners, dtype=float)
    edges = [(polygon[k], polygon[(k + 1) % len(polygon)]) for k in range(len(polygon))]

    def odd(x: float, y: float) -> bool:
        crossings = 0
        for (ax, ay), (bx, by) in edges:
            if min(ay, by) <= y < max(ay, by):
                crossings += x < ax + (y - ay) / (by - ay) * (bx - ax)
        return crossings % 2 == 1

    assert inside_polygon(points, polygon).tolist() == [odd(x, y) for x, y in points]
    assert not inside_polygon(np.array([[np.nan, 0.0]]), polygon).any()


def test_notes_come_as_csv_that_no_spreadsheet_takes_for_a_formula(bench: str) -> None:
    notes = [{"row": 9, "note": '=HYPERLINK("x")'}, {"row": 2, "note": 'says "no", twice\nand more'}]
    answer = requests.post(f"{bench}/data/notes.csv", json={"notes": notes}, timeout=60)
    assert answer.headers["content-type"].startswith("text/csv")
    table = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["row"] for row in table] == ["9", "2"]
    assert [row["note"] for row in table] == ['\'=HYPERLINK("x")', notes[1]["note"]]
    assert table[0]["imdb-cnn predicted"] in ("neg", "pos") and len(table[0]["text"]) > 20


def test_what_cannot_be_answered_is_a_sentence(bench: str) -> None:
    assert "must be one of imdb-cnn" in ask(bench, "slice", {"slice": {"model": "nobody"}}, 404)["error"]
    assert "search for it instead" in ask(bench, "slice", {"slice": {"word": "qzxv"}}, 422)["error"]
    assert "must be one of neg, pos" in ask(bench, "slice", {"slice": {"label": "sports"}}, 422)["error"]
    assert ask(bench, "words", {"slice": {"word": "qzxv"}}, 422)["error"]
    assert "between 0 and 399" in ask(bench, "rows", {"rows": [400]}, 404)["error"]
    assert requests.get(f"{bench}/data/rows/4000", timeout=60).status_code == 404
    ask(bench, "rows", {"rows": list(range(201))}, 422)
    ask(bench, "slice", {"slice": {"lasso": [[0, 0], [1, 1]]}}, 422)
    assert "2,000 tokens" in ask(bench, "place", {"text": "film " * 2_001}, 422)["error"]


HOSTILE = ["=1+1 a film", "", "<img src=x onerror=alert(1)> a bad film", "a \u202e story", "\n", "a \ud800 half"]


def test_rows_that_cannot_be_read_are_there_and_say_why(
    make_classifier: Callable[..., Classifier], serving: Serve
) -> None:
    model = make_classifier("cnn")
    table = pd.DataFrame(
        {
            "text": pd.Series(HOSTILE, dtype=object),
            "label": ["pos", "neg", "sports", None, "pos", "neg"],
            "n": [1, 2, 3, 4, 5, None],
        }
    )
    address = serving([model], data=DataRows.of([model], table))
    card = wait_until_answered(address)
    assert card["rows"] == 6 and card["labels"] == ["neg", "pos", "sports"]
    assert card["models"][0]["skipped"] == 3 and card["models"][0]["first_skipped"] == "row 1: it is empty"
    whole = requests.get(f"{address}/data/rows/1", timeout=60).json()
    assert whole["skipped"] == {"tiny-cnn": "it is empty"} and whole["predicted"] == {}
    assert whole["columns"]["n"] == "2.0"
    assert "⟨RLO⟩" in ask(address, "rows", {"rows": [3]})["rows"][0]["excerpt"]
    every = sliced(address)
    assert every["rows"] == list(range(6)) and every["inside"]["labelled"] == 1
    assert len(every["matrix"]) == 3 and np.sum(every["matrix"]) == 2
    answer = requests.post(f"{address}/data/notes.csv", json={"notes": [{"row": 5}]}, timeout=60)
    assert answer.status_code == 200


def test_a_model_that_fails_says_so_and_the_page_goes_on(
    make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_classifier("cnn")
    rows = DataRows.of([model], ["a film", "a story"])

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("no")

    answers = ModelAnswers(ServedModel.of(model), rows)
    monkeypatch.setattr(answers, "_run", broken)
    answers.compute()
    assert answers.complete and answers.error is not None and "fault of attribkit (ZeroDivisionError" in answers.error


def test_answers_in_portions_are_those_of_one_run(
    bundled: list[Classifier], rows: DataRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attribkit.serve.workbench.answers._AT_ONCE", 37)
    answers = ModelAnswers(ServedModel.of(bundled[0]), rows)
    answers.compute()
    whole = Answers.of(bundled[0], "demo")
    assert np.abs(answers.probabilities - whole.probabilities).max() < 1e-6
    assert answers.predicted.tolist() == whole.predicted.tolist()
    stopped = ModelAnswers(ServedModel.of(bundled[0]), rows)
    stopped.compute(stop=lambda: stopped.done >= 37)
    assert stopped.done == 37 and (stopped.predicted[37:] == -1).all() and not stopped.complete


def test_too_many_rows_and_a_file_that_is_not_there_are_refused_before_anything_is_served(
    make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = make_classifier("cnn")
    several = Classifier(model.network, model.tokenizer, model.labels, task="multilabel")
    with pytest.raises(InputError, match="one label of several, 'model' is multilabel"):
        DataRows.of([several], ["a film"])
    monkeypatch.setattr("attribkit.serve.workbench.rows.MOST_ROWS", 2)
    with pytest.raises(InputError, match="the page holds 1 to 2 rows, the data have 3"):
        DataRows.of([model], ["a", "b", "c"])
    with pytest.raises(FileNotFoundError):
        DataRows.of([model], str(tmp_path / "tickets.csv"))


def test_filtering_goes_on_while_the_rows_are_still_being_answered(
    make_classifier: Callable[..., Classifier], serving: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attribkit.serve.workbench.answers._AT_ONCE", 1)
    real = ModelAnswers._run

    def slow(self: ModelAnswers, ids: Any) -> Any:
        time.sleep(0.05)
        return real(self, ids)

    monkeypatch.setattr(ModelAnswers, "_run", slow)
    model = make_classifier("cnn")
    address = serving([model], Limits(), DataRows.of([model], ["a film"] * 60))
    early = sliced(address)
    assert len(early["rows"]) == 60 and early["matrix"] == [[0, 0], [0, 0]]
    assert requests.get(f"{address}/data/map/tiny-cnn", timeout=60).status_code == 404
    assert sliced(address, search="film")["rows"] == list(range(60))
