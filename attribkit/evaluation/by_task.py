"""The metrics of a model by its task, from its logits and what is known of each text."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.data.intake import Rows
from attribkit.data.label_cells import names_of
from attribkit.errors import InputError
from attribkit.evaluation.multilabel import MultilabelMetrics
from attribkit.evaluation.regression import RegressionMetrics
from attribkit.models.classifier import Classifier
from attribkit.models.logits import sigmoid

_NAMED = 5


def holding(labels: Sequence[str], cells: Sequence[Any]) -> NDArray[np.bool_]:
    """(N, C) which labels of the model hold for each text; those that it does not have are left out."""
    places = {name: place for place, name in enumerate(labels)}
    holds = np.zeros((len(cells), len(labels)), dtype=bool)
    for row, cell in enumerate(cells):
        holds[row, [places[name] for name in names_of(cell) if name in places]] = True
    return holds


def unknown_note(labels: Sequence[str], cells: Sequence[Any]) -> tuple[str, ...]:
    """A sentence on labels in the data that the model does not have; empty if there are none."""
    counts = Counter(name for cell in cells for name in names_of(cell) if name not in labels)
    if not counts:
        return ()
    named = ", ".join(f"“{name}” ({count:,})" for name, count in counts.most_common(_NAMED))
    more = f" and {len(counts) - _NAMED:,} more" if len(counts) > _NAMED else ""
    return (f"the data has labels that the model does not know: {named}{more}; they are not counted",)


def metrics_of(
    model: Classifier, cells: Sequence[Any], logits: NDArray[np.float64], measured: Rows
) -> MultilabelMetrics | RegressionMetrics:
    """The metrics of N answers of a multi-label model or a regression.

    Args:
        model: whose answers they are.
        cells: (N,) what is known of each text.
        logits: (N, C), finite.
        measured: where the texts come from.

    Raises:
        ValueError: if the model has none of the labels.
    """
    dropped = len(measured.table) - len(cells)
    if model.task == "regression":
        numbers = np.array(cells, dtype=float)
        return RegressionMetrics(
            model.labels[0],
            str(model.unit),
            numbers,
            logits[:, 0],
            dropped,
            measured.part,
            measured.seen,
            tuple(measured.notes),
        )
    holds = holding(model.labels, cells)
    if not holds.any() and any(cells):
        names = sorted({name for cell in cells for name in cell})[:_NAMED]
        raise InputError(
            f"the model does not know the label {', '.join(map(repr, names))}; it knows "
            f"{', '.join(map(repr, model.labels[:_NAMED]))} …: relabel those rows or leave them out"
        )
    notes = (*measured.notes, *unknown_note(model.labels, cells))
    return MultilabelMetrics.of(
        model.labels, holds, sigmoid(logits), dropped=dropped, part=measured.part, seen=measured.seen, notes=notes
    )
