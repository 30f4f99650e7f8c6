"""Robustness: whether the explanations stay the same with another baseline, or for a model of another seed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attribkit.evaluation.statistics import estimate
from attribkit.explainer import explain
from attribkit.models.classifier import Classifier
from attribkit.progress import Progress
from attribkit.rank_correlation import kendall
from attribkit.results.panels import Bar, Convergence, Group, Section, Table, TokenScores
from attribkit.results.panels.difference import align
from attribkit.results.panels.table import Cell

_TOP = 5


def robustness_section(
    model: Classifier,
    texts: Sequence[str],
    baselines: Sequence[str],
    others: Sequence[Classifier],
    seed: int,
    batch_size: int | None,
    progress: Progress,
) -> Section:
    """Rank correlations of the token scores, text by text, with other baselines and with other models."""
    head = ("robustness", "Does it hold for another seed or baseline?", "Seeds, baselines")
    rows: list[tuple[str, list[tuple[TokenScores, TokenScores]]]] = []

    def scores(of: Classifier, baseline: str) -> list[TokenScores]:
        target = model.labels[-1]
        rows = explain(
            of,
            list(texts),
            views="attribution",
            target=target,
            baseline=baseline,
            batch_size=batch_size,
            progress=progress,
        )
        return [row.token_scores for row in rows]

    if texts and (others or len(baselines) > 1):
        own = scores(model, baselines[0])
        again = [(f"baseline {name} instead of {baselines[0]}", model, name) for name in baselines[1:]]
        again += [(f"model {other.name} ({number})", other, baselines[0]) for number, other in enumerate(others, 1)]
        rows = [
            (name, list(zip(own, scores(classifier, baseline), strict=True))) for name, classifier, baseline in again
        ]
    sentences = [
        f"{len(texts):,} of the texts were explained again. Kendall’s τ compares the order of a text’s words by score: "
        "1 is the same order, 0 is no relation."
    ]
    if rows:
        counted = Convergence.of([*own, *(two for _, pairs in rows for _, two in pairs)])
        sentences.append(f"With the first ones, {counted.sentence}.")
    if not others:
        sentences.append("It was not compared with a model trained with another seed.")
    if not rows:
        return Section(*head, ("Nothing was explained again, with another baseline or a model of another seed.",))
    table = _table(rows, seed)
    return Section(*head, (*_answer(table), *sentences), groups=(Group(table.title, (table,)),))


def _answer(table: Table) -> tuple[str, ...]:
    """The least alike of the explanations, in a sentence; nothing where none can be compared."""
    known = [row for row in table.rows if isinstance(row[1], float)]
    if not known:
        return ()
    name, tau, low, high, *_ = min(known, key=lambda row: float(row[1] or 0))
    figures = f"{tau:.2f} (95 % interval {low:.2f} to {high:.2f})".replace("-", "−")
    return (f"Least alike, with {name}, are explanations whose order of words has τ = {figures} with the first ones.",)


def _table(rows: Sequence[tuple[str, Sequence[tuple[TokenScores, TokenScores]]]], seed: int) -> Table:
    cells: list[tuple[Cell, ...]] = []
    bars: list[Bar | None] = []
    for name, pairs in rows:
        taus, shared = (np.array(column) for column in zip(*(_agreement(a, b) for a, b in pairs), strict=True))
        tau, top = estimate(taus, seed), estimate(shared, seed)
        if not tau.known:
            cells.append((name, None, None, None, None, 0))
            bars.append(None)
            continue
        numbers = (round(value, 4) for value in (tau.mean, tau.low, tau.high, top.mean))
        cells.append((name, *numbers, tau.texts))
        bars.append(Bar(tau.mean, tau.low, tau.high))
    return Table(
        "How alike the explanations are",
        ("compared with", "mean τ", "from", "to", f"shared of the {_TOP} strongest", "texts"),
        tuple(cells),
        ("from … to: 95 % bootstrap interval over texts",),
        bars=tuple(bars),
    )


def _agreement(a: TokenScores, b: TokenScores) -> tuple[float, float]:
    """Kendall's τ-b of the signed scores, and the share of strongest tokens that both have; NaN where undefined."""
    aligned = align(a, b)
    tau = kendall(aligned.first, aligned.second)
    if np.isnan(tau):
        return np.nan, np.nan
    top = min(_TOP, len(aligned.first))
    both = _strongest(aligned.first, top) & _strongest(aligned.second, top)
    return tau, len(both) / top


def _strongest(scores: NDArray[np.float64], count: int) -> set[int]:
    return set(np.argsort(-np.abs(scores), kind="stable")[:count].tolist())
