"""What a machine does: full disks, folders that refuse, no home, clocks set back, two at work in one place."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.dataset as ds
import pytest
from corpus.conftest import TEXTS

import attribkit as ak
from attribkit.corpus import explain_corpus
from attribkit.models.classifier import Classifier

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
    tried("machine: full disks", 2)


def test_a_folder_that_refuses_is_one_sentence(make_classifier: Make, tried: Tried) -> None:
    """As an ordinary user, for whom permissions hold; before that into a folder that does not refuse."""
    with tempfile.TemporaryDirectory() as open_to_all:  # pytest's own folders let nobody else in
        place = Path(open_to_all)
        place.chmod(0o755)
        model, table = make_classifier().save(place / "model"), place / "in.csv"
        table.write_text(
            "text,label\n" + "".join(f"a {word} film {row},{word}\n" for row in range(20) for word in ("good", "bad"))
        )
        (place / "open").mkdir()
        (place / "locked").mkdir(mode=0o555)
        told = {
            name: [
                [
                    "explain",
                    str(model),
                    "a good film",
                    "--view",
                    "attribution",
                    "--out",
                    str(place / name / "why.html"),
                ],
                ["explain", str(model), "a good film", "--view", "attribution", "--out", str(place / name / "why.png")],
                ["corpus", str(model), str(table), str(place / name / "out"), "--workers", "1"],
                ["train", str(table), "--out", str(place / name / "mine"), "--epochs", "1", "--filters", "2"],
            ]
            for name in ("open", "locked")
        }
        code = (
            "import os\nfrom attribkit.cli import main\n"
            "def run(commands):\n    for arguments in commands:\n"
            "        try: main(arguments)\n        except SystemExit as end: print('code', end.code, flush=True)\n"
            f"run({told['open']!r})\n"
            "if os.geteuid() == 0:\n    os.setgroups([])\n    os.setgid(65534)\n    os.setuid(65534)\n"
            f"run({told['locked']!r})"
        )
        done, commands = python(code), len(told["locked"])
        assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
        assert done.stdout.count("code 2") == done.stdout.count("code 0") == commands, done.stdout + done.stderr
        assert done.stderr.count("error:") == commands == done.stderr.count(str(place / "locked")), done.stderr
        assert len(list((place / "open").iterdir())) == 4 and not list((place / "locked").iterdir())
    tried("machine: writes into folders that refuse", commands)


def test_two_processes_may_save_to_one_folder(make_classifier: Make, tmp_path: Path, full: bool, tried: Tried) -> None:
    folder, models = tmp_path / "model", [make_classifier(seed=seed) for seed in (0, 1)]
    good, count, loaded = {model.fingerprint() for model in models}, 200 if full else 15, 0
    for seed, model in enumerate(models):
        model.save(tmp_path / f"model-{seed}")
    models[0].save(folder)
    codes = [
        f"import attribkit as ak; model = ak.load({str(tmp_path / f'model-{seed}')!r}, 'cpu')\n"
        f"for _ in range({count}): model.save({str(folder)!r}, overwrite=True)"
        for seed in (0, 1)
    ]
    with ThreadPoolExecutor(2) as pool:
        savers = [pool.submit(python, code) for code in codes]
        while not all(saver.done() for saver in savers):
            assert Classifier.load(folder, "cpu").fingerprint() in good
            loaded += 1
    assert [saver.result().stderr for saver in savers] == ["", ""]
    assert Classifier.load(folder, "cpu").fingerprint() in good
    assert not [one.name for one in folder.iterdir() if one.name.startswith(".")]
    tried("machine: saves of two processes into one folder", 2 * count)
    tried("machine: loads meanwhile", loaded)


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
    tried("machine: places that cannot be written", 4)


def test_no_home_directory(model_folder: Path, tmp_path: Path, tried: Tried) -> None:
    why = tmp_path / "why.png"
    arguments = ["explain", str(model_folder), "a good film", "--view", "attribution", "--out", str(why)]
    # as a user whom the system does not know either, so that there is nowhere to fall back to
    code = (
        "import os\nif os.geteuid() == 0: os.environ.pop('HOME', None)\n"
        f"from attribkit.cli import main; main({arguments!r})"
    )
    done = python(code, HOME="/proc/nonexistent", XDG_CACHE_HOME="/proc/nonexistent", MPLCONFIGDIR="")
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    assert why.stat().st_size > 1_000
    tried("machine: homes that do not exist")


def test_a_clock_set_back(
    model_folder: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tried: Tried
) -> None:
    told: list[tuple[int, int, str]] = []

    def tell(done: int, total: int, what: str) -> None:
        told.append((done, total, what))

    now = [time.time()]

    def backwards() -> float:
        now[0] -= 3_600
        return now[0]

    monkeypatch.setattr(time, "time", backwards)
    run = explain_corpus(model_folder, table, tmp_path / "out", workers=1, window=200, progress=tell)
    assert run.seconds >= 0 and told and all(0 <= done <= total and "-" not in what for done, total, what in told)
    data = ak.load_dataset("demo").sample(20)
    learner = ak.train("cnn", data, epochs=2, filters=2, embedding_size=4, device="cpu", out=tmp_path / "model")
    assert learner.history is not None and (learner.history["seconds"] >= 0).all()
    assert Classifier.load(tmp_path / "model", "cpu").fingerprint() == learner.fingerprint()
    tried("machine: clocks set back", 2)
