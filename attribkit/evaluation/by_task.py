"""The metrics of a model by its task, from its logits and what is known of each text."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.data.intake import Rows
from attribkit.data.label_cells import names_of
from attribkit.data.readers import listed
from attribkit.errors import InputError
from attribkit.evaluation.multilabel import MultilabelMetrics
from attribkit.evaluation.regression import RegressionMetrics
from attribkit.models.logits import sigmoid
from attribkit.plurals import by_number
from attribkit.task import Task

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


def unknown_labels(given: Iterable[str], known: Sequence[str]) -> InputError:
    """The error for data none of whose labels is one of the model's."""
    names = sorted(set(given))
    return InputError(
        f"the model does not know the {by_number(len(names), 'label', 'labels')} {listed(names, _NAMED)}; it knows "
        f"{listed(known)}: relabel those rows or leave them out"
    )


def truth_of(labels: Sequence[str], cells: Sequence[Any], task: Task) -> NDArray[Any]:
    """What is known of N texts as numbers, as `attribkit.evaluation.answers.Answers.truth` has it."""
    if task == "regression":
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=float)
    if task == "multilabel":
        truth = holding(labels, [() if cell is None else cell for cell in cells]).astype(np.int64)
        truth[[cell is None for cell in cells]] = -1
        return truth
    places = {name: place for place, name in enumerate(labels)}
    return np.array([places.get(cell, -1) for cell in cells], dtype=np.int64)


def metrics_of(
    labels: tuple[str, ...],
    task: Task,
    unit: str | None,
    cells: Sequence[Any],
    logits: NDArray[np.float64],
    measured: Rows | None,
) -> MultilabelMetrics | RegressionMetrics:
    """The metrics of N answers of a multi-label model or a regression.

    Args:
        labels: (C,) the model's.
        task: of the model.
        unit: of a regression's number.
        cells: (N,) what is known of each text.
        logits: (N, C), finite.
        measured: where the texts come from; None if that is not known.

    Raises:
        ValueError: if the model has none of the labels.
    """
    about: dict[str, Any] = {}
    if measured is not None:
        about = {"dropped": len(measured.table) - len(cells), "part": measured.part, "seen": measured.seen}
    notes = () if measured is None else tuple(measured.notes)
    if task == "regression":
        numbers = np.array(cells, dtype=float)
        return RegressionMetrics(labels[0], str(unit), numbers, logits[:, 0], notes=notes, **about)
    holds = holding(labels, cells)
    if not holds.any() and any(cells):
        raise unknown_labels((name for cell in cells for name in cell), labels)
    return MultilabelMetrics.of(labels, holds, sigmoid(logits), notes=(*notes, *unknown_note(labels, cells)), **about)
