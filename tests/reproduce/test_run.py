import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import attribkit as ak
from attribkit.cli import main
from attribkit.reproduce import run as running
from attribkit.reproduce.results import as_markdown
from attribkit.reproduce.run import begin, check_space, reproduce, units
from attribkit.reproduce.tables import TABLES, TFIDF, Row, Table
from attribkit.reproduce.unit import Unit
from attribkit.results.panels import Convergence
from attribkit.training.resume import STATE

CNN: dict[str, Any] = {"embedding_size": 8, "filters": 4, "epochs": 12, "patience": None, "learning_rate": 0.01}
SMALL = Table(
    "demo",
    "f1",
    "F1",
    (
        Row("Reference", TFIDF),
        Row("A CNN", "cnn", CNN, published=0.1, goal=0.2, lost=("filters=2: .11",)),
        Row("A reader", "attention-rnn", {"embedding_size": 4, "hidden": 3, "freeze_epochs": 1}, goal=1.0),
    ),
)
SCRIPT = """
import sys
from dataclasses import replace
from test_run import SMALL
from attribkit.reproduce.run import reproduce
reproduce(replace(SMALL, rows=SMALL.rows[1:2]), sys.argv[1], seeds=1)
"""


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_times(part) for name, part in value.items() if name != "seconds"}
    return [without_times(part) for part in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("quick") / "results"
    reproduce(SMALL, out, seeds=2, quick=True)
    return out


def test_a_table_is_run_and_written_as_data_text_and_pictures(quick: Path) -> None:
    found = json.loads((quick / "results.json").read_text())
    assert {"results.json", "results.md", "comparison.png", "loss-a-cnn.png", "loss-a-reader.png"} <= {
        file.name for file in quick.iterdir()
    }
    reference, cnn, reader = found["rows"]
    assert found["units"] == {"finished": 5, "planned": 5}
    assert [len(row["runs"]) for row in found["rows"]] == [1, 2, 2]  # the reference knows no seed
    assert cnn["seeds"] == [0, 1] and cnn["spread"] >= 0
    figures = [run["test"]["f1"] for run in cnn["runs"]]
    assert cnn["mean"] == pytest.approx(sum(figures) / 2) and cnn["reached"] == (cnn["mean"] >= 0.2)
    assert [len(run["history"]) for run in cnn["runs"]] == [2, 2] and not reader["reached"]
    assert reference["mean"] > 0.5 and reference["reached"] is None
    for row in (cnn, reader):
        assert -1 <= row["stability"]["between_seeds"] <= 1 and row["stability"]["texts"] == 20
        counted = Convergence.from_json(row["stability"]["convergence"])
        assert counted.total == 20 * len(row["stability"]["seeds"])
    assert found["command"] == "attribkit reproduce demo --seeds 2 --quick" and found["machine"]["threads"] >= 1
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    commit = subprocess.run(command, capture_output=True, text=True).stdout.strip() if shutil.which("git") else ""
    assert {run["commit"] for row in found["rows"] for run in row["runs"]} == {commit or None}
    told = (quick / "results.md").read_text()
    assert told == as_markdown(found) and f"| {commit[:7]} |" in told
    assert found["command"] in told and "different texts" not in told
    assert "its figures mean nothing" in told and "filters=2: .11" in told and "| A reader |  | 1.0000 |" in told


def test_the_same_run_gives_the_same_results_apart_from_times(quick: Path, tmp_path: Path) -> None:
    again = reproduce(SMALL, tmp_path / "again", seeds=2, quick=True)
    first = json.loads((quick / "results.json").read_text())
    assert without_times(json.loads(json.dumps(again))) == without_times(first)
    assert json.dumps(again).count('"seconds"') == 8


def test_what_is_finished_is_not_run_again(quick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "results"
    shutil.copytree(quick, out)
    (out / "units" / "a-cnn-seed1.json").unlink()
    done: list[str] = []
    work = Unit.work

    def noted(unit: Unit, *rest: Any) -> None:
        done.append(unit.name)
        work(unit, *rest)

    monkeypatch.setattr(Unit, "work", noted)
    found = reproduce(SMALL, out, seeds=2, quick=True)
    assert done == ["a-cnn-seed1"]
    assert without_times(found) == without_times(json.loads((quick / "results.json").read_text()))


def test_a_unit_that_another_process_works_on_is_left_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(Unit, "work", lambda unit, *rest: done.append(unit.name))
    other = Unit(SMALL.rows[1], 0)
    begin(tmp_path / "results", SMALL, True)
    with other.claimed(tmp_path / "results") as ours:
        assert ours
        reproduce(SMALL, tmp_path / "results", seeds=1, quick=True)
    assert done == ["reference-seed0", "a-reader-seed0"]


def test_a_killed_training_goes_on_to_the_result_of_an_undisturbed_one(tmp_path: Path) -> None:
    table = replace(SMALL, rows=SMALL.rows[1:2])
    expected = reproduce(table, tmp_path / "undisturbed", seeds=1)
    out = tmp_path / "killed"
    state = out / "models" / "a-cnn-seed0" / "training" / STATE
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    environment["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), environment.get("PYTHONPATH", "")])
    with subprocess.Popen([sys.executable, "-c", SCRIPT, str(out)], env=environment) as process:
        until = time.monotonic() + 120
        while time.monotonic() < until and process.poll() is None and not state.is_file():
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    assert state.is_file() and not (out / "results.json").exists()
    resumed = reproduce(table, out, seeds=1)
    assert len(resumed["rows"][0]["runs"][0]["history"]) == 12
    assert without_times(resumed) == without_times(expected)


def test_an_interrupted_training_is_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: Any, out: Path, **options: Any) -> None:
        (out / "training").mkdir(parents=True)
        (out / "training" / STATE).touch()

    monkeypatch.setattr("attribkit.reproduce.unit.train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reproduce(replace(SMALL, rows=SMALL.rows[1:]), tmp_path / "results", seeds=1, quick=True)
    assert not list((tmp_path / "results" / "units").glob("*.json"))


def test_a_folder_of_another_version_is_refused_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "results"
    with monkeypatch.context() as older:
        older.setattr(running, "version", lambda package: "0.0.9")
        begin(out, SMALL, True)
    begun = rf"begun with attribkit = '0\.0\.9', now it is '{re.escape(ak.__version__)}'; name another folder"
    with pytest.raises(ValueError, match=begun):
        begin(out, SMALL, True)
    assert [file.name for file in out.iterdir()] == ["reproduce.json"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"data": "imdb"}, "begun with table = 'demo', now it is 'imdb'"),
        (
            {"rows": (Row("A CNN", "cnn", {"filters": 5}),)},
            "the row 'A CNN' in .* was begun with other settings",
        ),
    ],
)
def test_a_folder_of_other_settings_is_refused(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    begin(tmp_path / "results", SMALL, True)
    with pytest.raises(ValueError, match=sentence):
        begin(tmp_path / "results", replace(SMALL, **change), True)


def test_bad_use_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match="holds other files; name a new folder"):
        reproduce(SMALL, tmp_path)
    with pytest.raises(ValueError, match="the tables are imdb, ag_news, nlu_ru, got 'imbd'"):
        reproduce("imbd", tmp_path / "results")
    with pytest.raises(ValueError, match="`seeds` must be at least 1, got 0"):
        reproduce(SMALL, tmp_path / "results", seeds=0)
    with pytest.raises(FileNotFoundError, match=r"needs the word vectors imdb.w2v.300d.txt.gz, and there is no"):
        reproduce("imdb", tmp_path / "results", vectors=tmp_path)
    assert not (tmp_path / "results").exists()


def test_a_disk_too_small_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    row = Row("Huge", "cnn", {"vocabulary_size": 10**12})
    with pytest.raises(OSError, match=r"the models of this table need up to [\d,]+ MB of disk in .*, only [\d,]+ MB"):
        check_space(tmp_path, replace(SMALL, rows=(row,)), 3)


def test_a_table_of_folds_tells_of_its_duplicates(tmp_path: Path) -> None:
    found = reproduce(replace(SMALL, rows=SMALL.rows[:1], folds=2), tmp_path / "results", seeds=1, quick=True)
    told = found["duplicates"]
    assert told["rows"] >= told["distinct_texts"] > 0
    assert f"{told['rows']:,} rows hold {told['distinct_texts']:,} different texts" in as_markdown(found)


def test_seeds_are_the_outer_loop_and_folds_the_inner() -> None:
    names = [unit.name for unit in units(replace(SMALL, folds=2), 2, 2)]
    assert names[:3] == ["reference-seed0-fold0", "reference-seed0-fold1", "a-cnn-seed0-fold0"]
    assert names[6] == "reference-seed1-fold0" and len(names) == 12
    assert [unit.name for unit in units(SMALL, 2, 0)].count("reference-seed0") == 1


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_the_rows_of_a_table_have_files_of_their_own(table: Table) -> None:
    names = [unit.name for unit in units(table, 3, table.folds or 0)]
    assert len(set(names)) == len(names)


@pytest.mark.data
def test_the_command_runs_a_real_table_quickly(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ATTRIBKIT_DATA", str(data_folder))
    with pytest.raises(SystemExit) as ended:
        main(["reproduce", "ag_news", "--quick", "--seeds", "1", "--out", str(tmp_path / "news")])
    assert not ended.value.code
    printed = capsys.readouterr().out
    assert "3 of 3 trainings finished" in printed and "imdb.w2v.300d.txt.gz, 300 dimensions" in printed
    assert (tmp_path / "news" / "comparison.png").is_file()
