"""Stability of explanations: the rank correlation of token scores between models of two seeds."""

import json
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.data import Dataset
from attribkit.evaluation.sanity.randomised import correlations
from attribkit.explainer import explain
from attribkit.files import write_whole
from attribkit.models.classifier import Classifier
from attribkit.reproduce.tables import TFIDF
from attribkit.reproduce.unit import Unit
from attribkit.results.panels import Convergence

OTHER = "input_x_gradient"
_AT_ONCE = 50  # texts; what is kept of an explanation is its scores


def measure_stability(out: Path, units: Sequence[Unit], data: Callable[[], Dataset], count: int) -> None:
    """Write down, for a row of which two seeds or more are finished, how far the seeds' scores agree.

    For each of `count` test texts: Spearman's rank correlation of its tokens' scores by integrated gradients (of the
    log-odds of the last label) between two seeds' models, which is the mean over the pairs; and, beside it, that
    between integrated gradients and input × gradient on the first seed's model.
    """
    done = [unit for unit in units if unit.result(out) is not None and unit.fold is None]
    if len(done) < 2 or done[0].row.architecture == TFIDF:
        return
    seeds = [unit.seed for unit in done]
    file = out / "units" / f"stability-{done[0].name}.json"
    if file.is_file() and json.loads(file.read_bytes())["seeds"] == seeds:
        return
    texts = data().sample(count).to_measure()[1]["text"].tolist()
    models = [Classifier.load(unit.model(out)) for unit in done]
    explained = [token_scores(model, texts, None) for model in models]
    scores = [of_model for of_model, _ in explained]
    between_seeds = [correlations(a, b) for a, b in combinations(scores, 2)]
    between_methods = correlations(scores[0], token_scores(models[0], texts, OTHER)[0])
    figures: dict[str, Any] = {
        "row": done[0].row.name,
        "seeds": seeds,
        "texts": len(texts),
        "between_seeds": float(np.nanmean(between_seeds)),
        "between_methods": float(np.nanmean(between_methods)),
        "other_method": OTHER,
        "convergence": sum((counted for _, counted in explained), Convergence()).to_json(),
    }
    write_whole(file, json.dumps(figures, indent=1, allow_nan=False).encode())


def token_scores(
    model: Classifier, texts: list[str], method: str | None
) -> tuple[list[NDArray[np.float64]], Convergence]:
    """Each text's token scores (T,) for the last label, and how many of the explanations converged."""
    scores, convergence = [], Convergence()
    for start in range(0, len(texts), _AT_ONCE):
        rows = explain(
            model,
            texts[start : start + _AT_ONCE],
            views=["attribution"],
            method=method,
            target=model.labels[-1],
            progress=False,
        )
        scores += [np.asarray(row.token_scores.scores) for row in rows]
        convergence += Convergence.of(row.token_scores for row in rows)
    return scores, convergence
