"""A corpus explained on a device that was asked for."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from commands import run


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
