import _thread
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from attribkit.data import Dataset, load_dataset
from attribkit.models.classifier import Classifier
from attribkit.training.resume import STATE, StateIO, check_space, read_header
from attribkit.training.train import train

# Everything with a state of its own is on: momentum, dropout, a plateau, patience, an average, an embedding that thaws.
OPTIONS: dict[str, Any] = {
    "embedding_size": 8,
    "filters": 4,
    "learning_rate": 0.05,
    "unfrozen_learning_rate": 0.03,
    "weight_decay": 0.01,
    "plateau": 0.7,
    "averaging": 0.8,
    "patience": 25,
    "epochs": 40,
    "freeze_epochs": 6,
    "snapshots": [0, 1, 6, 9],
    "class_weights": "balanced",
    "device": "cpu",
}
SCRIPT = """
import json, signal, sys
from dataclasses import replace
from attribkit.data import load_dataset
from attribkit.training.train import train

demo = load_dataset("demo")
data = replace(demo, train=demo.train.head(160), validation=demo.validation.head(48), test=demo.test.head(8))
out, options = sys.argv[1], json.loads(sys.argv[2])
classifier = train("cnn", data, out=out, **options)
restored = signal.getsignal(signal.SIGINT) is signal.default_int_handler
print(json.dumps({"notes": classifier.provenance["training"]["notes"], "restored": restored}))
"""


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Ctrl-C is heard even if the tests run in the background of a shell, which lets it be ignored."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.fixture(scope="module")
def data() -> Dataset:
    demo = load_dataset("demo")
    return replace(demo, train=demo.train.head(160), validation=demo.validation.head(48), test=demo.test.head(8))


@pytest.fixture(scope="module")
def undisturbed(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Classifier, Path]:
    out = tmp_path_factory.mktemp("undisturbed") / "model"
    return train("cnn", data, out=out, **OPTIONS), out


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def same_run(one: Classifier, other: Classifier) -> bool:
    """Weights, every epoch's figures and every snapshot, bit for bit."""
    assert one.history is not None and other.history is not None
    pd.testing.assert_frame_equal(
        one.history.drop(columns="seconds"), other.history.drop(columns="seconds"), check_exact=True
    )
    kept, others = one.snapshots, other.snapshots
    return (
        same(one.network.state_dict(), other.network.state_dict())
        and kept.keys() == others.keys()
        and all(same(kept[epoch], others[epoch]) for epoch in kept)
    )


@contextmanager
def running(out: Path, options: dict[str, Any], epochs: int) -> Iterator[subprocess.Popen[str]]:
    """A training in a process of its own that has finished so many epochs and is in the middle of the next."""
    command = [sys.executable, "-c", SCRIPT, str(out), json.dumps(options)]
    # The threads of this process, so that sums are taken in the same order.
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            until = time.monotonic() + 120
            while time.monotonic() < until and process.poll() is None and finished(out) < epochs:
                time.sleep(0.005)
            assert process.poll() is None, process.communicate()[1]
            yield process
        finally:
            process.kill()


def finished(out: Path) -> int:
    state = out / "training" / STATE
    if not state.is_file():
        return 0
    entries = dict(read_header(state)["state"]["$dict"])
    return int(entries["epoch"]) + 1


@pytest.mark.parametrize("epochs", [2, 8])
def test_a_killed_training_resumes_to_the_weights_of_an_undisturbed_one(
    data: Dataset, undisturbed: tuple[Classifier, Path], tmp_path: Path, epochs: int
) -> None:
    out = tmp_path / "model"
    with running(out, OPTIONS, epochs) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert epochs <= finished(out) < 40
    assert [file.name for file in out.iterdir()] == ["training"]
    resumed = train("cnn", data, out=out, resume=True, **OPTIONS)
    assert same_run(resumed, undisturbed[0])
    assert same(Classifier.load(out, device="cpu").network.state_dict(), resumed.network.state_dict())
    assert not (out / "training").exists()
    assert sorted(f.name for f in (out / "snapshots").iterdir()) == [
        "epoch-000.safetensors", "epoch-001.safetensors", "epoch-006.safetensors", "epoch-009.safetensors",
    ]  # fmt: skip
    before, _, frozen, moved = (weights["embedding.weight"] for weights in resumed.snapshots.values())
    assert torch.equal(before, frozen) and not torch.equal(frozen, moved)


def test_ctrl_c_keeps_the_best_model_so_far_and_training_can_go_on(
    data: Dataset, undisturbed: tuple[Classifier, Path], tmp_path: Path
) -> None:
    out = tmp_path / "model"
    with running(out, OPTIONS, 3) as process:
        process.send_signal(signal.SIGINT)
        printed, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    told = json.loads(printed)
    assert told["restored"]
    saved = Classifier.load(out, device="cpu")
    assert saved.history is not None
    best = int(saved.history["epoch"][saved.history["val_loss"].argmin()])
    last = int(saved.history["epoch"].max())
    assert f"interrupted in epoch {last + 1}; the weights of epoch {best} were kept" in told["notes"]
    assert saved.provenance["training"]["notes"] == told["notes"]
    assert last >= 3 and saved.provenance["training"]["best_epoch"] == best
    with pytest.raises(FileExistsError, match="already holds a model"):
        train("cnn", data, out=out, **OPTIONS)
    resumed = train("cnn", data, out=out, resume=True, **OPTIONS)
    assert same_run(resumed, undisturbed[0])
    assert not (out / "training").exists()


def test_ctrl_c_in_the_first_epoch_keeps_the_weights_as_they_were_then(data: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "model"
    begun = out / "training" / "snapshots" / "epoch-000.safetensors"

    def interrupt() -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until and not begun.is_file():
            time.sleep(0.001)
        time.sleep(0.5)  # some steps, on a busy machine too
        _thread.interrupt_main()

    handler = signal.getsignal(signal.SIGINT)
    threading.Thread(target=interrupt).start()
    classifier = train(
        "cnn", data, out=out, snapshots=[0, 5], **SHORT | {"epochs": 500, "batch_size": 1, "patience": None}
    )
    assert signal.getsignal(signal.SIGINT) is handler
    assert classifier.history is not None and len(classifier.history) < 500
    notes = classifier.provenance["training"]["notes"]
    assert any(note.startswith(f"interrupted in epoch {len(classifier.history) + 1}; the weights") for note in notes)
    before = classifier.snapshots[0]
    assert not same(before, classifier.network.state_dict())
    assert same(Classifier.load(out, device="cpu").network.state_dict(), classifier.network.state_dict())
    if classifier.history.empty:
        assert not (out / "training").exists()


def test_training_works_outside_the_main_thread(data: Dataset) -> None:
    with ThreadPoolExecutor(1) as pool:
        trained = pool.submit(train, "cnn", data, **SHORT).result()
    assert same(trained.network.state_dict(), train("cnn", data, **SHORT).network.state_dict())


def test_a_training_that_could_not_be_saved_is_resumed_without_another_epoch(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = OPTIONS | {"learning_rate": 0.3, "unfrozen_learning_rate": None, "patience": 2}
    expected = train("cnn", data, **options)
    assert expected.history is not None and len(expected.history) < 40

    def full(*arguments: object, **keywords: object) -> None:
        raise OSError("no space left on device")

    out = tmp_path / "model"
    with monkeypatch.context() as broken, pytest.raises(OSError, match="no space left"):
        broken.setattr(Classifier, "save", full)
        train("cnn", data, out=out, **options)
    assert finished(out) == len(expected.history)
    resumed = train("cnn", data, out=out, resume=True, **options)
    assert same_run(resumed, expected)


def interrupted(data: Dataset, out: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
    """Leave the state of a training whose disk was full at the end."""

    def full(*arguments: object, **keywords: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as broken, pytest.raises(OSError, match="no space left"):
        broken.setattr(Classifier, "save", full)
        train("cnn", data, out=out, **SHORT | options)


SHORT: dict[str, Any] = {"embedding_size": 8, "filters": 4, "epochs": 2, "device": "cpu"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"learning_rate": 0.5}, "began with training.learning_rate = 0.002, but now it is 0.5; resume with what"),
        ({"filters": 5}, "began with network.filters = 4, but now it is 5"),
        ({"max_length": 77}, "began with text.max_length = 2000, but now it is 77"),
        ({"freeze_epochs": 1}, "began with training.freeze_epochs = 0, but now it is 1"),
    ],
)
def test_other_settings_are_not_resumed(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], sentence: str
) -> None:
    interrupted(data, tmp_path / "model", monkeypatch)
    with pytest.raises(ValueError, match=sentence):
        train("cnn", data, out=tmp_path / "model", resume=True, **SHORT | change)
    assert finished(tmp_path / "model") == 2


def test_other_data_and_other_vectors_are_not_resumed(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = [tmp_path / "one.txt", tmp_path / "other.txt"]
    for number, file in enumerate(vectors):
        file.write_text("".join(f"{word} {' '.join([str(number)] * 8)}\n" for word in ("film", "great", "the")))
    interrupted(data, tmp_path / "model", monkeypatch, glove=vectors[0])
    with pytest.raises(ValueError, match=r"began with vectors.file = 'one.txt', but now it is 'other.txt'"):
        train("cnn", data, out=tmp_path / "model", resume=True, glove=vectors[1], **SHORT)
    fewer = replace(data, test=data.test.head(4))
    with pytest.raises(ValueError, match="began with data = '"):
        train("cnn", fewer, out=tmp_path / "model", resume=True, glove=vectors[0], **SHORT)


def test_an_interrupted_training_is_neither_lost_nor_resumed_unasked(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "model"
    interrupted(data, out, monkeypatch)
    with pytest.raises(FileExistsError, match=r"holds an interrupted training; continue it with resume=True"):
        train("cnn", data, out=out, **SHORT)
    assert finished(out) == 2
    train("cnn", data, out=out, overwrite=True, **SHORT | {"epochs": 1})
    assert Classifier.load(out, device="cpu").provenance["training"]["epochs"] == 1


def test_resuming_where_nothing_was_begun_begins(data: Dataset, tmp_path: Path) -> None:
    classifier = train("cnn", data, out=tmp_path / "model", resume=True, **SHORT)
    assert same(classifier.network.state_dict(), train("cnn", data, **SHORT).network.state_dict())


def test_a_damaged_state_is_refused_and_can_be_started_over(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "model"
    interrupted(data, out, monkeypatch)
    state = out / "training" / STATE
    state.write_bytes(state.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"the state of the interrupted training .* is damaged .*; start over with"):
        train("cnn", data, out=out, resume=True, **SHORT)
    train("cnn", data, out=out, overwrite=True, **SHORT)


def test_a_state_of_a_newer_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as newer:
        newer.setattr("attribkit.training.resume.FORMAT", 2)
        StateIO({}).save_checkpoint({}, tmp_path / STATE)
    with pytest.raises(ValueError, match="has format 2, this version resumes 1; start over with"):
        StateIO({}).load_checkpoint(tmp_path / STATE)


def test_a_state_comes_back_as_it_was_and_is_no_pickle(tmp_path: Path) -> None:
    state = {
        "numbers": [1, 2.5, float("inf"), float("-inf"), True, None],
        "pair": ("a", {0: torch.tensor([1.0, 2.0]), 1: {"step": torch.tensor(3.0)}}),
        "view": torch.arange(6).reshape(2, 3).t(),
        "$tensor": "a key of its own",
        "empty": {},
        "half": torch.ones(2, dtype=torch.bfloat16),
    }
    io = StateIO({"data": "x"})
    io.save_checkpoint(state, tmp_path / STATE)
    found = io.load_checkpoint(tmp_path / STATE)
    assert repr(found) == repr(state)
    assert found["half"].dtype == torch.bfloat16 and isinstance(found["pair"], tuple)
    assert read_header(tmp_path / STATE)["identity"] == {"data": "x"}
    assert [file.name for file in tmp_path.iterdir()] == [STATE]
    with pytest.raises(TypeError, match="a training's state must be plain data and tensors, got set"):
        io.save_checkpoint({"a": {1}}, tmp_path / STATE)
    assert repr(io.load_checkpoint(tmp_path / STATE)) == repr(state)
    io.remove_checkpoint(tmp_path / STATE)
    assert not list(tmp_path.iterdir())


def test_a_disk_that_would_be_full_before_the_end_is_refused_at_the_beginning(tmp_path: Path) -> None:
    with torch.device("meta"):
        huge = torch.nn.Linear(10**8, 10**6)
    with pytest.raises(OSError, match=r"training needs [\d,]+ MB of disk in .*, only [\d,]+ MB are free; make room"):
        check_space(tmp_path, huge, 0)
