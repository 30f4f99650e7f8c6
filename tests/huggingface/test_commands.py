"""Every command, on the folder that save_pretrained wrote."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from huggingface.tiny import TEXTS, saved, tiny

import attribkit as ak
from attribkit.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tiny("bert"), tmp_path_factory.mktemp("model") / "reviews")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "reviews.csv"
    labels = ["LABEL_0", "LABEL_1", "LABEL_2"]
    rows = [(f"{text} {number}", labels[number % 3]) for number in range(3) for text in TEXTS]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(path, index=False)
    return path


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(*arguments: object) -> str:
        with pytest.raises(SystemExit) as ended:
            main([str(each) for each in arguments])
        printed = capsys.readouterr()
        assert not ended.value.code, printed.err
        return printed.out

    return run


def test_explain_shows_the_words(folder: Path, tmp_path: Path, command: Callable[..., str]) -> None:
    out = tmp_path / "why.json"
    assert "horrible" in command("explain", folder, TEXTS[0], "--view", "attribution", "--out", out)
    why = ak.Explanation.load(out)
    assert why.tokens == TEXTS[0].split() and why.token_scores.converged


def test_report_words_project_and_check(folder: Path, table: Path, tmp_path: Path, command: Callable[..., str]) -> None:
    few = ("--texts", 2, "--mistakes", 1, "--tested", 2)
    command("report", folder, table, "--out", tmp_path / "report.html", *few)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert any(word in page for word in ("horrible", "boring", "plot", "friends"))  # a word of each text
    reviews = tmp_path / "reviews.csv"  # of a network without training no word is sure
    ak.load_dataset("demo").test.head(60).to_csv(reviews, index=False)
    command("words", "imdb-bert", reviews, "--out", tmp_path / "words.csv")
    assert {"neg", "pos"} <= set(pd.read_csv(tmp_path / "words.csv")["label"])
    command("project", folder, table, "--layer", "hidden_states.1", "--out", tmp_path / "map.json")
    assert json.loads((tmp_path / "map.json").read_text(encoding="utf-8"))
    assert "accuracy" in command("check", folder, table, "--min-accuracy", 0)


def test_corpus_writes_a_row_for_every_text(
    folder: Path, table: Path, tmp_path: Path, command: Callable[..., str]
) -> None:
    command("corpus", folder, table, tmp_path / "out", "--workers", 1, "--method", "saliency")
    assert len(pd.read_parquet(tmp_path / "out")) == 12


def test_two_texts_and_two_models_are_compared(folder: Path) -> None:
    model = ak.load(folder, "cpu")
    first = ak.explain(model, TEXTS[0], views="attribution")
    other = ak.explain(model, TEXTS[0], views="attribution", baseline="mask")
    assert ak.compare(first, other).to_frame()["token"].tolist() == TEXTS[0].split()


def test_it_is_served(folder: Path) -> None:
    testclient = pytest.importorskip("fastapi.testclient", reason="needs the extra serve")
    from attribkit.serve.app import create_app

    model = ak.load(folder, "cpu")
    with testclient.TestClient(create_app([model]), base_url="http://localhost") as client:
        answer = client.post("/explain", json={"text": TEXTS[0]})
    assert answer.status_code == 200, answer.text
    assert "horrible" in answer.text
