"""Which first rules and which criteria would make a quadrature cheaper, and how wrong the scores would then be.

    python benchmarks/quadrature.py --texts 60

For texts of a bundled attention-RNN, gradients are taken at the 63 nodes of the largest Gauss–Patterson rule, whose
scores stand for the truth. Printed for each way of placing the nodes (at α, or at a function of it that bends near 0):
in which share of the texts a rule of 7 and of 15 nodes is right within 1e-4 of Σ|scores|. And for each criterion of
standing still: after how many nodes texts are done on average, and the largest error that it lets through. Real
reviews, and sentences of reviews, where $ATTRIBKIT_DATA has imdb/test.parquet; else synthetic ones.
"""

import argparse
import json
import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

import attribkit as ak
from attribkit.attribution.methods import patterson
from attribkit.attribution.outputs import Target
from attribkit.models.classifier import Classifier
from attribkit.models.feeding import embedding_fed
from attribkit.models.state import preserve_state

Numbers = NDArray[np.float64]
TOLERANCE = 1e-4
NODES, WEIGHTS = patterson.rules()
PLACEMENTS: dict[str, tuple[Callable[[Numbers], Numbers], Callable[[Numbers], Numbers]]] = {
    "α = u": (lambda u: u, np.ones_like),
    "α = (u + u²) / 2": (lambda u: (u + u**2) / 2, lambda u: (1 + 2 * u) / 2),
    "α = u^1.5": (lambda u: u**1.5, lambda u: 1.5 * u**0.5),
    "α = u²": (lambda u: u**2, lambda u: 2 * u),
    "α = u³": (lambda u: u**3, lambda u: 3 * u**2),
    "α = sinh 2u / sinh 2": (lambda u: np.sinh(2 * u) / np.sinh(2), lambda u: 2 * np.cosh(2 * u) / np.sinh(2)),
}
"""α of the nodes u, and dα/du."""

CRITERIA: dict[str, Callable[[float, float], float]] = {
    "the change between the last two rules": lambda before, last: last,
    "that change, as much smaller again as it became": lambda before, last: last * min(1.0, last / max(before, 1e-300)),
    "a tenth of that change": lambda before, last: last / 10,
}
"""What is reckoned to be the error, from the changes before the last rule and to it; all of Σ|scores|."""


def report(**values: Any) -> None:
    print(json.dumps(values, ensure_ascii=False), flush=True)


def load_texts(count: int) -> dict[str, list[str]]:
    """So many reviews of about 250 words, and as many sentences of 3 to 10."""
    file = Path(os.environ.get("ATTRIBKIT_DATA", "")) / "imdb" / "test.parquet"
    table = pd.read_parquet(file) if file.is_file() else ak.load_dataset("demo").test
    reviews = table["text"].tolist()[:: max(1, len(table) // (10 * count))]
    sentences = [part for text in reviews for part in text.split(". ") if 3 <= len(part.split()) <= 10]
    reviews.sort(key=lambda text: abs(len(text.split()) - 250))
    return {"sentences": sentences[:count], "reviews": reviews[:count]}


def rates(model: Classifier, text: str, alphas: Numbers) -> Numbers:
    """(nodes, T): how the log-odds of the predicted class move along the path from padding, by token."""
    network = model.network
    ids, mask = model.batch(model.ids([text]))
    run, parts = embedding_fed(network), []
    with preserve_state(network):
        embedded = network.embedding(ids).detach()
        target = Target("log_odds", network(ids, mask).argmax(1))
        for some in np.array_split(alphas, 8):
            points = (torch.from_numpy(some).float().view(-1, 1, 1) * embedded).requires_grad_()
            logits = run(points, ids.expand(len(some), -1), mask.expand(len(some), -1))
            (gradient,) = torch.autograd.grad(target.rows([0] * len(some)).of(logits).sum(), points)
            parts.append((gradient * embedded).sum(2).double().numpy())
    return np.concatenate(parts)


def stops(by_node: Numbers, error_of: Callable[[float, float], float]) -> tuple[int, float]:
    """After how many nodes a text is done by a criterion, and the error that its scores then have."""
    scores = [by_node[1], *(rule @ by_node for rule in WEIGHTS)]  # the first is the rule of one node, α = 1/2
    truth, size = scores[-1], np.abs(scores[-1]).sum()
    changes = [float(np.abs(b - a).max() / size) for a, b in pairwise(scores)]
    for number in range(1, len(WEIGHTS)):
        adds_up = abs((scores[number + 1] - truth).sum()) <= TOLERANCE * size
        if adds_up and error_of(changes[number - 1], changes[number]) <= TOLERANCE:
            return patterson.SIZES[number], float(np.abs(scores[number + 1] - truth).max() / size)
    return patterson.SIZES[-1], 0.0


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=60)
    parser.add_argument("--model", default="imdb-attention-rnn")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    model = ak.load(options.model, "cpu")
    for kind, texts in load_texts(options.texts).items():
        plain = [rates(model, text, NODES) for text in texts]
        truths = [WEIGHTS[-1] @ by_node for by_node in plain]
        for name, (place, slope) in PLACEMENTS.items():
            errors = [
                [np.abs((rule * slope(NODES)) @ by_node - truth).max() / np.abs(truth).sum() for rule in WEIGHTS[1:3]]
                for by_node, truth in zip((rates(model, text, place(NODES)) for text in texts), truths, strict=True)
            ]
            right = (np.array(errors) <= TOLERANCE).mean(0)
            report(texts=kind, nodes=name, **{"right at 7": right[0], "right at 15": right[1]})
        for name, error_of in CRITERIA.items():
            counts, errors_left = zip(*(stops(by_node, error_of) for by_node in plain), strict=True)
            report(texts=kind, criterion=name, nodes=np.mean(counts), **{"largest error": max(errors_left)})


if __name__ == "__main__":
    main()
