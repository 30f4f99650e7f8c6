"""What every drawing of a confusion matrix shares: its cells' colours, its sentences, the pairs that are listed."""

import numpy as np
from numpy.typing import NDArray

from attribkit.plurals import number_of
from attribkit.render.preparation import palette
from attribkit.results.panels import ConfusionMatrix

PAIRS = 20
"""Pairs of labels that formats without a picture list."""

MEANING = "true labels down, predicted ones across; the deeper a cell, the larger its share of the true label’s texts"


def steps(panel: ConfusionMatrix) -> NDArray[np.int64]:
    """(C, C) each cell's step of the scale of weights, in the order drawn; a count above 0 has at least step 1.

    The root of the share is drawn, for else a few confusions among many texts could not be seen.
    """
    shares = np.sqrt(panel.shares)[np.ix_(panel.order, panel.order)]
    steps: NDArray[np.int64] = np.ceil(palette.STEPS * shares).astype(np.int64)
    return steps


def named(panel: ConfusionMatrix, apart: int) -> list[int]:
    """Places in the order drawn whose labels are named: all, or where names need room those most often confused.

    Args:
        panel: the matrix.
        apart: the least number of places from one name to the next.
    """
    if apart <= 1:
        return list(range(len(panel.order)))
    wrong = panel.counts - np.diag(np.diag(panel.counts))
    confused = (wrong.sum(0) + wrong.sum(1))[panel.order]
    chosen: list[int] = []
    for place in np.argsort(-confused, kind="stable").tolist():
        if all(abs(place - other) >= apart for other in chosen):
            chosen.append(place)
    return sorted(chosen)


def naming(panel: ConfusionMatrix, apart: int) -> tuple[str, ...]:
    """The sentence that says which labels are named; none where all are."""
    if apart <= 1:
        return ()
    return (f"of {len(panel.order):,} labels those are named that are confused most, as many as there is room for",)


def sentence(panel: ConfusionMatrix, true: int, predicted: int) -> str:
    """One cell in words, such as "12 of 40 texts of “cash” are given “card”"."""
    count, texts = panel.counts[true, predicted], panel.counts[true].sum()
    return f"{count:,} of {number_of(texts, 'text')} of “{panel.labels[true]}” are given “{panel.labels[predicted]}”"
