"""A corpus explained with a transformer from its folder: continued after kill -9, and the same from Ray."""

import sys
from pathlib import Path

import pandas as pd
import pytest
from corpus.test_run import assert_same, killed_after
from huggingface.tiny import saved, tiny

from attribkit.corpus import explain_corpus

ROWS = 1_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tiny("distilbert"), tmp_path_factory.mktemp("model") / "reviews")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "corpus.jsonl"
    words = ("good", "great", "horrible", "thin", "boring")
    rows = [{"text": f"a {words[number % 5]} film {words[number // 5 % 5]} {number}"} for number in range(ROWS)]
    rows[7]["text"] = " "
    pd.DataFrame(rows).to_json(path, orient="records", lines=True)
    return path


@pytest.fixture(scope="module")
def whole(folder: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "out"
    run = explain_corpus(folder, corpus, out, window=50, workers=1, words=True, method="saliency")
    assert (run.rows, run.failed) == (ROWS, 1)
    return out


def test_a_killed_run_continues(folder: Path, corpus: Path, whole: Path, tmp_path: Path) -> None:
    killed = tmp_path / "killed"
    arguments = [sys.executable, "-m", "attribkit", "corpus", str(folder), str(corpus), str(killed)]
    options = ["--window", "50", "--workers", "1", "--words", "--method", "saliency"]
    done = killed_after(3, killed, [*arguments, *options])
    run = explain_corpus(folder, corpus, killed, window=50, workers=1, words=True, method="saliency")
    assert run.rows == ROWS and 0 < run.fresh <= ROWS - 50 * (done - 1)
    assert_same(killed, whole)


def test_ray_yields_the_rows_of_one_process_though_a_worker_is_killed(
    folder: Path, corpus: Path, whole: Path, tmp_path: Path
) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'attribkit[ray]'")
    from corpus.test_ray_engine import run_program

    printed = run_program("two_nodes.py", str(folder), str(corpus), str(tmp_path / "there"), "50", "saliency")
    assert f"killed 1; rows {ROWS}" in printed
    assert_same(tmp_path / "there", whole)
