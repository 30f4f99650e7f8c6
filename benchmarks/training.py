"""Training beside the plain loop of a public notebook, and an epoch of each network.

    python benchmarks/training.py                  # a tenth of IMDB's training reviews, scaled to 25,000
    python benchmarks/training.py --texts 25000    # all of them
    python benchmarks/training.py --quick          # in about a minute

Prints one JSON line per measurement, each in a process of its own, so that its peak memory is its own. Reviews are
those of IMDB if $ATTRIBKIT_DATA has it, else synthetic ones. `seconds` are wall time, `cpu_seconds` the
processor's, which a busy machine disturbs less.

The plain loop is the notebook's: every word seen is in the vocabulary, 300 dimensions, 64 filters each of widths 3, 4
and 5, batches of 128 shuffled reviews padded to the longest among them, Adam over all weights.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.metrics import f1_score
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.profiler import ProfilerActivity, profile

from attribkit.data import Dataset, load_dataset
from attribkit.progress import silent
from attribkit.text.settings import TextSettings
from attribkit.text.tokenizer import Tokenizer
from attribkit.training.encoding import Batches, encode
from attribkit.training.lightning_module import uses_bfloat16
from attribkit.training.plan import prepare
from attribkit.training.process_state import kept_memory
from attribkit.training.settings import sort_options
from attribkit.training.train import train

ALL = 25_000
OURS: dict[str, tuple[str, dict[str, Any]]] = {
    "cnn": ("cnn", {"embedding_size": 300, "vocabulary_size": 30_000}),
    "attention-rnn": ("attention-rnn", {"embedding_size": 300, "hidden": 100, "vocabulary_size": 30_000}),
    "lstm": ("lstm", {"embedding_size": 300, "hidden": 256, "layers": 2, "vocabulary_size": 30_000}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="400 reviews")
    parser.add_argument("--texts", type=int, default=2_500, help="training reviews")
    parser.add_argument("--epochs", type=int, default=1, help="of the CNN, ours and the plain one")
    parser.add_argument("--only", nargs="+", default=list(MEASURES), choices=MEASURES)
    parser.add_argument("--measure", choices=MEASURES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    texts = 400 if options.quick else options.texts
    if options.measure:
        emit(options.measure, **MEASURES[options.measure](reviews(texts), options.epochs))
        return
    packages = ("torch", "lightning", "numpy")
    emit(
        "machine",
        cores=os.cpu_count(),
        threads=torch.get_num_threads(),
        half_precision=uses_bfloat16("auto", torch.nn.LSTM(1, 1), torch.device("cpu")),
        python=platform.python_version(),
        **{package: version(package) for package in packages},
    )
    found = {}
    for name in options.only:
        command = [sys.executable, __file__, "--measure", name, "--texts", str(texts), "--epochs", str(options.epochs)]
        line = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[-1]
        print(line, flush=True)
        found[name] = json.loads(line)
    if {"plain cnn", "cnn"} <= found.keys():
        plain, ours = found["plain cnn"], found["cnn"]
        emit(
            "cnn against the plain loop",
            faster=plain["seconds_per_epoch"] / ours["seconds_per_epoch"],
            faster_cpu=plain["cpu_seconds_per_epoch"] / ours["cpu_seconds_per_epoch"],
            goal=10,
            f1_plain=plain["f1"],
            f1_ours=ours["f1"],
        )


def reviews(texts: int) -> Dataset:
    folder = os.environ.get("ATTRIBKIT_DATA")
    data = load_dataset("imdb" if folder and (Path(folder) / "imdb").is_dir() else "demo")
    return data if texts >= len(data.train) else data.sample(texts)


def plain_cnn(data: Dataset, epochs: int) -> dict[str, Any]:
    """The notebook's loop."""
    torch.manual_seed(0)
    words = TextSettings(min_frequency=1, vocabulary_size=None, max_length=100_000)
    tokenizer = Tokenizer.train(data.train["text"], words)
    texts, validation = (encode(tokenizer, table, data.labels) for table in (data.train, data.validation))
    network = PlainCNN(len(tokenizer), len(data.labels))
    optimizer = torch.optim.Adam(network.parameters())

    def batch(rows: Any, split: Any) -> tuple[Tensor, Tensor]:
        ids = [torch.tensor(split.ids[row].tolist()) for row in rows]
        return nn.utils.rnn.pad_sequence(ids, batch_first=True), torch.tensor(split.labels[rows])

    def epoch() -> int:
        network.train()
        for rows in np.array_split(np.random.permutation(len(texts)), max(1, len(texts) // 128)):
            ids, labels = batch(rows, texts)
            optimizer.zero_grad()
            F.cross_entropy(network(ids), labels).backward()
            optimizer.step()
        return sum(map(len, texts.ids))

    found = timed(epoch, epochs, len(data.train))
    network.eval()
    predicted = []
    with torch.no_grad():
        for rows in np.array_split(np.arange(len(validation)), max(1, len(validation) // 64)):
            predicted.append(network(batch(rows, validation)[0]).argmax(1))
    return found | {"f1": float(f1_score(validation.labels, torch.cat(predicted))), "vocabulary": len(tokenizer)}


class PlainCNN(nn.Module):
    """Embedding, three convolutions, max over time, a linear layer."""

    def __init__(self, vocabulary: int, classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 300, padding_idx=0)
        self.convolutions = nn.ModuleList(nn.Conv1d(300, 64, width, padding=width - 1) for width in (3, 4, 5))
        self.dropout = nn.Dropout(0.5)
        self.output = nn.Linear(3 * 64, classes)

    def forward(self, ids: Tensor) -> Tensor:
        channels = self.embedding(ids).transpose(1, 2)
        pooled = [F.relu(convolution(channels)).amax(-1) for convolution in self.convolutions]
        return self.output(self.dropout(torch.cat(pooled, 1)))


def trained(name: str, precision: str = "auto") -> Callable[[Dataset, int], dict[str, Any]]:
    """`attribkit.train` as a user calls it; what is timed is the epochs alone, validation apart for no loop has one."""
    architecture, options = OURS[name]

    def measure(data: Dataset, epochs: int) -> dict[str, Any]:
        rounds = epochs if name == "cnn" else 1
        settings = options | {"precision": precision}
        plan = prepare(data, sort_options(architecture, settings), None, None, silent)
        step = stepper(plan, precision)
        step(next(iter(batches(plan, 0))))  # the first step builds what the others reuse
        number = iter(range(rounds))

        def epoch() -> int:
            return sum(step(batch) for batch in batches(plan, next(number)))

        with kept_memory():
            bare = timed(epoch, rounds, len(data.train))
        model = train(architecture, data, epochs=rounds, patience=None, device="cpu", progress=False, **settings)
        return bare | {"f1": float(model.history["val_f1"].iloc[-1]), "vocabulary": model.vocabulary_size}

    return measure


def batches(plan: Any, seed: int) -> Batches:
    return Batches(plan.cropped, plan.options.training.batch_size, plan.options.training.batch_tokens, seed)


def stepper(plan: Any, precision: str) -> Callable[[Any], int]:
    """What Lightning is told to do with a batch, without it; returns how many tokens the batch holds."""
    network, settings = plan.network.train(), plan.options.training
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate, fused=True)
    half = uses_bfloat16(precision, network, torch.device("cpu"))

    def step(batch: tuple[Tensor, Tensor, Tensor]) -> int:
        ids, mask, labels = batch
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            logits = network(ids, mask)
        F.cross_entropy(logits.float(), labels).backward()
        clip_grad_norm_(network.parameters(), settings.gradient_clip)
        optimizer.step()
        return int(mask.sum())

    return step


def lightning(data: Dataset, epochs: int) -> dict[str, Any]:
    """What Lightning adds to a step, beside a step of the CNN.

    Found with a network so small, in batches so small, that most of a step is what is looked for: the CPU seconds of
    two trainings, of few epochs and of many, differ by those epochs alone; from them go those of the same steps bare.
    """
    few, many = 1, 5
    tiny = {"embedding_size": 4, "filters": 1, "vocabulary_size": 500, "max_train_length": 16, "batch_size": 8}
    quiet = Dataset(data.name, data.train, data.validation.head(2), data.test, data.source)
    whole, bare = [], []
    for _ in range(3):
        taken = {}
        for rounds in (few, many):
            started = time.process_time()
            train("cnn", quiet, epochs=rounds, patience=None, device="cpu", progress=False, **tiny)
            taken[rounds] = time.process_time() - started
        whole.append((taken[many] - taken[few]) / (many - few))
        bare.append(bare_epoch(data, tiny)[0])
    steps = bare_epoch(data, tiny)[1]
    seconds, cnn_steps = bare_epoch(data, OURS["cnn"][1])
    added = (min(whole) - min(bare)) / steps
    return {
        "steps": steps,
        "added_cpu_milliseconds_per_step": 1e3 * added,
        "cnn_cpu_milliseconds_per_step": 1e3 * seconds / cnn_steps,
        "overhead": added / (seconds / cnn_steps),
        "goal": 0.05,
    }


def bare_epoch(data: Dataset, options: dict[str, Any]) -> tuple[float, int]:
    """CPU seconds of an epoch of a CNN without Lightning, and its steps."""
    plan = prepare(data, sort_options("cnn", options), None, None, silent)
    step = stepper(plan, "auto")
    step(next(iter(batches(plan, 0))))
    with kept_memory():
        started = time.process_time()
        steps = [step(batch) for batch in batches(plan, 0)]
        return time.process_time() - started, len(steps)


def where(data: Dataset, epochs: int) -> dict[str, Any]:
    """Of each network's training steps, the operations that take most of the CPU's time, with their shares of it."""
    found = {}
    for name, (architecture, options) in OURS.items():
        plan = prepare(data, sort_options(architecture, options), None, None, silent)
        step = stepper(plan, "auto")
        with kept_memory():
            step(next(iter(batches(plan, 0))))
            with profile(activities=[ProfilerActivity.CPU]) as watched:
                for batch in islice(batches(plan, 0), 8):
                    step(batch)
        taken = {row.key: row.self_cpu_time_total for row in watched.key_averages()}
        most = sorted(taken, key=lambda key: -taken[key])[:6]
        found[name] = {key: round(taken[key] / sum(taken.values()), 3) for key in most}
    return found


def timed(epoch: Callable[[], int], epochs: int, texts: int) -> dict[str, Any]:
    """Seconds per epoch, of the quickest, scaled to all of IMDB's training reviews."""
    wall, cpu, tokens = [], [], 0
    for _ in range(epochs):
        started, before = time.perf_counter(), time.process_time()
        tokens = epoch()
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - before)
    scale = ALL / texts
    return {
        "texts": texts,
        "epochs": epochs,
        "seconds_per_epoch": min(wall) * scale,
        "cpu_seconds_per_epoch": min(cpu) * scale,
        "scaled_by": scale,
        "tokens_per_second": tokens / min(wall),
    }


MEASURES: dict[str, Callable[[Dataset, int], dict[str, Any]]] = {
    "plain cnn": plain_cnn,
    "cnn": trained("cnn"),
    "cnn float32": trained("cnn", "float32"),
    "attention-rnn": trained("attention-rnn"),
    "attention-rnn float32": trained("attention-rnn", "float32"),
    "lstm": trained("lstm"),
    "lstm float32": trained("lstm", "float32"),
    "lightning": lightning,
    "where the time goes": where,
}


def emit(measurement: str, **values: Any) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    memory = {} if measurement == "machine" else {"peak_gb": peak}
    print(json.dumps({"measurement": measurement, **values, **memory}), flush=True)


if __name__ == "__main__":
    main()
