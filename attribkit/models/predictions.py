"""What a model predicts, by its task: a label, the labels that hold, or a number."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.models.logits import probabilities
from attribkit.results.panels import Prediction
from attribkit.results.panels.prediction import Truth
from attribkit.task import THRESHOLD, Task

NEEDED = {
    "multiclass": "at least two different labels",
    "multilabel": "at least one label, and different ones",
    "regression": "one name, of the number that is predicted,",
}


def check_labels(labels: Sequence[str], task: Task) -> tuple[str, ...]:
    """The labels as strings.

    Raises:
        ValueError: if they do not fit the task.
    """
    named = tuple(str(label) for label in labels)
    fits = {"multiclass": len(named) > 1, "multilabel": len(named) > 0, "regression": len(named) == 1}
    if fits[task] and len(set(named)) == len(named):
        return named
    cure = (
        "; a yes/no network needs two, wrap a single-logit one with "
        "attribkit.models.adapters.Adapted(network, outputs='logit')"
        if task == "multiclass"
        else ""
    )
    raise InputError(
        f"`labels` must be {NEEDED[task]}{' of a ' + task + ' model' if not cure else ''}, got {list(named)}{cure}"
    )


def predictions(
    logits: NDArray[np.float64],
    labels: tuple[str, ...],
    task: Task,
    unit: str | None = None,
    truth: Sequence[Truth] | None = None,
) -> list[Prediction]:
    """The prediction for each of N texts.

    Args:
        logits: (N, C), finite; of a regression (N, 1), its numbers.
        labels: (C,).
        task: of the model.
        unit: of a regression's number.
        truth: (N,) what is known of each text; None for nothing.
    """
    known = [None] * len(logits) if truth is None else truth
    if task == "regression":
        return [
            Prediction(labels[0], labels, (), true, task, value=float(row[0]), unit=unit)
            for row, true in zip(logits, known, strict=True)
        ]
    shares = probabilities(logits, task)
    return [
        Prediction(labels[int(row.argmax())], labels, tuple(share.tolist()), true, task)
        for row, share, true in zip(logits, shares, known, strict=True)
    ]


def predicted(logits: NDArray[np.float64], labels: Sequence[str], task: Task) -> list[Any]:
    """What is predicted of each text: its label, a tuple of the labels that hold (likeliest first), or its number."""
    if task == "regression":
        numbers: list[Any] = logits[:, 0].tolist()
        return numbers
    if task == "multilabel":
        shares = probabilities(logits, task)
        order = np.argsort(-logits, axis=1, kind="stable")
        return [
            tuple(labels[place] for place in places if share[place] >= THRESHOLD)
            for share, places in zip(shares, order, strict=True)
        ]
    return [labels[place] for place in (logits.argmax(1) if len(logits) else [])]


def prediction_frame(
    texts: Sequence[str], logits: NDArray[np.float64], labels: Sequence[str], task: Task
) -> pd.DataFrame:
    """One row per text: text, label (what is predicted), and a column of probabilities per label, if there are any."""
    frame = pd.DataFrame({"text": list(texts), "label": pd.Series(predicted(logits, labels, task), dtype=_CELL[task])})
    if task == "regression":
        return frame
    return pd.concat([frame, pd.DataFrame(probabilities(logits, task), columns=list(labels))], axis=1)


_CELL: dict[Task, Any] = {"multiclass": None, "multilabel": object, "regression": float}
