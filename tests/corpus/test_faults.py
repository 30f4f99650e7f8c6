"""A fault of the package in a worker is told as one, with its trace; what a user can cure stays a sentence."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from attribkit.corpus import explain_corpus, parts, processes
from attribkit.corpus.faults import WorkerFault, error_of, error_record
from attribkit.corpus.transform import Transform
from attribkit.errors import InputError, InputNotFoundError, NetworkError
from attribkit.models.classifier import Classifier

FAULTS = [KeyError("label"), ValueError("shapes"), TypeError("of None"), RuntimeError("mat1 and mat2")]
BROKEN = """
import sys
from attribkit.corpus.transform import Transform


def broken(self, texts, encoded):
    raise TypeError("a fault of the package")


Transform._together = broken
"""
WORKER = BROKEN + "from attribkit.corpus import worker\nworker.main()\n"


def sent(error: Exception) -> Exception:
    """As the process gets it that waits for an answer."""
    try:
        raise error
    except Exception as caught:
        return error_of(error_record(caught))


@pytest.mark.parametrize("error", [InputError("why"), InputNotFoundError("which"), NetworkError("what")])
def test_an_error_of_a_user_arrives_as_it_was(error: Exception) -> None:
    assert type(sent(error)) is type(error) and str(sent(error)) == str(error)


def test_an_error_of_the_system_arrives_with_its_number_and_want_of_memory_as_such() -> None:
    full = sent(OSError(errno.ENOSPC, "No space left on device", "out/part"))
    assert isinstance(full, OSError) and (full.errno, full.filename) == (errno.ENOSPC, "out/part")
    assert isinstance(sent(PermissionError(errno.EACCES, "no", "x")), PermissionError)
    assert isinstance(sent(RuntimeError("can't allocate memory")), MemoryError)


@pytest.mark.parametrize("fault", [*FAULTS, OSError("without a number")], ids=repr)
def test_a_fault_arrives_with_its_trace(fault: Exception) -> None:
    found = sent(fault)
    assert isinstance(found, WorkerFault) and str(found) == f"{type(fault).__name__}: {fault}"
    assert "raise error" in found.__notes__[0]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_a_fault_is_no_rows_status(
    model_folder: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def broken(*_: Any) -> None:
        raise fault

    monkeypatch.setattr(Transform, "_together", broken)
    with pytest.raises(type(fault)) as found:
        explain_corpus(model_folder, corpus, tmp_path / "out", workers=1)
    assert found.value is fault


def test_a_refusal_of_one_text_is_that_rows_status(
    model_folder: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Transform._together

    def refusing(self: Transform, texts: list[str], encoded: Any) -> Any:
        if any("dull" in text for text in texts):
            raise NetworkError("no dull texts")
        return real(self, texts, encoded)

    monkeypatch.setattr(Transform, "_together", refusing)
    run = explain_corpus(model_folder, corpus, tmp_path / "out", workers=1)
    assert run.statuses["failed"] == 36 and run.statuses["ok"] > 100


def test_a_fault_in_a_worker_process_is_told_with_its_trace_and_not_as_want_of_memory(
    model_folder: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = subprocess.Popen

    def start(command: list[str], **options: Any) -> Any:
        assert command == [sys.executable, "-c", processes.WORKER]
        return real([sys.executable, "-c", WORKER], **options)

    monkeypatch.setattr("attribkit.corpus.processes.subprocess.Popen", start)
    with pytest.raises(WorkerFault, match="TypeError: a fault of the package") as found:
        explain_corpus(model_folder, corpus, tmp_path / "out", workers=2, window=50)
    assert "in broken" in found.value.__notes__[0]


def test_the_command_line_tells_a_fault_in_a_worker(
    make_classifier: Callable[..., Classifier], corpus: Path, tmp_path: Path
) -> None:
    model = make_classifier().save(tmp_path / "model")
    arguments = ["corpus", str(model), str(corpus), str(tmp_path / "out"), "--workers", "1"]
    for debug in ([], ["--debug"]):
        code = BROKEN + f"from attribkit.cli import main\nmain({[*arguments, *debug]!r})\n"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ))
        assert done.returncode == 1
        assert "this is a fault of attribkit (TypeError: a fault of the package)" in done.stderr
        assert ("Traceback" in done.stderr) is bool(debug)


def test_a_part_for_which_there_is_no_memory_to_compress_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **settings: object) -> None:
        raise OSError("ZSTD compression failed: Allocation error : not enough memory")

    monkeypatch.setattr("pyarrow.parquet.write_table", full)
    with pytest.raises(MemoryError, match="not enough memory"):
        parts.write_parquet(tmp_path / "part.parquet", pa.table({"row": [0]}))
    assert not list(tmp_path.iterdir())
