"""The learning curve: training and validation loss, epoch by epoch."""

import pandas as pd

from attribkit.errors import InputError
from attribkit.results.panels import Chart, Series
from attribkit.task import Task

_LOSSES: dict[Task, str] = {
    "multiclass": "cross-entropy (nats per text)",
    "multilabel": "binary cross-entropy (nats per label)",
    "regression": "squared error (squared standard deviations)",
}


def learning_curve(history: pd.DataFrame, title: str = "Loss per epoch", task: Task = "multiclass") -> Chart:
    """Training and validation loss over the epochs, with the best epoch and the unfreezing of the embedding marked.

    Args:
        history: of a classifier trained here: the columns epoch, train_loss, val_loss and frozen.
        title: of the chart.
        task: of the classifier, which decides what its loss is.

    Raises:
        ValueError: if it has no epoch, or a column is missing.
    """
    missing = [name for name in ("epoch", "train_loss", "val_loss", "frozen") if name not in history]
    if missing:
        raise InputError(f"the history has no column {missing[0]!r}; give the `history` of a classifier trained here")
    if history.empty:
        raise InputError("the history holds no epoch; train for one at least")
    epochs = history["epoch"].to_numpy(dtype=float)
    frozen = history["frozen"].to_numpy(dtype=bool)
    marks = [("best epoch", float(epochs[history["val_loss"].to_numpy().argmin()]))]
    if frozen.any() and not frozen.all():
        # a point stands at its epoch's end, so the embedding begins to move where the last frozen epoch's points are
        marks.append(("embedding unfrozen", float(epochs[frozen].max())))
    return Chart(
        title,
        "epoch",
        _LOSSES[task],
        (
            Series("training", epochs, history["train_loss"].to_numpy()),
            Series("validation", epochs, history["val_loss"].to_numpy()),
        ),
        tuple(marks),
    )
