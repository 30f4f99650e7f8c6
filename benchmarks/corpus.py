"""What explaining a whole corpus costs: texts a second by cores, length and window, beside captum; memory by size.

    python benchmarks/corpus.py --quick
    python benchmarks/corpus.py --only reviews cores lengths windows ray memory

Prints one JSON line per measurement. Real reviews are read where $ATTRIBKIT_DATA has imdb/test.parquet; otherwise texts
of such lengths are drawn. Every run is the command a user would type, loading and starting included; only the Ray
cluster stands before its clock starts. `memory` fails where memory is not flat, `ray` where rows differ.
"""

import argparse
import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from captum.attr import LayerIntegratedGradients

from attribkit.corpus import explain_corpus
from attribkit.models.classifier import Classifier
from attribkit.models.state import preserve_state

MODELS = ("imdb-cnn", "imdb-attention-rnn")
_SAMPLED = 0.5
"""Seconds between two looks at the memory."""
_MOST_BYTES, _MOST_GROWTH = 2 * 10**9, 1.05
"""What a run may take, and what its last third may take over its first, the first minute left out."""


def report(**values: Any) -> None:
    print(json.dumps(values), flush=True)


def speed(texts: int, seconds: float) -> dict[str, float]:
    return {"texts": texts, "seconds": round(seconds, 2), "texts_per_second": round(texts / seconds, 1)}


def reviews(count: int) -> list[str]:
    file = Path(os.environ.get("ATTRIBKIT_DATA", "")) / "imdb" / "test.parquet"
    if file.is_file():
        texts = pd.read_parquet(file)["text"].tolist()
        return texts[:: max(1, len(texts) // count)][:count]
    return list(drawn(count, 230))


def drawn(count: int, words: int, seed: int = 0) -> Iterator[str]:
    """Texts of about so many words, of words that the bundled models know."""
    random = np.random.default_rng(seed)
    vocabulary = np.array(list(Classifier.load("imdb-cnn", "cpu").tokenizer.vocabulary)[2:])  # type: ignore[attr-defined]
    for length in np.clip(np.exp(random.normal(np.log(words), 0.4, count)), 2, 2_000).astype(int):
        yield " ".join(vocabulary[np.minimum(random.zipf(1.3, length), len(vocabulary) - 1)])


def write(texts: Iterator[str] | Sequence[str], path: Path) -> Path:
    with open(path, "w", encoding="utf-8") as file:
        for number, text in enumerate(texts):
            file.write(json.dumps({"id": number, "text": text}) + "\n")
    return path


def command(model: str, source: Path, out: Path, *options: str) -> tuple[float, list[int]]:
    """Seconds, and the resident bytes of all its processes together, sampled every half second."""
    arguments = [sys.executable, "-m", "attribkit", "corpus", model, str(source), str(out), *options]
    begun, samples = time.perf_counter(), []
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)

    def watch() -> None:
        while process.poll() is None:
            samples.append(_resident(process.pid))
            time.sleep(_SAMPLED)

    watcher = threading.Thread(target=watch)
    watcher.start()
    if process.wait():
        raise RuntimeError(f"the command failed: {' '.join(arguments)}")
    seconds = time.perf_counter() - begun
    watcher.join()
    return seconds, [each for each in samples if each]  # 0 where it had just ended


def _resident(parent: int) -> int:
    """Proportional set size of a process and its children: pages that they share count once."""
    found = 0
    children = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True).stdout.split()
    for process in (str(parent), *children):
        try:
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        found += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) * 1024
    return found


def captum_seconds(model: str, texts: Sequence[str]) -> tuple[float, float, int]:
    """Captum's seconds and core-seconds per text with 50 steps, its best `internal_batch_size`; reading excluded."""
    classifier = Classifier.load(model, "cpu")
    network, ids = classifier.network, classifier.ids(texts)
    best = (float("inf"), 0)
    with preserve_state(network):
        for rows in (8, 32, 128):
            seconds = _captum(classifier, network, ids[: max(8, len(ids) // 4)], rows)
            best = min(best, (seconds, rows))
        work = time.process_time()
        seconds = _captum(classifier, network, ids, best[1])
        return seconds, (time.process_time() - work) / len(ids), best[1]


def _captum(classifier: Classifier, network: Any, ids: Sequence[Any], rows: int) -> float:
    """Seconds per text; texts of like length together, as a careful user would."""
    order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    lig = LayerIntegratedGradients(lambda tokens, mask: network(tokens, mask), network.embedding)
    begun = time.perf_counter()
    for first in range(0, len(order), 8):
        tokens, mask = classifier.batch([ids[row] for row in order[first : first + 8]])
        with torch.no_grad():
            target = network(tokens, mask).argmax(1)
        base = torch.full_like(tokens, classifier.tokenizer.pad_id)
        lig.attribute(
            tokens, base, target=target, additional_forward_args=mask, n_steps=50, internal_batch_size=max(8, rows)
        )
    return (time.perf_counter() - begun) / len(ids)


def measure_reviews(quick: bool, folder: Path) -> None:
    for model in MODELS:
        count = (1_000 if quick else 25_000) if model == "imdb-cnn" else (100 if quick else 1_000)
        texts = reviews(count)
        frame = pd.DataFrame({"id": range(len(texts)), "text": texts})
        source = folder / f"{model}.csv"
        frame.to_csv(source, index=False)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds, samples = command(model, source, folder / f"{model}-out")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        work = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        captum, work_captum, rows = captum_seconds(model, reviews(16 if quick else 64))
        report(
            what="reviews, CSV in, Parquet out",
            model=model,
            cores=len(os.sched_getaffinity(0)),
            **speed(count, seconds),
            captum_50_ms_per_text=round(captum * 1e3, 2),
            captum_internal_batch_size=rows,
            times_faster=round(captum / (seconds / count), 1),
            core_seconds=round(work, 1),  # what a busy machine does not distort
            times_less_work=round(work_captum / (work / count), 1),
            peak_megabytes=round(max(samples) / 2**20),
        )


def measure_cores(quick: bool, folder: Path) -> None:
    source = write(reviews(1_000 if quick else 8_000), folder / "cores.jsonl")
    count = source.read_bytes().count(b"\n")
    for workers in range(1, len(os.sched_getaffinity(0)) + 1):
        seconds, _ = command("imdb-cnn", source, folder / f"cores-{workers}", "--workers", str(workers))
        report(what="cores", workers=workers, **speed(count, seconds))


def measure_lengths(quick: bool, folder: Path) -> None:
    for words in (20, 60, 250, 1_000):
        count = max(500, (40_000 if quick else 800_000) // words)
        source = write(drawn(count, words), folder / f"length-{words}.jsonl")
        seconds, _ = command("imdb-cnn", source, folder / f"length-{words}")
        report(what="length", words=words, **speed(count, seconds))


def measure_windows(quick: bool, folder: Path) -> None:
    source = write(reviews(1_000 if quick else 8_000), folder / "windows.jsonl")
    count = source.read_bytes().count(b"\n")
    for window in (64, 512, 2_048):
        seconds, _ = command("imdb-cnn", source, folder / f"window-{window}", "--window", str(window))
        report(what="window", rows=window, **speed(count, seconds))


def measure_memory(quick: bool, folder: Path) -> None:
    for count in (1_000, 4_000) if quick else (10_000, 100_000, 1_000_000):
        source = write(drawn(count, 60), folder / f"memory-{count}.jsonl")
        seconds, samples = command("imdb-cnn", source, folder / f"memory-{count}")
        later = samples[round(60 / _SAMPLED) :]
        third = len(later) // 3
        growth = max(later[-third:]) / max(later[:third]) if third else None
        flat = max(samples) < _MOST_BYTES and (growth is None or growth <= _MOST_GROWTH)
        report(
            what="memory",
            megabytes_read=round(source.stat().st_size / 2**20),
            **speed(count, seconds),
            peak_megabytes=round(max(samples) / 1e6),
            after_a_minute_megabytes=[round(min(later) / 1e6), round(max(later) / 1e6)] if later else None,
            last_third_over_first=None if growth is None else round(growth, 3),
            flat=flat,
        )
        source.unlink()
        if not flat:
            raise RuntimeError(f"explaining {count:,} texts took {max(samples):,} bytes, growing by {growth}")


def measure_ray(quick: bool, folder: Path) -> None:
    """Clusters of one and of two nodes with a core each, on this machine; an actor on each node."""
    source = write(reviews(64 if quick else 320), folder / "ray.jsonl")
    count = source.read_bytes().count(b"\n")
    seconds, tables = {}, {}
    for nodes in (1, 2):
        with cluster(nodes):
            begun = time.perf_counter()
            explain_corpus(
                "imdb-attention-rnn", source, folder / f"ray-{nodes}", window=16, engine="ray", workers=nodes
            )
            seconds[nodes] = time.perf_counter() - begun
        tables[nodes] = [file.read_bytes() for file in sorted((folder / f"ray-{nodes}").glob("part-*"))]
    report(
        what="Ray, attention-RNN, one thread per actor",
        texts=count,
        seconds={f"{nodes} nodes": round(taken, 2) for nodes, taken in seconds.items()},
        times_faster=round(seconds[1] / seconds[2], 2),
        identical=tables[1] == tables[2],
    )
    if tables[1] != tables[2]:
        raise RuntimeError("two nodes wrote other rows than one")


@contextmanager
def cluster(nodes: int) -> Iterator[None]:
    """A Ray cluster of so many nodes of one core, which this process has joined."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    import ray
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
    started = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    try:
        for _ in range(nodes - 1):
            started.add_node(**node)
        ray.init(started.address, log_to_driver=False, logging_level=logging.ERROR)
        yield
    finally:
        ray.shutdown()
        started.shutdown()


MEASURES = {
    "reviews": measure_reviews,
    "cores": measure_cores,
    "lengths": measure_lengths,
    "windows": measure_windows,
    "ray": measure_ray,
    "memory": measure_memory,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, a minute or two")
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=list(MEASURES))
    chosen = parser.parse_args()
    for name in chosen.only:
        with tempfile.TemporaryDirectory() as folder:
            MEASURES[name](chosen.quick, Path(folder))


if __name__ == "__main__":
    main()
