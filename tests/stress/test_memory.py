"""Little memory, and much work: the pieces get smaller or it is said what is needed; nothing is leaked."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.dataset as ds
import pytest
import torch
from corpus.conftest import TEXTS

import attribkit as ak
from attribkit.corpus import explain_corpus, memory
from attribkit.models.classifier import Classifier

Make = Callable[..., Classifier]
Tried = Callable[..., None]
MB = 2**20


def test_a_batch_that_does_not_fit_is_halved_and_a_text_that_does_not_says_so(
    model_folder: Path, tmp_path: Path, tried: Tried
) -> None:
    """Every batch of more than two texts runs out of memory; then one text by itself does."""
    model = Classifier.load(model_folder, "cpu")
    network, seen = model.network, []
    real = type(network).forward

    def forward(self: object, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        seen.append(len(ids))
        if ids.numel() > 40 or ids.shape[1] > 12:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
        return real(self, ids, mask)

    table = tmp_path / "in.csv"
    table.write_text("text\n" + "".join(f'"{text}"\n' for text in TEXTS[:40]) + f'"{"good " * 50}"\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(network), "forward", forward)
        run = explain_corpus(model, table, tmp_path / "out", workers=1)
    assert run.statuses == {"ok": 40, "failed": 1} and max(seen) > 2
    reasons = [
        row["reason"] for row in ds.dataset(tmp_path / "out").to_table().to_pylist() if row["status"] == "failed"
    ]
    assert "a text of 50 tokens needs more memory than there is" in reasons[0]
    again = explain_corpus(model, table, tmp_path / "out", workers=1, retry_failed=True)
    assert again.statuses == {"ok": 41}
    tried("memory: batches refused", len([rows for rows in seen if rows > 2]))


CPU_ONLY = pytest.mark.skipif(torch.version.cuda is not None, reason="CUDA's libraries take addresses by the gigabyte")


@CPU_ONLY
def test_under_an_address_space_limit_a_run_completes_or_says_what_it_needs(
    model_folder: Path, tmp_path: Path, full: bool, tried: Tried
) -> None:
    table = tmp_path / "in.csv"
    table.write_text("text\n" + "a good film\n" * 20 + f'"{"good film " * 400}"\n' * 220)
    out, explained = tmp_path / "out", list(range(240))
    loaded = worker_bytes(model_folder)
    assert 0.7 * loaded < memory.needed(10_000, 0) < 1.5 * loaded
    ended = {True: 0, False: 0}
    for more in (-400, -100, 0, 20, 40, 60, 80, 100, 150, 200, 400) if full else (-400, 60):
        limit = loaded + more * MB
        assert limit < memory.SCARCE
        arguments = ["corpus", *map(str, (model_folder, table, out)), "--workers", "1"]
        code = (
            f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit})); "
            f"from attribkit.cli import main; main({arguments!r})"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
        completed = done.returncode == 0
        ended[completed] += 1
        assert "Traceback" not in done.stderr and "panicked" not in done.stderr
        if not completed:
            assert done.returncode == 1 and "raise the limit" in done.stderr, (more, done.stderr)
            assert done.stderr.count("error:") == done.stderr.strip().count("\n") + 1 == 1
            assert explain_corpus(model_folder, table, out, workers=1).statuses == {"ok": 240}
        assert ds.dataset(out).to_table(columns=["row"])["row"].to_pylist() == explained
        for file in sorted(out.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        out.rmdir()
    assert ended[True] and ended[False]
    tried("memory: limits under which a run completed", ended[True])
    tried("memory: limits under which it said what it needs", ended[False])


def worker_bytes(model_folder: Path) -> int:
    """The most addresses that a worker takes until it has the model."""
    code = (
        "import attribkit.corpus.worker, re; from attribkit.corpus.work import PartWriter; "
        "from attribkit.corpus.job import Job, Settings; "
        f"writer = PartWriter.of(Job({str(model_folder)!r}, None, '', Settings())); "
        "print(re.search(r'VmPeak:\\s+(\\d+) kB', open('/proc/self/status').read())[1])"
    )
    environment = os.environ | memory.FRUGAL | {"OMP_NUM_THREADS": "1"}
    return int(subprocess.check_output([sys.executable, "-c", code], env=environment)) * 1024


def test_limits_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_address_space", lambda: iter([3 * 2**30]))
    monkeypatch.setattr(memory, "_container", lambda: iter([2 * 2**30]))
    assert memory.limit() == 2 * 2**30 and memory.scarce()
    monkeypatch.setattr(memory, "_address_space", lambda: iter(()))
    monkeypatch.setattr(memory, "_container", lambda: iter(()))
    assert memory.limit() is None and not memory.scarce()


def test_a_long_day_of_explaining_leaks_nothing(make_classifier: Make, full: bool, tried: Tried) -> None:
    model, count = make_classifier(), 20_000 if full else 150
    hooks = len(model.network.embedding._forward_hooks)

    def state() -> tuple[int, int]:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * 4096, len(os.listdir("/proc/self/fd"))

    def some() -> float:
        begun = time.process_time()
        for number in range(count // 10):
            ak.explain(model, f"a good film , bad and dull {number}", views="attribution")
        return time.process_time() - begun

    some()  # what is loaded and kept once
    memory_then, files_then = state()
    seconds = [some() for _ in range(9)]
    memory_now, files_now = state()
    grown, more_files = memory_now - memory_then, files_now - files_then
    assert more_files <= 0 and len(model.network.embedding._forward_hooks) == hooks
    assert grown < 30 * MB
    slower = float(np.median(seconds[-3:]) / np.median(seconds[:3]))
    assert slower < 1.5 or not full
    tried("soak: explanations in one process", count)
    tried("soak: MB that memory grew", round(grown / MB, 1))
    tried("soak: file handles or hooks leaked", max(more_files, 0))
    tried("soak: the last third's time over the first's", round(slower, 2))
