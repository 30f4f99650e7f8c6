"""How much error is left after how much time: Captum's steps, adaptive quadrature, the closed form. Draws a picture.

    python benchmarks/error_against_time.py --out docs/error-against-time.png

A CNN of the seed course's size and the bundled attention network, reviews of about 250 tokens; one JSON line per point.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attribution import (
    Texts,
    captum,
    check,
    load_texts,
    padded,
    positive,
    relative,
    report,
    seed_cnn,
    solve_by_quadrature,
)
from torch import Tensor

from attribkit.attribution.cnn.integrated_gradients import attribute
from attribkit.attribution.cnn.lookup_tables import Tables
from attribkit.models.classifier import Classifier
from attribkit.results.panels import Chart, Series
from attribkit.results.several_panels import Panels

STEPS = (5, 10, 20, 50, 100, 200, 500, 1_000, 5_000)
INTERNAL = 32


def point(model: str, run: str, network: Any, ids: Tensor, mask: Tensor, solve: Callable[..., Tensor]) -> list[float]:
    """Seconds per review and the median relative completeness error, in float32 as users run it."""
    seconds, errors = [], []
    for row in range(len(ids)):
        length = int(mask[row].sum())
        one = (ids[row : row + 1, :length], mask[row : row + 1, :length])
        start = time.perf_counter()
        scores = solve(*one)
        seconds.append(time.perf_counter() - start)
        errors.append(relative(scores.double(), change(network, *one)).item())
    found = [float(np.median(seconds)), float(np.median(errors))]
    report(measure="error against time", model=model, run=run, reviews=len(ids), seconds=found[0], error=found[1])
    return found


@torch.no_grad()
def change(network: Any, ids: Tensor, mask: Tensor) -> Tensor:
    """S(text) − S(baseline), each from a forward pass over the text's whole length."""
    text, baseline = network(ids, mask), network(torch.zeros_like(ids), mask)
    return positive(1).of(text.double()) - positive(1).of(baseline.double())


def series(name: str, points: list[list[float]]) -> Series:
    """A line through points; an error of exactly 0 is drawn at float64's last place."""
    seconds, errors = np.array(points).T
    return Series(name, seconds, np.maximum(errors, np.finfo(float).eps))


def by_captum(model: str, network: Any, ids: Tensor, mask: Tensor, most: int) -> Series:
    def solve(steps: int, some: Tensor, real: Tensor) -> Tensor:
        return captum(network, some, real, steps, INTERNAL)

    chosen = [steps for steps in STEPS if steps <= most]
    runs = [point(model, f"captum {n}", network, ids, mask, partial(solve, n)) for n in chosen]
    return series("captum", runs)


def cnn_chart(texts: Texts, reviews: int, most: int) -> Chart:
    """Captum and the closed form, with its tables built and without."""
    network, model = seed_cnn(), "seed-sized cnn"
    ids, mask = padded(texts.near(250, reviews))
    tables = Tables.build(network)

    def exact(tables: Tables | None, some: Tensor, real: Tensor) -> Tensor:
        return attribute(network, some, real, None, [positive(1)], tables).scores[0]

    def checked(some: Tensor, real: Tensor) -> Tensor:
        check(network, some, real, positive(1))
        return exact(tables, some, real)

    exact(tables, ids[:1], mask[:1])  # warming up
    runs = {
        "exact, tables built": partial(exact, tables),
        "exact, no tables": partial(exact, None),
        "exact and check": checked,
    }
    points = [point(model, name, network, ids, mask, solve) for name, solve in runs.items()]
    lines = [by_captum(model, network, ids, mask, most), series("exact", sorted(points))]
    return chart("CNN, 300 dimensions × (3, 4, 5) × 64 filters", lines)


def rnn_chart(texts: Texts, reviews: int, most: int) -> Chart:
    """Captum and adaptive quadrature at falling tolerances, its check included; trained weights bend the path more."""
    classifier, model = Classifier.load("imdb-attention-rnn", device="cpu"), "imdb-attention-rnn"
    network = classifier.network
    ids, mask = padded(texts.read_by(classifier).near(250, reviews))
    points = []
    for tolerance in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5):

        def solve(some: Tensor, real: Tensor, tolerance: float = tolerance) -> Tensor:
            return solve_by_quadrature(network, some, real, tolerance).scores[0]

        points.append(point(model, f"quadrature {tolerance:g}", network, ids, mask, solve))
    lines = [by_captum(model, network, ids, mask, most), series("quadrature", points)]
    return chart("The bundled attention network", lines)


def chart(title: str, lines: list[Series]) -> Chart:
    return Chart(
        title=title,
        x_label="seconds per review of about 250 tokens, 2 threads",
        y_label="relative completeness error (median)",
        series=tuple(lines),
        x_scale="log",
        y_scale="log",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two reviews, at most 200 steps")
    parser.add_argument("--out", type=Path, help="a .png, .svg, .pdf or .html file")
    options = parser.parse_args()
    torch.set_num_threads(2)
    texts = load_texts(quick=True)
    reviews, most = (2, 200) if options.quick else (6, 5_000)
    panels = (cnn_chart(texts, reviews, most), rnn_chart(texts, reviews, min(most, 500)))
    if options.out:
        provenance = {"command": "python benchmarks/error_against_time.py", "torch": torch.__version__}
        Panels(panels, provenance).save(options.out)


if __name__ == "__main__":
    main()
