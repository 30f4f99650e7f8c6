"""A corpus explained on a device that was asked for."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event, current_thread
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from commands import run

from attribkit.corpus import explain_corpus
from attribkit.corpus.in_process import InProcessEngine
from attribkit.corpus.job import Job, Settings
from attribkit.corpus.transform import Transform
from attribkit.errors import InputError


def test_a_device_that_is_the_processor_changes_nothing(
    model_folder: Path, corpus: Path, tmp_path: Path, table_of: Callable[[Path], pa.Table]
) -> None:
    options = (str(model_folder), str(corpus))
    assert run("corpus", *options, str(tmp_path / "plain"), "--workers", "1") == 0
    for device in ("cpu", "cpu:0"):
        out = tmp_path / device.replace(":", "")
        assert run("corpus", *options, str(out), "--workers", "1", "--device", device) == 0
        assert table_of(out).equals(table_of(tmp_path / "plain"))


def test_a_device_that_is_not_there_is_refused_in_a_sentence(
    model_folder: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("corpus", str(model_folder), str(corpus), str(tmp_path / "out"), "--device", "toaster") != 0
    assert "`device` must name a device of this machine" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU on this machine")
def test_a_gpu_writes_the_scores_of_the_processor(
    model_folder: Path, corpus: Path, tmp_path: Path, table_of: Callable[[Path], pa.Table]
) -> None:
    for device in ("cpu", "cuda"):
        assert run("corpus", str(model_folder), str(corpus), str(tmp_path / device), "--device", device) == 0
    here, on_gpu = (table_of(tmp_path / device) for device in ("cpu", "cuda"))
    assert here["status"].equals(on_gpu["status"])
    for ours, other in zip(here["scores"].to_pylist(), on_gpu["scores"].to_pylist(), strict=True):
        if ours is not None:
            assert np.abs(np.subtract(ours, other)).max() <= 1e-6 * np.abs(ours).sum()


def test_the_next_window_is_tokenised_while_one_is_explained(
    model_folder: Path, corpus: Path, tmp_path: Path, table_of: Callable[[Path], pa.Table], monkeypatch: Any
) -> None:
    """As before a GPU: the first window is held back until the second one's tokens are asked for."""
    explain_corpus(model_folder, corpus, tmp_path / "plain", workers=1, window=8)
    made, explaining, encoding = InProcessEngine.of, Transform.__call__, Transform.encoded
    threads: list[str] = []
    second = Event()

    def encoded(self: Transform, window: pa.Table) -> Any:
        threads.append(current_thread().name)
        if len(threads) == 2:
            second.set()
        return encoding(self, window)

    def explained(self: Transform, window: pa.Table, slices: int = 1, tokens: Any = None) -> pa.Table:
        assert tokens is not None and second.wait(30)
        return explaining(self, window, slices, tokens)

    monkeypatch.setattr(InProcessEngine, "of", staticmethod(lambda *options: replace(made(*options), ahead=True)))
    monkeypatch.setattr(Transform, "encoded", encoded)
    monkeypatch.setattr(Transform, "__call__", explained)
    run = explain_corpus(model_folder, corpus, tmp_path / "ahead", workers=1, window=8)
    assert len(threads) == len(list((tmp_path / "ahead").glob("part*.parquet"))) > 1 and run.fresh == run.rows
    assert all(name.startswith("tokenising") for name in threads)
    assert table_of(tmp_path / "ahead").equals(table_of(tmp_path / "plain"))
    assert not made(Job(str(model_folder), None, str(tmp_path), Settings()), None, True).ahead  # on the processor


def test_a_fault_of_the_corpus_is_said_though_it_is_read_ahead(
    model_folder: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    made = InProcessEngine.of
    monkeypatch.setattr(InProcessEngine, "of", staticmethod(lambda *options: replace(made(*options), ahead=True)))
    (tmp_path / "a.csv").write_text("text\na good film\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("words\na bad film\n", encoding="utf-8")
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    with pytest.raises(InputError, match=r"b\.csv"):
        explain_corpus(model_folder, files, tmp_path / "out", text="text", workers=1)
