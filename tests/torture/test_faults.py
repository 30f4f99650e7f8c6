"""What a machine does: kills amid the work, full disks, clocks set back, little memory."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.dataset as ds
import pytest
import torch
from corpus.conftest import TEXTS
from corpus.test_run import assert_same

import attribkit as ak
from attribkit.classifier import Classifier
from attribkit.corpus import explain_corpus
from attribkit.corpus.run import Progress

Make = Callable[..., Classifier]
Tried = Callable[..., None]
LIMIT = "import resource, sys; resource.setrlimit(resource.{what}, ({size}, {size})); "


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, env=os.environ | environment
    )


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text("text\n" + "".join(f'"{text}"\n' for text in TEXTS * 5))
    return path


def killed_and_run_again(arguments: list[str], kills: int, seed: int) -> int:
    """Run a command, killing it at random moments of its work, until it ends by itself; how often it was killed."""
    chosen, killed = random.Random(seed), 0
    while True:
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            _, told = process.communicate(timeout=chosen.uniform(2, 12) if killed < kills else 300)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
            killed += 1
            continue
        assert process.returncode == 0, told
        return killed


def test_a_corpus_run_killed_at_any_moment_loses_and_repeats_nothing(
    model_folder: Path, table: Path, tmp_path: Path, full: bool, tried: Tried
) -> None:
    explain_corpus(model_folder, table, tmp_path / "whole", window=2, workers=1, words=True)
    arguments = [sys.executable, "-m", "attribkit", "corpus", str(model_folder), str(table)]
    kills, round_ = 0, 0
    while kills < (20 if full else 1) and round_ < 40:
        out = tmp_path / f"out-{round_}"
        options = [str(out), "--window", "2", "--words", "--workers", "1" if round_ % 2 else "2"]
        kills += killed_and_run_again([*arguments, *options], 2 if full else 1, seed=round_)
        assert_same(out, tmp_path / "whole")
        numbers = ds.dataset(out).to_table(columns=["row"])["row"].to_pylist()
        assert numbers == list(range(len(TEXTS) * 5))
        round_ += 1
    tried("kills of corpus runs", kills)


def test_a_save_killed_at_any_moment_leaves_a_whole_model(
    make_classifier: Make, tmp_path: Path, full: bool, tried: Tried
) -> None:
    folder = tmp_path / "model"
    good = {model.fingerprint() for model in (make_classifier(seed=seed) for seed in (0, 1))}
    for seed in (0, 1):
        make_classifier(seed=seed).save(tmp_path / f"model-{seed}")
    make_classifier(seed=0).save(folder)
    code = (
        "import sys, attribkit as ak; "
        f"models = [ak.load({str(tmp_path)!r} + f'/model-{{seed}}', 'cpu') for seed in (0, 1)]; "
        "print('ready', flush=True)\n"
        f"while True:\n for model in models: model.save({str(folder)!r}, overwrite=True)"
    )
    chosen, count = random.Random(3), 20 if full else 2
    for _ in range(count):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        assert process.stdout and process.stdout.readline() == b"ready\n"
        time.sleep(chosen.uniform(0, 0.3))
        process.kill()
        process.communicate()
        assert Classifier.load(folder, "cpu").fingerprint() in good
    tried("kills of saves", count)


def test_two_processes_may_save_to_one_folder(make_classifier: Make, tmp_path: Path, full: bool, tried: Tried) -> None:
    folder, models = tmp_path / "model", [make_classifier(seed=seed) for seed in (0, 1)]
    good, faults, count = {model.fingerprint() for model in models}, [], 60 if full else 15
    models[0].save(folder)

    def save(model: Classifier) -> None:
        try:
            for _ in range(count):
                model.save(folder, overwrite=True)
        except Exception as error:
            faults.append(error)

    savers = [threading.Thread(target=save, args=(model,)) for model in models]
    for saver in savers:
        saver.start()
    while any(saver.is_alive() for saver in savers):
        assert Classifier.load(folder, "cpu").fingerprint() in good
    for saver in savers:
        saver.join()
    assert not faults and Classifier.load(folder, "cpu").fingerprint() in good
    assert not [one.name for one in folder.iterdir() if one.name.startswith(".")]
    tried("saves of two at once", 2 * count)


def test_a_full_disk_is_one_sentence_and_loses_nothing(
    make_classifier: Make, table: Path, tmp_path: Path, tried: Tried
) -> None:
    folder = make_classifier().save(tmp_path / "model")
    before = Classifier.load(folder, "cpu").fingerprint()
    make_classifier(seed=1, embedding_size=64, filters=64).save(tmp_path / "large")
    limit = (
        LIMIT.format(what="RLIMIT_FSIZE", size=20_000)
        + "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    )
    done = python(
        limit + f"import attribkit as ak; ak.load({str(tmp_path / 'large')!r}).save({str(folder)!r}, overwrite=True)"
    )
    assert done.returncode and "OSError" in done.stderr
    assert Classifier.load(folder, "cpu").fingerprint() == before
    out = tmp_path / "out"
    arguments = ["corpus", str(folder), str(table), str(out), "--workers", "1"]
    command = f"from attribkit.cli import main; main({arguments!r})"
    done = python(limit + command)
    assert done.returncode == 1 and "Traceback" not in done.stderr and "File too large" in done.stderr
    assert python(command).returncode == 0
    assert len(ds.dataset(out).to_table()) == len(TEXTS) * 5
    tried("full disks", 2)


def test_what_cannot_be_written_is_one_sentence(model_folder: Path, table: Path, tried: Tried) -> None:
    model = Classifier.load(model_folder, "cpu")
    why = ak.explain(model, "a good film", views="attribution")
    link = table.with_name("full.html")
    link.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        why.save(link)
    assert Path("/dev/full").is_char_device()
    with pytest.raises(OSError):
        model.save("/proc/attribkit")
    with pytest.raises(OSError):
        explain_corpus(model, table, "/proc/attribkit", workers=1)
    done = subprocess.run(
        f"{sys.executable} -m attribkit explain {model_folder} 'a good film' --view attribution --json > /dev/full",
        shell=True,
        capture_output=True,
        text=True,
    )
    assert done.returncode and "Traceback" not in done.stderr
    tried("places that cannot be written", 4)


def test_no_home_directory(model_folder: Path, tried: Tried) -> None:
    code = f"import attribkit as ak; print(ak.explain(ak.load({str(model_folder)!r}), 'a good film').prediction.label)"
    bare = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=bare | {"HOME": "/nonexistent"}
    )
    assert done.returncode == 0 and done.stdout.strip() in ("neg", "pos"), done.stderr
    tried("homes that do not exist")


def test_a_clock_set_back(
    model_folder: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tried: Tried
) -> None:
    told: list[Progress] = []
    now = [time.time()]

    def backwards() -> float:
        now[0] -= 3_600
        return now[0]

    monkeypatch.setattr(time, "time", backwards)
    run = explain_corpus(model_folder, table, tmp_path / "out", workers=1, window=200, progress=told.append)
    assert run.seconds >= 0 and all(one.seconds >= 0 and one.rate >= 0 and (one.left or 0) >= 0 for one in told)
    tried("clocks set back")


def test_little_memory_makes_smaller_batches_or_says_what_is_needed(
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
    tried("runs short of memory")


def test_a_run_that_a_memory_limit_ends_is_continued(model_folder: Path, tmp_path: Path, tried: Tried) -> None:
    """Halving batches is what Python can do; a native library may end the process: then the next run goes on."""
    table = tmp_path / "in.csv"
    table.write_text("text\n" + "a good film\n" * 100 + f'"{"good film " * 400}"\n' * 500)
    code = (
        "import resource, attribkit as ak; from attribkit.corpus import explain_corpus; "
        f"model = ak.load({str(model_folder)!r}, 'cpu'); ak.explain(model, ['a good film'] * 5); "
        "used = int(open('/proc/self/statm').read().split()[0]) * 4096 + 150 * 2**20; "
        "resource.setrlimit(resource.RLIMIT_AS, (used, used)); "
        f"explain_corpus(model, {str(table)!r}, {str(tmp_path / 'out')!r}, workers=1, window=100)"
    )
    python(code)
    run = explain_corpus(model_folder, table, tmp_path / "out", workers=1, window=100, retry_failed=True)
    assert run.statuses == {"ok": 600} and run.fresh < 600
    assert ds.dataset(tmp_path / "out").to_table(columns=["row"])["row"].to_pylist() == list(range(600))
    tried("memory limits")


def test_a_long_day_of_explaining_leaks_nothing(make_classifier: Make, full: bool, tried: Tried) -> None:
    model, count = make_classifier(), 20_000 if full else 150
    hooks = len(model.network.embedding._forward_hooks)

    def state() -> tuple[int, int]:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * 4096, len(os.listdir("/proc/self/fd"))

    def some() -> float:
        begun = time.perf_counter()
        for _ in range(count // 4):
            ak.explain(model, "a good film , bad and dull", views="attribution")
        return time.perf_counter() - begun

    some()
    memory, files = state()
    seconds = [some() for _ in range(3)]
    later, handles = state()
    assert handles <= files and len(model.network.embedding._forward_hooks) == hooks
    assert later - memory < 30 * 2**20
    if full:
        assert np.median(seconds[1:]) < 3 * seconds[0]
    tried("explanations in one process", count)
