"""Exact Shapley values: their time, and how far sampling at equal time is from them. Draws the picture of the README.

    python benchmarks/shapley.py --out docs/shapley-sampling.png
    python benchmarks/shapley.py --only times call hessians corpus

On the bundled CNN, one JSON line per figure. Times are a processor's seconds, of one thread, so that what else runs on
the machine matters little. Sampling is this package's own, Captum's `ShapleyValueSampling` and, where
it is installed, shap's `KernelExplainer`; the sentences are made of this benchmark's own words. `corpus` alone reads
real reviews, where $ATTRIBKIT_DATA has them, and takes wall time.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from attribution import report
from numpy.typing import NDArray

from attribkit.attribution.cnn import integrated_gradients
from attribkit.attribution.cnn.hessians import integrated_hessians
from attribkit.attribution.cnn.shapley import shapley_values
from attribkit.attribution.outputs import Target
from attribkit.corpus import explain_corpus
from attribkit.explainer import explain
from attribkit.models.classifier import Classifier
from attribkit.results.panels import Chart, Series
from attribkit.results.several_panels import Panels

Numbers = NDArray[np.float64]
GOALS = {20: 0.010, 60: 0.150, 250: 2.0, 1_000: 20.0}
"""Tokens, and the seconds that they may take."""
ORDERS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Random orders; each asks for as many texts as there are words."""
WORDS = (
    "the film is not bad at all but never really funny a great cast was wasted on an awful script which makes no sense "
    "and I could not believe how boring dull and predictable this wonderful story became in the end with good music"
).split()


def sentences(count: int, tokens: int) -> list[str]:
    """Random words of ours: texts of one length."""
    random = np.random.default_rng(0)
    return [" ".join(random.choice(WORDS, tokens)) for _ in range(count)]


class TextGame:
    """One text's game: coalitions in, log-odds out, by the network's own forward pass."""

    def __init__(self, model: Classifier, text: str) -> None:
        self.network = model.network
        self.ids = torch.from_numpy(model.encode([text])[0].ids)[None]
        self.mask = torch.ones_like(self.ids, dtype=torch.bool)
        self.pad = torch.full_like(self.ids, model.tokenizer.pad_id)

    @torch.no_grad()
    def worth(self, keep: Any) -> Numbers:
        """(N,) of coalitions (N, T)."""
        present = torch.as_tensor(np.asarray(keep, dtype=bool))
        logits = self.network(torch.where(present, self.ids, self.pad), self.mask.expand(len(present), -1)).double()
        return (logits[:, 1] - logits[:, 0]).numpy()

    @property
    def arguments(self) -> tuple[Any, torch.Tensor, torch.Tensor, torch.Tensor, list[Target]]:
        """What the closed forms are called with."""
        return self.network, self.ids, self.mask, self.pad, [Target("log_odds", torch.ones(1, dtype=torch.int64))]

    def exact(self) -> Numbers:
        return shapley_values(*self.arguments)[0, 0].numpy()


def permutations(game: TextGame, orders: int, seed: int) -> Numbers:
    """Permutation sampling (Castro et al. 2009), all coalitions of all orders in one batch."""
    count = game.ids.shape[1]
    rank = np.random.default_rng(seed).permuted(np.tile(np.arange(count), (orders, 1)), axis=1)
    keep = rank[:, None] < np.arange(count + 1)[:, None]
    worth = game.worth(keep.reshape(-1, count)).reshape(orders, count + 1)
    return np.take_along_axis(np.diff(worth, axis=1), rank, axis=1).mean(0)


def by_captum(game: TextGame, orders: int, seed: int) -> Numbers:
    """Captum's ShapleyValueSampling, as many words at once as it takes."""
    torch.manual_seed(seed)
    sampler = import_module("captum.attr").ShapleyValueSampling(lambda keep: torch.from_numpy(game.worth(keep > 0)))
    ones = torch.ones(1, game.ids.shape[1], dtype=torch.float64)
    return sampler.attribute(ones, n_samples=orders, perturbations_per_eval=64)[0].numpy()


def by_kernel_shap(game: TextGame, orders: int, seed: int) -> Numbers:
    """shap's KernelExplainer with as many coalitions as so many orders have."""
    count = game.ids.shape[1]
    np.random.seed(seed)  # shap draws from numpy's global state
    explainer = import_module("shap").KernelExplainer(game.worth, np.zeros((1, count)))
    samples = max(64, orders * (count + 1))  # fewer leave the fit undetermined
    return np.asarray(explainer.shap_values(np.ones((1, count)), nsamples=samples, l1_reg=0, silent=True))[0]


def times(model: Classifier, repeats: int) -> None:
    """Seconds by length, the least of some runs, beside the goal."""
    for tokens, goal in GOALS.items():
        game = TextGame(model, sentences(1, tokens)[0])
        seconds = min(_timed(game.exact)[0] for _ in range(repeats))
        report(measure="exact shapley values", tokens=tokens, seconds=seconds, goal=goal, reached=seconds <= goal)


def call(model: Classifier, repeats: int) -> None:
    """What `explain` takes beyond the values themselves."""
    text = sentences(1, 20)[0]
    game = TextGame(model, text)
    whole = min(_timed(partial(explain, model, text, method="shapley"))[0] for _ in range(4 * repeats))
    values = min(_timed(game.exact)[0] for _ in range(4 * repeats))
    report(measure="explain of exact shapley values", tokens=20, seconds=whole, values_seconds=values)


def hessians(model: Classifier, repeats: int) -> None:
    """Integrated Hessians beside the integrated gradients of which they are the parts; the goal is twice their time."""
    for tokens in (20, 60, 250):
        game = TextGame(model, sentences(1, tokens)[0])
        seconds = [
            min(_timed(partial(run, *game.arguments))[0] for _ in range(4 * repeats))
            for run in (integrated_hessians, integrated_gradients.attribute)
        ]
        report(measure="integrated hessians", tokens=tokens, seconds=seconds[0], times_exact=seconds[0] / seconds[1])


def corpus(texts: int) -> None:
    """Shapley values of real reviews in one run on all cores; the goal for 1,000 of them is 12 minutes."""
    file = Path(os.environ.get("ATTRIBKIT_DATA", "")) / "imdb" / "test.parquet"
    if not file.is_file():
        report(measure="corpus", skipped=f"there is no {file}; let $ATTRIBKIT_DATA name the folder of data sets")
        return
    reviews = pd.read_parquet(file, columns=["text"]).sample(texts, random_state=0)
    with tempfile.TemporaryDirectory() as folder:
        start, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        explain_corpus("imdb-cnn", reviews, Path(folder) / "out", method="shapley", progress=False)
        seconds, now = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    report(measure="corpus by shapley values", texts=texts, seconds=seconds, processor_seconds=processor, goal=720)


def error_at_time(model: Classifier, count: int, tokens: int) -> Chart:
    """The mean error of samplers, Σ|error| / Σ|exact values|, over their seconds; where the exact values stand."""
    games = [TextGame(model, text) for text in sentences(count, tokens)]
    exact = [_timed(game.exact) for game in games]
    whole = float(np.median([seconds for seconds, _ in exact]))
    samplers: dict[str, Callable[[TextGame, int, int], Numbers]] = {
        "permutation sampling": permutations,
        "captum": by_captum,
    }
    if find_spec("shap"):
        samplers["KernelSHAP (shap)"] = by_kernel_shap
    lines = []
    for name, sample in samplers.items():
        points = []
        for orders in ORDERS:
            runs = [_timed(partial(sample, game, orders, 1)) for game in games]
            errors = [np.abs(f - v).sum() / np.abs(v).sum() for (_, f), (_, v) in zip(runs, exact, strict=True)]
            points.append((float(np.median([seconds for seconds, _ in runs])), float(np.mean(errors))))
            figures = {"seconds": points[-1][0], "error": points[-1][1], "exact_seconds": whole}
            report(measure="error against exact", sampler=name, orders=orders, tokens=tokens, texts=count, **figures)
        lines.append(Series(name, *np.array(sorted(points)).T))
    return Chart(
        title=f"Shapley values of {count} texts of {tokens} words: sampled, and exact in {1_000 * whole:.0f} ms",
        x_label="processor seconds per text, one thread (median)",
        y_label="Σ|error| / Σ|exact values| (mean)",
        series=tuple(lines),
        marks=(("exact, to 1e-12", whole),),
        x_scale="log",
        y_scale="log",
    )


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    values = run()
    return time.process_time() - start, values


def main() -> None:
    parts = ("times", "call", "hessians", "error", "corpus")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--quick", action="store_true", help="few texts, each time taken once")
    parser.add_argument("--out", type=Path, help="a .png, .svg, .pdf or .html file")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = Classifier.load("imdb-cnn", device="cpu")
    TextGame(model, sentences(1, 60)[0]).exact()  # what is compiled is loaded
    repeats = 1 if options.quick else 5
    for name, part in (("times", times), ("call", call), ("hessians", hessians)):
        if name in options.only:
            part(model, repeats)
    if "corpus" in options.only:
        corpus(20 if options.quick else 1_000)
    if "error" not in options.only:
        return
    panel = error_at_time(model, 5 if options.quick else 50, 30)
    if options.out:
        provenance = {"command": "python benchmarks/shapley.py", "torch": torch.__version__}
        Panels((panel,), provenance=provenance).save(options.out)


if __name__ == "__main__":
    main()
