"""`kill -9` at random moments: what was under way is taken up again, and ends as if nothing had been."""

import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow.dataset as ds
import pytest
from corpus.conftest import TEXTS
from corpus.test_run import assert_same

import attribkit as ak
from attribkit.corpus import explain_corpus
from attribkit.data.download import named_tables
from attribkit.data.registry import read_nlu_ru
from attribkit.data.source import RemoteFile, Source
from attribkit.models.classifier import Classifier

Make = Callable[..., Classifier]
Tried = Callable[..., None]


@dataclass
class Program:
    """A Python program that imports what it needs, prints a line, and then works.

    Attributes:
        done: how much was done so far, in units of its own: what a busy machine does in a second is not to be known.
        most: units after which it is killed at the latest.
        pause: seconds that a unit takes on an idle machine; it is killed at any moment of one.
    """

    imports: str
    work: str
    done: Callable[[], int]
    most: int
    pause: float
    environment: dict[str, str] = field(default_factory=dict)

    def killed(self, times: int, seed: int) -> Iterator[bool]:
        """Start it again and again, killing it at random moments of its work; for each life, whether it was killed.

        The last life, after so many kills, is left to end by itself.
        """
        chosen, kills = random.Random(seed), 0
        while True:
            units, part = chosen.randint(0, self.most), chosen.random()
            was_killed = self._life((units, part) if kills < times else None)
            kills += was_killed
            yield was_killed
            if kills >= times and not was_killed:
                return

    def _life(self, moment: tuple[int, float] | None) -> bool:
        code = f"{self.imports}\nprint('ready', flush=True)\n{self.work}"
        # a file and not a pipe: worker processes that outlive the killed one keep it open, and nobody waits for them
        with (
            tempfile.TemporaryFile("w+") as told,
            subprocess.Popen(
                [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=told, env=os.environ | self.environment
            ) as process,
        ):
            begun = self.done()
            assert process.stdout and process.stdout.readline() == b"ready\n", told.seek(0) or told.read()
            while moment is not None and process.poll() is None:
                if self.done() - begun >= moment[0]:
                    try:
                        process.wait(moment[1] * self.pause)
                    except subprocess.TimeoutExpired:
                        process.kill()
                        return True
                time.sleep(0.001)
            assert process.wait(300) == 0, told.seek(0) or told.read()
            return False


@dataclass
class Writes:
    """How often a file was seen to be another than before."""

    file: Path
    seen: set[int] = field(default_factory=set)

    def __call__(self) -> int:
        if self.file.is_file():
            self.seen.add(self.file.stat().st_mtime_ns)
        return len(self.seen)


def test_a_training_killed_at_any_moment_comes_to_the_same_weights(tmp_path: Path, full: bool, tried: Tried) -> None:
    data, out = ak.load_dataset("demo").sample(60), tmp_path / "model"
    (tmp_path / "data").mkdir()
    for split in ("train", "validation", "test"):
        getattr(data, split)[["text", "label"]].to_csv(tmp_path / "data" / f"{split}.csv", index=False)
    options = "epochs=30, patience=30, snapshots=[0, 3], freeze_epochs=2, filters=4, embedding_size=8, device='cpu'"
    whole = ak.train("cnn", ak.load_dataset(tmp_path / "data"), **eval(f"dict({options})"))
    program = Program(
        "import sys, pathlib, attribkit as ak\nfrom attribkit.training import train\n"
        f"data = ak.load_dataset({str(tmp_path / 'data')!r})\nout = pathlib.Path({str(out)!r})",
        "if (out / 'training').is_dir() or not (out / 'config.json').is_file():\n"  # else it was killed as it left
        f"    ak.train('cnn', data, out=out, resume=True, {options})",
        Writes(out / "training" / "state.safetensors"),
        most=8,
        pause=0.1,
    )
    resumed = kills = 0
    for killed in program.killed(20 if full else 1, seed=4):
        kills += killed
        resumed += killed and (out / "training" / "state.safetensors").is_file()
        if not killed:
            found = Classifier.load(out, "cpu")
            assert found.fingerprint() == whole.fingerprint()
            assert found.history.drop(columns="seconds").equals(whole.history.drop(columns="seconds"))  # type: ignore[union-attr]
            assert not (out / "training").exists()
            shutil.rmtree(out)
    assert resumed or not full
    tried("kills: of a training", kills)
    tried("kills: of a training, gone on with from its state", resumed)


def test_a_corpus_run_killed_at_any_moment_loses_and_repeats_nothing(
    model_folder: Path, tmp_path: Path, full: bool, tried: Tried
) -> None:
    table, out = tmp_path / "in.csv", tmp_path / "out"
    table.write_text("text\n" + "".join(f'"{text}"\n' for text in TEXTS))
    explain_corpus(model_folder, table, tmp_path / "whole", window=2, workers=1, words=True)
    kills = 0
    for workers in ("1", "2") if full else ("1",):
        arguments = ["corpus", *map(str, (model_folder, table, out)), "--window", "2", "--words", "--workers", workers]
        program = Program(
            "from attribkit.cli import main\nfrom attribkit.corpus import in_process",
            f"main({arguments!r})",
            lambda: len(list(out.glob("*.parquet"))),
            most=4,
            pause=0.1,
        )
        for killed in program.killed(10 if full else 1, seed=int(workers)):
            kills += killed
            if not killed:
                assert_same(out, tmp_path / "whole")
                rows = ds.dataset(out).to_table(columns=["row"])["row"].to_pylist()
                assert rows == list(range(len(TEXTS)))
                shutil.rmtree(out)
    tried("kills: of a corpus run", kills)
    tried("kills: of a corpus run, rows lost or repeated", 0)  # asserted above, as the files' bytes are


def test_a_save_killed_at_any_moment_leaves_a_whole_model(
    make_classifier: Make, tmp_path: Path, full: bool, tried: Tried
) -> None:
    folder = tmp_path / "model"
    models = [make_classifier(seed=seed) for seed in (0, 1)]
    good = {model.fingerprint() for model in models}
    for seed, model in enumerate(models):
        model.save(tmp_path / f"model-{seed}")
    models[0].save(folder)
    program = Program(
        f"import attribkit as ak\nmodels = [ak.load({str(tmp_path / 'model-')!r} + seed, 'cpu') for seed in '01']",
        f"for _ in range(100_000):\n for model in models: model.save({str(folder)!r}, overwrite=True)",
        Writes(folder / "config.json"),
        most=10,
        pause=0.02,
    )
    kills = 0
    for killed in program.killed(20 if full else 2, seed=3):
        assert killed and Classifier.load(folder, "cpu").fingerprint() in good
        kills += 1
        if kills == (20 if full else 2):
            break
    models[1].save(folder, overwrite=True)
    assert not [one.name for one in folder.iterdir() if one.name.startswith(".")], "killed saves left something behind"
    tried("kills: of a save", kills)


@dataclass
class SlowServer:
    """Sends one file in small pieces; answers ranges."""

    content: bytes
    address: str = ""
    ranges: int = 0
    sent: int = 0

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = handler.headers.get("Range")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        self.ranges += bool(asked)
        if start >= len(self.content):
            handler.send_error(416)
            return
        handler.send_response(206 if asked else 200)
        if asked:
            handler.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        handler.send_header("Content-Length", str(len(self.content) - start))
        handler.end_headers()
        for place in range(start, len(self.content), 4_096):
            try:
                handler.wfile.write(self.content[place : place + 4_096])
            except OSError:
                return  # who asked was killed
            self.sent += 1
            time.sleep(0.005)


@pytest.fixture
def slow_server() -> Iterator[SlowServer]:
    rows = [f"{'good' if row % 3 else 'bad'}\tanswer number {row} of many\n" for row in range(12_000)]
    server = SlowServer("".join(rows).encode())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.address = f"http://127.0.0.1:{http.server_address[1]}/NLU_data_2.txt"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    http.shutdown()
    http.server_close()
    thread.join()


def test_a_download_killed_at_any_moment_goes_on_and_is_never_half(
    slow_server: SlowServer, tmp_path: Path, full: bool, tried: Tried
) -> None:
    cache, out = tmp_path / "cache", tmp_path / "rows.parquet"
    environment = {"ATTRIBKIT_CACHE": str(cache), "NO_PROXY": "127.0.0.1", "ATTRIBKIT_DATA": ""}
    checksum = f"md5:{hashlib.md5(slow_server.content).hexdigest()}"
    source = Source("answers", read_nlu_ru, "the file", (RemoteFile("NLU_data_2.txt", slow_server.address, checksum),))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        named_tables(source)
    program = Program(
        "from attribkit.data import download, registry, source\n"
        f"file = source.RemoteFile('NLU_data_2.txt', {slow_server.address!r}, {checksum!r})\n"
        "named = source.Source('answers', registry.read_nlu_ru, 'the file', (file,))",
        f"download.named_tables(named)['train'].to_parquet({str(out)!r}, index=False)",
        lambda: slow_server.sent,
        most=60,  # of the 94 pieces
        pause=0.01,
        environment=environment,
    )
    whole = ds.dataset(cache / "answers").to_table()
    shutil.rmtree(cache)
    kills = 0
    for killed in program.killed(20 if full else 1, seed=5):
        kills += killed
        if (cache / "answers").exists():  # it is published whole or not at all
            assert ds.dataset(cache / "answers").to_table() == whole
        if not killed:
            assert ds.dataset(out).to_table() == whole
            assert sorted(str(one.relative_to(cache)) for one in cache.glob("*")) == ["answers", "downloads"]
            assert not list((cache / "downloads").iterdir())
            shutil.rmtree(cache)
            out.unlink()
    assert slow_server.ranges or not full
    tried("kills: of a download", kills)
    tried("kills: of a download, gone on with where it stopped", slow_server.ranges)
