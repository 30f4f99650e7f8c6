"""The confusion matrix of many labels, for which a table of numbers has no room."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attribkit.evaluation.label_order import by_likeness
from attribkit.plurals import number_of
from attribkit.results.panels import ConfusionMatrix, Panel, Table

FEW_LABELS = 12
"""Labels up to which a confusion matrix is a table of numbers."""

MOST_PAIRS = 20
"""Confused pairs of labels that are listed."""


def confusion_of_many(labels: Sequence[str], counts: NDArray[np.int64]) -> tuple[Panel, ...]:
    """The most confused pairs, and a picture ordered by likeness; empty for labels few enough for a table.

    Args:
        labels: (C,).
        counts: (C, C) texts, true labels down, predicted ones across.
    """
    if len(labels) <= FEW_LABELS:
        return ()
    matrix = ConfusionMatrix("Confusion matrix", tuple(labels), counts, by_likeness(counts))
    return (pairs_table(matrix), matrix) if matrix.most_confused(1) else (matrix,)


def pairs_table(matrix: ConfusionMatrix) -> Table:
    """The most confused pairs of labels, the most frequent first."""
    pairs, shares = matrix.most_confused(), matrix.shares
    rows = tuple(
        (
            matrix.labels[true],
            matrix.labels[given],
            int(matrix.counts[true, given]),
            round(100 * float(shares[true, given])),
            int(matrix.counts[given, true]),
        )
        for true, given in pairs[:MOST_PAIRS]
    )
    more = len(pairs) - MOST_PAIRS
    notes = (f"{number_of(more, 'more pair is', 'more pairs are')} not listed",) if more > 0 else ()
    columns = ("true label", "predicted", "texts", "% of the label’s texts", "the other way round")
    return Table("The most confused labels", columns, rows, notes)
