"""What exact attribution costs and how right it is, beside captum and beside a forward pass, in one process and run.

    python benchmarks/attribution.py --quick
    python benchmarks/attribution.py --only speed accuracy rnn memory corpus

Prints one JSON line per measurement: medians of interleaved repetitions, so that a busy machine slows all alike. Real
reviews are read where $ATTRIBKIT_DATA has imdb/{train,test}.parquet; otherwise texts of such lengths are drawn.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from captum.attr import LayerIntegratedGradients
from numpy.typing import NDArray
from torch import Tensor

from attribkit.attribution.cnn.integrated_gradients import attribute
from attribkit.attribution.cnn.lookup_tables import Tables
from attribkit.attribution.methods import quadrature
from attribkit.attribution.outputs import Target
from attribkit.models import AttentionRNN, AttentionRNNSettings, CNNSettings, TextCNN, classifier
from attribkit.text import batching
from attribkit.text.settings import TextSettings
from attribkit.text.tokenizer import Tokenizer

VOCABULARY = 20_000
SHORT, ROW = ("exact", "exact and check"), ", ten in a row"
Ids = list[NDArray[np.int64]]


@dataclass(frozen=True)
class Texts:
    """Texts as ids, and where they come from; `raw` where they are real."""

    source: str
    ids: Ids
    raw: list[str]
    tokenizer: Tokenizer | None

    def read_by(self, model: classifier.Classifier) -> "Texts":
        """The same texts as another model reads them; synthetic ids are folded into its vocabulary."""
        tokenizer = model.tokenizer
        if isinstance(tokenizer, Tokenizer) and self.raw:
            return Texts(self.source, tokenizer.ids(self.raw), self.raw, tokenizer)
        size = model.network.embedding.num_embeddings
        return Texts(self.source, [2 + row % (size - 2) for row in self.ids], [], None)

    def near(self, length: int, count: int) -> Ids:
        """The texts whose lengths are nearest to one length."""
        order = np.argsort([abs(len(row) - length) for row in self.ids], kind="stable")
        return [self.ids[number] for number in order[:count]]


def report(**values: Any) -> None:
    print(json.dumps(values), flush=True)


def load_texts(quick: bool) -> Texts:
    folder = Path(os.environ.get("ATTRIBKIT_DATA", "")) / "imdb"
    if not (folder / "test.parquet").is_file():
        random = np.random.default_rng(0)
        lengths = np.clip(np.exp(random.normal(5.3, 0.6, 1_000 if quick else 25_000)), 10, 2_000).astype(int)
        return Texts("synthetic", [np.minimum(random.zipf(1.2, n) + 1, VOCABULARY - 1) for n in lengths], [], None)
    train = pd.read_parquet(folder / "train.parquet")["text"].tolist()
    tokenizer = Tokenizer.train(train[:: 10 if quick else 1], TextSettings(vocabulary_size=VOCABULARY))
    raw = pd.read_parquet(folder / "test.parquet")["text"].tolist()[:: 25 if quick else 1]
    return Texts("imdb test", tokenizer.ids(raw), raw, tokenizer)


def seed_cnn() -> TextCNN:
    """The seed course's sizes with random weights, and biases below zero as training leaves them."""
    torch.manual_seed(0)
    network = TextCNN(CNNSettings(VOCABULARY, 2, 300, (3, 4, 5), filters=64)).eval()
    with torch.no_grad():
        network.embedding.weight.mul_(0.4)
        for convolution in network.convolutions:
            torch.nn.init.uniform_(convolution.bias, -0.5, -0.1)  # type: ignore[arg-type]  # a Conv1d of ours has a bias
    return network


def bundled(name: str) -> classifier.Classifier | None:
    try:
        return classifier.Classifier.load(name, device="cpu")
    except (FileNotFoundError, ValueError) as error:
        report(measure="bundled model", model=name, skipped=str(error))
        return None


def padded(ids: Ids) -> tuple[Tensor, Tensor]:
    rows, mask = batching.pad(ids, 0)
    return torch.from_numpy(rows), torch.from_numpy(mask)


def positive(texts: int) -> Target:
    return Target("log_odds", torch.ones(texts, dtype=torch.int64))


def check(network: Any, ids: Tensor, mask: Tensor, target: Target) -> Tensor:
    """S(text) − S(baseline) from the network's own forward pass; with a zero baseline one padding token says it all."""
    nothing = torch.zeros_like(mask[:1])
    nothing[:, 0] = True
    with torch.no_grad():
        logits = network(torch.cat((ids, torch.zeros_like(ids[:1]))), torch.cat((mask, nothing))).double()
    return target.of(logits[:-1]) - target.of(logits[-1:].expand(len(ids), -1))


@torch.no_grad()
def conv1d(network: TextCNN, ids: Tensor, mask: Tensor) -> Tensor:
    """The network as its course writes it: embed every token, convolve, take the maximum. Ours convolves words once."""
    channels = (network.embedding(ids) * mask.unsqueeze(2)).transpose(1, 2)
    pooled = []
    for convolution, width in zip(network.convolutions, network.settings.widths, strict=True):
        real = torch.nn.functional.pad(mask, (width - 1, width - 1)).unfold(1, width, 1).any(2)
        pooled.append(convolution(channels).masked_fill(~real.unsqueeze(1), -torch.inf).amax(2).relu())
    return network.output(torch.cat(pooled, dim=1))


@torch.no_grad()
def forward(network: Any, ids: Tensor, mask: Tensor) -> Tensor:
    return network(ids, mask)


def exact_and_check(network: Any, ids: Tensor, mask: Tensor, target: Target, tables: Tables) -> tuple[Tensor, Tensor]:
    return attribute(network, ids, mask, None, [target], tables).scores, check(network, ids, mask, target)


def captum(network: Any, ids: Tensor, mask: Tensor, steps: int, internal: int) -> Tensor:
    def scalar(some: Tensor, real: Tensor) -> Tensor:
        return positive(len(some)).of(network(some, real))

    method = LayerIntegratedGradients(scalar, network.embedding)
    found = method.attribute(
        ids,
        baselines=torch.zeros_like(ids),
        additional_forward_args=(mask,),
        n_steps=steps,
        # its nodes for thousands of Gauss–Legendre steps cost more than the gradients: not to be held against it
        method="gausslegendre" if steps <= 500 else "riemann_middle",
        internal_batch_size=max(internal, len(ids)),
    )
    assert isinstance(found, Tensor)
    return found.sum(2)


def best_internal(network: Any, ids: Tensor, mask: Tensor, steps: int = 50) -> int:
    """The internal_batch_size with which captum is fastest here; of thousands of steps the first 500 tell it."""
    runs: dict[str, Callable[[], object]] = {
        str(size): partial(captum, network, ids, mask, min(steps, 500), size) for size in (16, 32, 64, 128)
    }
    times = medians(runs, 2 if steps <= 50 else 1)
    return int(min(times, key=lambda size: times[size]))


def ten_in_a_row(run: Callable[[], object]) -> None:
    """What a loop over reviews sees: between other work a call finds the processor's caches full of that."""
    for _ in range(10):
        run()


def medians(runs: dict[str, Callable[[], object]], repetitions: int) -> dict[str, float]:
    """Seconds each takes, in turns."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for repetition in range(repetitions + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            if repetition:  # the first is for warming up
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in times.items()}


def speed(network: Any, model: str, texts: Texts, quick: bool) -> None:
    start = time.perf_counter()
    tables = Tables.build(network)
    report(measure="tables", model=model, seconds=time.perf_counter() - start, bytes=tables.nbytes)
    for count in (1, 16, 256):
        ids, mask = padded(texts.near(250, count))
        target = positive(count)

        exact = partial(attribute, network, ids, mask, None, [target])
        runs: dict[str, Callable[[], object]] = {
            "Conv1d forward": partial(conv1d, network, ids, mask),
            "forward": partial(forward, network, ids, mask),
            "exact": partial(exact, tables),
            "exact and check": partial(exact_and_check, network, ids, mask, target, tables),
            "exact, no tables": exact,
            "tables of these texts": partial(Tables.build, network, ids),
            "check": partial(check, network, ids, mask, target),
        }
        if count == 1:
            runs |= {f"{name}{ROW}": partial(ten_in_a_row, runs[name]) for name in (*SHORT, "Conv1d forward")}
        if count <= 16:
            runs["captum 50"] = partial(captum, network, ids, mask, 50, best_internal(network, ids, mask))
        seconds = medians(runs, {1: 30, 16: 10, 256: 5}[count] // (3 if quick else 1))
        seconds = {name: each / (10 if name.endswith(ROW) else 1) for name, each in seconds.items()}
        report_times(model, texts.source, count, seconds)
        report(measure="split per review", model=model, texts=count, tables=seconds["tables of these texts"] / count,
               attribution=seconds["exact"] / count, forward=seconds["check"] / count)  # fmt: skip
        if count == 1:
            steps = 500 if quick else 5_000
            internal = best_internal(network, ids, mask, steps)
            start = time.perf_counter()
            captum(network, ids, mask, steps, internal)
            slow = (time.perf_counter() - start) * 5_000 / steps
            for name, least in zip(SHORT, (30_000, 10_000), strict=True):
                for how in ("", ROW):
                    report(measure="against captum 5,000 on one", model=model, run=name + how, target=f">= {least}",
                           ratio=slow / seconds[name + how], captum_seconds=slow, captum_steps=steps,
                           internal_batch_size=internal)  # fmt: skip
        if count == 16:
            for name, least in (("exact", 600), ("exact and check", 100), ("exact, no tables", 60)):
                report(measure="against captum 50 on 16", model=model, run=name, target=f">= {least}",
                       ratio=seconds["captum 50"] / seconds[name])  # fmt: skip
        for name, most in zip(SHORT, (0.3, 1.5), strict=True):
            for how in ("", ROW) if count == 1 else ("",):
                report(measure="against a Conv1d forward pass", model=model, run=name + how, texts=count,
                       target=f"<= {most}", ratio=seconds[name + how] / seconds["Conv1d forward" + how])  # fmt: skip


def report_times(model: str, source: str, texts: int, seconds: dict[str, float]) -> None:
    for name, each in seconds.items():
        report(measure="time", model=model, source=source, run=name, texts=texts, seconds=each, per_text=each / texts)


def relative(scores: Tensor, difference: Tensor) -> Tensor:
    size = scores.abs().sum(1)
    return ((scores.sum(1) - difference).abs() / size.clamp(min=1e-300)).where(size > 0, 0.0)


def accuracy(network: Any, model: str, texts: Texts, quick: bool) -> None:
    ids, mask = padded(texts.near(250, 1))
    double = type(network)(network.settings).double().eval()
    double.load_state_dict(network.state_dict())
    exact = attribute(network, ids, mask, None, [positive(1)]).scores[0]
    exact_double = attribute(double, ids, mask, None, [positive(1)]).scores[0]
    for steps in (50, 500, 1_000 if quick else 5_000):
        internal = best_internal(network, ids, mask, steps)
        start = time.perf_counter()
        found = captum(network, ids, mask, steps, internal).double()
        seconds = time.perf_counter() - start
        slow = captum(double, ids, mask, steps, internal)
        report(
            measure="captum", model=model, steps=steps, seconds=seconds, internal_batch_size=internal,
            relative_error=relative(found, check(network, ids, mask, positive(1))).item(),
            relative_error_float64=relative(slow, check(double, ids, mask, positive(1))).item(),
            exact_differs_by=((exact - slow).abs().max() / slow.abs().sum()).item(),
            exact_float64_differs_by=((exact_double - slow).abs().max() / slow.abs().sum()).item(),
        )  # fmt: skip
    sample = texts.ids if not quick else texts.ids[:500]
    errors = []
    tables = Tables.build(network)
    for rows in batching.by_length([len(row) for row in sample]):
        ids, mask = padded([sample[row] for row in rows])
        scores = attribute(network, ids, mask, None, [positive(len(ids))], tables).scores[0]
        errors.append(relative(scores, check(network, ids, mask, positive(len(ids)))))
    error = torch.cat(errors)
    report(measure="completeness", model=model, source=texts.source, texts=len(error), dtype="float32",
           largest=error.max().item(), median=error.median().item(), target="<= 1e-5, median <= 1e-6")  # fmt: skip


def corpus(network: Any, model: str, texts: Texts, sample: int = 1_000) -> None:
    """Every text from its characters to its scores; the first texts of each tenth batch are checked by the network."""
    start = time.perf_counter()
    ids = texts.tokenizer.ids(texts.raw) if texts.tokenizer else texts.ids
    tokenised = time.perf_counter()
    tables = Tables.build(network)
    built = time.perf_counter()
    errors: list[Tensor] = []
    checking, checked = 0.0, 0
    for number, rows in enumerate(batching.by_length([len(row) for row in ids])):
        some, mask = padded([ids[row] for row in rows])
        scores = attribute(network, some, mask, None, [positive(len(some))], tables).scores[0]
        if number % 10 == 0 and checked < sample:
            now = time.perf_counter()
            errors.append(relative(scores[:64], check(network, some[:64], mask[:64], positive(len(some[:64])))))
            checking, checked = checking + time.perf_counter() - now, checked + len(errors[-1])
    end = time.perf_counter()
    report(measure="corpus", model=model, source=texts.source, texts=len(ids), seconds=end - start, target="<= 15 s",
           tokenising=tokenised - start, tables=built - tokenised, attribution=end - built - checking,
           checking=checking, checked=checked, largest_error=torch.cat(errors).max().item())  # fmt: skip


def solve_by_quadrature(network: Any, ids: Tensor, mask: Tensor, tolerance: float = 1e-4) -> quadrature.Result:
    """Adaptive quadrature with all it needs, the network's own forward passes for the check included."""

    def from_embeddings(points: Tensor, mask: Tensor, _: Tensor | None = None) -> Tensor:
        handle = network.embedding.register_forward_hook(lambda *_: points)
        try:
            return network(torch.zeros(mask.shape, dtype=torch.int64), mask)
        finally:
            handle.remove()

    embedded = network.embedding(ids).detach() * mask.unsqueeze(2)
    target, nothing = positive(len(ids)), torch.zeros_like(embedded)
    with torch.no_grad():
        text, baseline = network(ids, mask).double(), from_embeddings(nothing, mask).double()
    difference = (target.of(text) - target.of(baseline)).unsqueeze(0)
    return quadrature.integrated_gradients(
        from_embeddings, embedded, nothing, mask, [target], difference, tolerance=tolerance
    )


def attention(network: Any, model: str, texts: Texts, quick: bool) -> None:
    solve = partial(solve_by_quadrature, network)
    ids, mask = padded(texts.near(250, 16))
    internal = best_internal(network, ids, mask)
    seconds = medians(
        {"captum 50": lambda: captum(network, ids, mask, 50, internal), "quadrature": lambda: solve(ids, mask)},
        1 if quick else 3,
    )
    report_times(model, texts.source, 16, seconds)
    report(measure="against captum 50 on 16", model=model, run="quadrature", target=">= 2",
           ratio=seconds["captum 50"] / seconds["quadrature"])  # fmt: skip
    one, real = ids[:1], mask[:1]
    slow = captum(network, one, real, 200 if quick else 5_000, internal).double()
    differs = ((solve(one, real).scores[0] - slow).abs().max() / slow.abs().sum()).item()
    report(measure="quadrature against captum 5,000", model=model, differs_by=differs, target="<= 1e-4")
    random = np.random.default_rng(0).permutation(len(texts.ids))[: 20 if quick else 2_000]
    converged, nodes = [], []
    for rows in batching.by_length([len(texts.ids[row]) for row in random], tokens=8_192):
        result = solve(*padded([texts.ids[random[row]] for row in rows]))
        converged.append(result.converged[0])
        nodes.append(result.nodes)
    report(measure="convergence", model=model, texts=len(random), share=torch.cat(converged).double().mean().item(),
           target=">= 0.95", mean_nodes=torch.cat(nodes).double().mean().item())  # fmt: skip


def seed_rnn() -> AttentionRNN:
    torch.manual_seed(0)
    network = AttentionRNN(AttentionRNNSettings(VOCABULARY, 2, 100, hidden=100)).eval()
    with torch.no_grad():
        network.embedding.weight.mul_(0.4)
        network.output.weight.mul_(4)
        network.attention.weight.mul_(4)
    return network


def memory() -> None:
    """Each in a process of its own."""
    if not Path("/proc/self/clear_refs").exists():
        report(measure="peak extra memory", skipped="only Linux tells a process its peak")
        return
    for kind in ("plain", "repeated", "unk", "dense", "probability"):
        command = [sys.executable, __file__, "--memory", kind]
        found = subprocess.run(command, capture_output=True, text=True, check=True)
        report(measure="peak extra memory", run=kind, tokens=50_000, megabytes=float(found.stdout), target="<= 500")


def peak(kind: str) -> float:
    """Megabytes that explaining one text of 50,000 tokens adds to the peak."""
    network = seed_cnn()
    random = torch.Generator().manual_seed(0)
    ids = torch.randint(2, VOCABULARY, (1, 50_000), generator=random)
    if kind in ("repeated", "probability"):
        ids = ids[:, :1].expand(1, 50_000).contiguous()
    mask = torch.ones_like(ids, dtype=torch.bool)
    baseline = {"unk": torch.ones_like(ids), "dense": torch.randn(1, 50_000, 300, generator=random)}.get(kind)
    target = Target("probability" if kind == "probability" else "log_odds", torch.ones(1, dtype=torch.int64))
    small = slice(0, 100)
    attribute(network, ids[:, small], mask[:, small], None, [target])
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    before = resident("VmRSS")
    attribute(network, ids, mask, baseline, [target])
    return resident("VmHWM") - before


def resident(name: str) -> float:
    """Megabytes, from Linux's own account of this process; getrusage would count the parent's peak too."""
    status = Path("/proc/self/status").read_text()
    return float(next(line.split()[1] for line in status.splitlines() if line.startswith(name))) / 1024


def models(kind: str, texts: Texts) -> Iterator[tuple[str, Any, Texts]]:
    """Each network with its name and the texts as it reads them."""
    yield f"seed-sized {kind}", seed_cnn() if kind == "cnn" else seed_rnn(), texts
    model = bundled(f"imdb-{kind}")
    if model is not None:
        yield model.name, model.network, texts.read_by(model)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer texts, steps and repetitions")
    parser.add_argument("--only", nargs="+", default=["speed", "accuracy", "corpus", "rnn", "memory"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    if options.memory:
        print(peak(options.memory))
        return
    texts = load_texts(options.quick)
    lengths = [len(row) for row in texts.ids]
    report(measure="setting", torch=torch.__version__, threads=torch.get_num_threads(), source=texts.source,
           texts=len(lengths), median_length=float(np.median(lengths)), load=os.getloadavg())  # fmt: skip
    for model, network, read in models("cnn", texts):
        if "speed" in options.only:
            speed(network, model, read, options.quick)
        if "accuracy" in options.only:
            accuracy(network, model, read, options.quick)
        if "corpus" in options.only:
            corpus(network, model, read)
    if "rnn" in options.only:
        for model, network, read in models("attention-rnn", texts):
            attention(network, model, read, options.quick)
    if "memory" in options.only:
        memory()


if __name__ == "__main__":
    main()
