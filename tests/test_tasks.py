"""Several labels a text, and numbers, from training to the live page, on generated texts whose answer is known."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from planted import numbers, several
from typer.testing import CliRunner

import attribkit as ak
from attribkit.cli import app, main
from attribkit.data import Dataset
from attribkit.errors import InputError
from attribkit.evaluation.errors import errors
from attribkit.models.classifier import Classifier
from attribkit.results.panels import TokenScores
from attribkit.serve.app import create_app

SMALL: dict[str, Any] = {
    "embedding_size": 16, "learning_rate": 0.02, "dropout": 0.0, "min_frequency": 1, "batch_size": 32, "seed": 0,
    "filters": 24, "widths": (1,), "epochs": 25,
}  # fmt: skip


@pytest.fixture(scope="module")
def topics() -> tuple[Classifier, Dataset, Any]:
    table, own = several()
    data = ak.load_dataset(table, task="multilabel")
    return ak.train("cnn", data, name="topics", **SMALL), data, own


@pytest.fixture(scope="module")
def prices() -> tuple[Classifier, Dataset, Any]:
    table, weights = numbers()
    data = ak.load_dataset(table, task="regression")
    return ak.train("cnn", data, name="prices", unit="€", **SMALL), data, weights


def test_words_of_labels_are_those_that_were_planted(topics: tuple[Classifier, Dataset, Any]) -> None:
    model, data, own = topics
    words = ak.word_importance(model, data, least=3).words
    for label, planted in own.items():
        ranked = words[(words["label"] == label) & (words["low"] > 0)]["word"].tolist()
        assert set(ranked[: len(planted)]) <= set(planted) and ranked
    counted = ak.word_importance(model, data, least=3).counted
    predicted = model.predict(data.test["text"])["label"]
    assert counted == {label: sum(label in names for names in predicted) for label in own}


def test_words_of_a_number_are_those_that_were_planted(prices: tuple[Classifier, Dataset, Any]) -> None:
    model, data, weights = prices
    importance = ak.word_importance(model, data, least=3)
    scores = importance.words.set_index("word")["score"]
    common = [word for word in weights if word in scores.index]
    assert len(common) >= 8 and importance.unit == "€"
    assert np.corrcoef([weights[word] for word in common], scores[common])[0, 1] > 0.98
    titles = [panel.title for panel in importance.panels()]
    assert "Words that raise “price”" in titles and "Words that lower “price”" in titles


def test_evaluation_and_errors_follow_the_task(
    topics: tuple[Classifier, Dataset, Any], prices: tuple[Classifier, Dataset, Any], tmp_path: Path
) -> None:
    model, data, _ = topics
    assert ak.evaluate(model, data).micro_f1.mean > 0.9
    model, data, _ = prices
    measured = ak.evaluate(model, data)
    analysis = errors(model, data, most=3)
    off = np.sort(np.abs(measured.errors))[::-1][:3]
    shown = []
    for why in analysis.mistakes:
        assert why.value is not None and why.prediction is not None and isinstance(why.prediction.true_label, float)
        shown.append(abs(why.value - why.prediction.true_label))
    assert shown == pytest.approx(off.tolist())
    analysis.save(tmp_path / "errors.html")
    assert "off by" in (tmp_path / "errors.html").read_text()


def test_the_most_wrong_label_of_a_mistake_is_explained(topics: tuple[Classifier, Dataset, Any]) -> None:
    model, data, own = topics
    turned = data.test.head(20).assign(
        label=[("topic00",) if names != ("topic00",) else () for names in data.test["label"].head(20)]
    )
    analysis = errors(model, turned, most=5)
    for why in analysis.mistakes:
        prediction = why.prediction
        assert prediction is not None and prediction.right is False and isinstance(prediction.true_label, tuple)
        wrong = [
            abs(p - (label in prediction.true_label)) for label, p in zip(own, prediction.probabilities, strict=True)
        ]
        assert why.token_scores.target == model.labels[int(np.argmax(wrong))]


@pytest.mark.parametrize("kind", ["topics", "prices"])
def test_a_report_says_what_there_is_and_what_is_left_out(kind: str, request: Any, tmp_path: Path) -> None:
    model, data, own = request.getfixturevalue(kind)
    page = ak.report(model, data, texts=5, mistakes=3, tested=5)
    html = page.save(tmp_path / "report.html").read_text()
    assert ("Faithfulness was not tested" in html) == (kind == "prices")
    assert ("how much of a predicted label" in html) == (kind == "topics")
    for said in {"topics": ("Micro F1", "any of 6 labels"), "prices": ("Mean absolute error", "in €", "raised by")}[
        kind
    ]:
        assert said in html or said in page.summary()
    assert any(word in html for word in own)


@pytest.mark.parametrize("kind", ["topics", "prices"])
def test_check_has_the_figures_of_the_task(kind: str, request: Any) -> None:
    model, data, _ = request.getfixturevalue(kind)
    limits = {
        "topics": {"f1": 0.9, "hamming_loss": 0.1, "comprehensiveness_over_random": 0.1},
        "prices": {"r2": 0.9, "mae": 30.0, "converged": 1.0},
    }[kind]
    checked = ak.check(model, data, limits, texts=10)
    assert checked.passed and set(limits) <= set(checked.to_frame()["figure"])
    if kind == "prices":
        with pytest.raises(
            InputError, match="a threshold for 'comprehensiveness' needs a model of labels, not of a num"
        ):
            ak.check(model, data, {"comprehensiveness": 0.1}, texts=5)


def test_the_command_holds_a_regression_to_its_own_figures(
    prices: tuple[Classifier, Dataset, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, data, _ = prices
    folder = model.save(tmp_path / "model")
    data.test.to_csv(tmp_path / "rows.csv", index=False)
    command = ["check", str(folder), str(tmp_path / "rows.csv"), "--texts", "5", "--min-r2", "0.5", "--max-mae", "0"]
    with pytest.raises(SystemExit) as exit:
        main(command)
    failed = capsys.readouterr().err
    assert exit.value.code == 1 and "failed: mae is" in failed and "r2" not in failed


@pytest.mark.parametrize("kind", ["topics", "prices"])
def test_a_corpus_run_gives_the_explanations_of_explain(kind: str, request: Any, tmp_path: Path) -> None:
    model, data, _ = request.getfixturevalue(kind)
    rows = data.test.head(8)
    table = rows.assign(label=[list(cell) for cell in rows["label"]]) if kind == "topics" else rows
    table.to_parquet(tmp_path / "rows.parquet")
    run = ak.explain_corpus(
        model, tmp_path / "rows.parquet", tmp_path / "out", label="label", keep_text=True, workers=1, words=True
    )
    written = pq.read_table(run.folder).to_pylist()
    whys = ak.explain(model, rows["text"].tolist(), views="attribution", true_label=rows["label"].tolist())
    for row, why in zip(written, whys, strict=True):
        again = ak.Explanation.from_row(row)
        assert again.prediction == why.prediction and np.allclose(again.scores, why.scores, atol=1e-9)
        assert again.token_scores.unit == ("log-odds" if kind == "topics" else "€")
    assert len(run.words())


@pytest.mark.parametrize("kind", ["topics", "prices"])
def test_the_live_page_answers(kind: str, request: Any) -> None:
    model, data, _ = request.getfixturevalue(kind)
    text = data.test["text"].iloc[0]
    with TestClient(create_app([model]), base_url="http://127.0.0.1") as client:
        (card,) = client.get("/models").json()["models"]
        assert (card["task"], card["unit"]) == (model.task, model.unit)
        live = client.post("/live", json={"text": text, "output": "log_odds"}).json()
        own = ak.explain(model, text, views="attribution")
        assert np.allclose(live["scores"], own.scores)
        assert live["sides"] == (["for", "against"] if kind == "topics" else ["raises", "lowers"])
        (answer,) = client.post("/predict", json={"texts": [text]}).json()["predictions"]
        assert own.prediction is not None
        assert answer["predicted"] == list(own.prediction.predicted) and answer["value"] == own.value
        found = client.post("/alternatives", json={"text": text, "start": 0}).json()
        same = {name: found["now"][name] for name in ("label", "predicted", "value")}
        assert same == {name: answer[name] for name in same} or kind == "prices"
        assert all("said" in one for one in found["alternatives"])
        together = client.post("/together", json={"text": text, "start": 0}).json()
        assert together["unit"] == own.token_scores.unit


def test_ninety_labels_stay_readable(tmp_path: Path) -> None:
    table, _ = several(1_200, 90, seed=3)
    model = ak.train("cnn", table, task="multilabel", **{**SMALL, "epochs": 8, "filters": 64})
    assert len(model.labels) == 90
    why = ak.explain(model, table["text"][0], true_label=table["label"][0])
    html = why.save(tmp_path / "why.html").read_text()
    shown = sum(label in html for label in model.labels)
    assert 1 <= shown <= 14 and "more labels" in html
    five = ak.explain(model, table["text"][0], target="top5", views="attribution")
    assert len([panel for panel in five.panels() if isinstance(panel, TokenScores)]) == 5
    for suffix in (".html", ".png", ".tex"):
        five.save(tmp_path / f"five{suffix}")
    assert (tmp_path / "five.html").stat().st_size < 300_000


def test_what_is_of_one_label_alone_says_what_works(
    topics: tuple[Classifier, Dataset, Any], prices: tuple[Classifier, Dataset, Any]
) -> None:
    with pytest.raises(InputError, match=r"`faithfulness` follows a label's probability, and .*; `sanity` works"):
        ak.faithfulness(prices[0], prices[1])
    for model, data, _ in (topics, prices):
        assert ak.sanity(model, data.test.head(5), draws=1).layers
    with pytest.raises(InputError, match="a map is coloured by labels, and a regression has none"):
        ak.project(prices[0], prices[1])
    assert ak.project(topics[0], topics[1].test.head(20), neighbours=2, colour="prediction").panels()


def test_the_commands_follow_the_task(tmp_path: Path) -> None:
    table, _ = several(200)
    table.assign(label=["|".join(names) for names in table["label"]]).to_csv(tmp_path / "rows.csv", index=False)
    small = ["--epochs", "3", "--filters", "8", "--min-frequency", "1", "--widths", "1", "--dropout", "0"]

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, list(arguments))
        assert done.exit_code == 0, (done.output, done.exception)
        return str(done.output)

    model = str(tmp_path / "m")
    learning = ("--learning-rate", "0.05", "--label-separator", "|")
    assert "micro F1" in run("train", str(tmp_path / "rows.csv"), "--out", model, *learning, *small)
    assert ak.load(model).task == "multilabel"
    # what parts the labels is remembered
    figures = json.loads(run("evaluate", model, str(tmp_path / "rows.csv"), "--json"))
    assert figures["rows"] and "micro_f1" in figures
    prices, _ = numbers(120)
    prices.to_csv(tmp_path / "prices.csv", index=False)
    regression = ("--task", "regression", "--unit", "€")
    out = run("train", str(tmp_path / "prices.csv"), "--out", str(tmp_path / "n"), *regression, *small)
    assert "mean absolute error" in out and ak.load(tmp_path / "n").unit == "€"
    assert "€" in run("explain", str(tmp_path / "n"), prices["text"][0])
    assert pd.read_csv(tmp_path / "n" / "history.csv")["val_mae"].notna().all()
