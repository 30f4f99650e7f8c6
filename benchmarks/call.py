"""What the calls that people type cost, beside Captum's layer integrated gradients with delta, in one process and run.

    python benchmarks/call.py
    python benchmarks/call.py --quick --models imdb-cnn --texts "5 words" "one text"

Prints one JSON line per measurement, then a table: milliseconds of processor time per call, medians of interleaved
repetitions on one thread, so that a busy machine slows all alike; wall-clock time stands in the JSON lines. Where there
is a GPU, the same again on it, in wall-clock time. Captum explains the first 16 of 256 texts; its figure is scaled to
all. Before the table stands what the encoder takes beside the `tokenizers` library. Real texts are read where
$ATTRIBKIT_DATA has imdb/test.parquet and ag_news/test.csv; otherwise texts of such lengths are drawn from the model's
own vocabulary.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from captum.attr import LayerIntegratedGradients
from torch import Tensor

import attribkit as ak
from attribkit.models.classifier import Classifier
from attribkit.models.model_folder import bundled
from attribkit.text.tokenizer import Tokenizer
from attribkit.text.word_split import WordSplit

SHORT = "It was a horrible movie"
TOKENS, MANY, CAPTUM_TEXTS = 250, 256, 16
REPETITIONS = {"5 words": 31, "one text": 21, f"{CAPTUM_TEXTS} texts": 5, f"{MANY} texts": 3}


def report(**values: Any) -> None:
    print(json.dumps(values), flush=True)


def load_texts(model: Classifier) -> tuple[str, list[str]]:
    """Texts of a model's own kind, and where they come from; those nearest to `TOKENS` tokens first."""
    source = "ag_news" if model.name.startswith("ag") else "imdb"
    file = Path(os.environ.get("ATTRIBKIT_DATA", "")) / source / ("test.csv" if source == "ag_news" else "test.parquet")
    if not file.is_file():
        random = np.random.default_rng(0)
        words = np.array(list(cast(Tokenizer, model.tokenizer).vocabulary)[2:])
        return "drawn", [" ".join(random.choice(words, TOKENS)) for _ in range(MANY)]
    table = pd.read_parquet(file) if source == "imdb" else pd.read_csv(file)
    texts = table["text"].tolist()[:: max(1, len(table) // 1_000)]
    lengths = [len(row) for row in model.ids(texts)]
    return source, [texts[row] for row in np.argsort(np.abs(np.array(lengths) - TOKENS), kind="stable")[:MANY]]


def captum(model: Classifier, texts: Sequence[str], steps: int, internal: int) -> Any:
    """Layer integrated gradients of the log-odds from PAD, with its convergence delta."""
    ids, mask = model.batch(model.ids(texts))
    predicted = model.network(ids, mask).argmax(1)

    def log_odds(some: Tensor, real: Tensor, index: Tensor) -> Tensor:
        logits = model.network(some, real)
        chosen = logits.gather(1, index.unsqueeze(1)).squeeze(1)
        others = logits.masked_fill(torch.nn.functional.one_hot(index, logits.shape[1]).bool(), -torch.inf)
        return chosen - others.logsumexp(1)

    return LayerIntegratedGradients(log_odds, model.network.embedding).attribute(
        ids,
        baselines=torch.zeros_like(ids),
        additional_forward_args=(mask, predicted),
        n_steps=steps,
        internal_batch_size=max(internal, len(ids)),
        return_convergence_delta=True,
    )


def best_internal(model: Classifier, texts: Sequence[str]) -> int:
    """The internal_batch_size with which Captum is fastest here."""

    def seconds(size: int) -> float:
        begun = time.process_time()
        captum(model, texts, 50, size)
        return time.process_time() - begun

    return min((16, 32, 64, 128), key=seconds)


def saved(model: Classifier, texts: list[str], folder: str) -> None:
    """Explained and written, so that nothing that is made when asked for stays out of the account."""
    ak.explain(model, texts).save(Path(folder) / "why.json")


def runs_of(model: Classifier, texts: list[str], folder: str) -> dict[str, tuple[Callable[[], object], float]]:
    """Each call, and by how much its time is multiplied: Captum explains fewer texts."""
    few = texts[:CAPTUM_TEXTS]
    internal = best_internal(model, few)
    return {
        "predict": (partial(model.predict, texts), 1),
        "attribution": (partial(ak.explain, model, texts, views="attribution"), 1),
        "all views": (partial(ak.explain, model, texts), 1),
        "all views, saved as JSON": (partial(saved, model, texts, folder), 1),
        "Captum 50": (partial(captum, model, few, 50, internal), len(texts) / len(few)),
        "Captum 500": (partial(captum, model, few, 500, internal), len(texts) / len(few)),
    }


def measure(runs: dict[str, tuple[Callable[[], object], float]], repetitions: int, gpu: bool) -> dict[str, Any]:
    """Median and least processor and wall-clock seconds of each, in turns; the first turn is for warming up."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for repetition in range(repetitions + 1):
        for name, (run, factor) in runs.items():
            if name == "Captum 500" and repetition > 1:  # ten times Captum 50, whose median is known
                continue
            wall, cpu = time.perf_counter(), time.process_time()
            run()
            if gpu:
                torch.cuda.synchronize()
            spent = (time.process_time() - cpu) * factor, (time.perf_counter() - wall) * factor
            if repetition:
                times[name].append(spent)
    return {
        name: {
            "cpu": statistics.median(cpu for cpu, _ in each),
            "least_cpu": min(cpu for cpu, _ in each),
            "wall": statistics.median(wall for _, wall in each),
        }
        for name, each in times.items()
    }


def bench(name: str, device: str, kinds: Sequence[str], quick: bool) -> pd.DataFrame:
    """One column for each number of texts, in milliseconds."""
    model = ak.load(name, device)
    source, texts = load_texts(model)
    counts = {"5 words": 0, "one text": 1, f"{CAPTUM_TEXTS} texts": CAPTUM_TEXTS, f"{MANY} texts": MANY}
    columns = {}
    for kind in kinds:
        with TemporaryDirectory() as folder:
            repetitions = max(1, REPETITIONS[kind] // (5 if quick else 1))
            calls = runs_of(model, texts[: counts[kind]] or [SHORT], folder)
            times = measure(calls, repetitions, device == "cuda")
        for call, seconds in times.items():
            ratios = {f"per {other}": seconds["cpu"] / times[other]["cpu"] for other in ("predict", "Captum 50")}
            report(measure="call", model=name, device=device, source=source, texts=kind, call=call, **seconds, **ratios)
        clock = "wall" if device == "cuda" else "cpu"
        columns[f"{name}, {device}, {kind}"] = {call: 1_000 * seconds[clock] for call, seconds in times.items()}
    return pd.DataFrame(columns)


def encoder(quick: bool) -> None:
    """Reviews from characters to ids, and to ids and spans: this package's encoder, the library's, the least of both.

    The least is Python's regular expressions alone, which find the words without looking up a number.
    """
    model = ak.load("imdb-cnn", "cpu")
    tokenizer = cast(Tokenizer, model.tokenizer)
    file = Path(os.environ.get("ATTRIBKIT_DATA", "")) / "imdb" / "test.parquet"
    if not file.is_file():
        report(measure="encoder", skipped="it needs imdb/test.parquet in $ATTRIBKIT_DATA")
        return
    texts = pd.read_parquet(file)["text"].tolist()[:: 25 if quick else 1]
    split = cast(WordSplit, tokenizer._split)
    common = [text for text in texts if split.knows(text)]
    runs: dict[str, tuple[Callable[[], object], float]] = {
        "ids": (partial(tokenizer.ids, texts), 1),
        "ids, library": (partial(tokenizer._library_ids, texts), 1),
        "ids, words found only": (lambda: [split.words(text) for text in common], 1),
        "ids and spans": (partial(tokenizer.encode, texts), 1),
        "ids and spans, library": (partial(tokenizer._library_encoded, texts), 1),
        "ids and spans, words found only": (lambda: [split.pieces(text) for text in common], 1),
    }
    for name, seconds in measure(runs, 3, gpu=False).items():
        report(measure="encoder", texts=len(texts), known=len(common) / len(texts), run=name, **seconds)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--models", nargs="+", default=bundled())
    parser.add_argument("--texts", nargs="+", default=list(REPETITIONS), choices=list(REPETITIONS))
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    report(measure="setting", torch=torch.__version__, threads=1, load=os.getloadavg())
    encoder(options.quick)
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    tables = [bench(name, device, options.texts, options.quick) for name in options.models for device in devices]
    print(pd.concat(tables, axis=1).T.to_string(float_format=lambda value: f"{value:,.1f}"))


if __name__ == "__main__":
    main()
