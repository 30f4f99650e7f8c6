"""evaluate(): accuracy, precision, recall, F1 and the confusion matrix."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.data import Dataset
from attribkit.data.intake import Rows
from attribkit.data.text_tables import Data
from attribkit.errors import InputError, InputTypeError
from attribkit.evaluation.by_task import metrics_of, unknown_labels
from attribkit.evaluation.metrics import Metrics, counted
from attribkit.evaluation.multilabel import MultilabelMetrics
from attribkit.evaluation.regression import RegressionMetrics
from attribkit.evaluation.unknown_labels import UnknownLabels
from attribkit.models.answered import answered
from attribkit.models.classifier import Classifier
from attribkit.models.logits import softmax
from attribkit.progress import Progress, shown


def evaluate(
    model: Classifier,
    data: Data,
    batch_size: int | None = None,
    *,
    split: str | None = None,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
    progress: bool | Progress | None = None,
) -> Any:
    """Compare a model's predictions with the true labels of rows that it was not trained on, as far as that is known.

    Rows whose label the model does not have are counted and listed, and its confidence in them is compared with that in
    the others.

    Args:
        model: any classifier.
        data: texts with labels: a table, a `Dataset`, or a named set, file or folder.
        batch_size: the most texts at once; None chooses by their length.
        split: "train", "validation", "test" or "all"; None for the test split or, without one, the rows not trained on.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        by the model's task `Metrics`: the confusion matrix, with accuracy, precision, recall and F1, and the rows whose
        label the model does not have; `attribkit.evaluation.multilabel.MultilabelMetrics`: F1, average precision, exact
        sets; or `attribkit.evaluation.regression.RegressionMetrics`: errors in their unit, R², rank correlation.

    Raises:
        TypeError: if `data`, or a text, is of the wrong kind.
        ValueError: if a column is missing, the model has none of the labels, or no row can be read.
        RuntimeError: if the network's outputs are NaN or infinite for all rows.

    Example:
        >>> import pandas as pd
        >>> import attribkit as ak
        >>> texts = ["A great film", "Such a great show!", "A dull and horrible movie", "The worst plot ever"]
        >>> reviews = pd.DataFrame({"text": texts, "label": ["pos", "pos", "neg", "neg"]})
        >>> metrics = ak.evaluate(ak.load("imdb-cnn"), reviews)
        >>> metrics.accuracy
        1.0
        >>> metrics.confusion.tolist()
        [[2, 0], [0, 2]]
    """
    measured = Rows.of(model, data, split=split, text=text, label=label, encoding=encoding, progress=progress)
    if "label" not in measured.table:
        raise no_labels(data, measured)
    labelled = measured.only(measured.table["label"].notna().to_numpy())
    if model.task != "multiclass":
        return _by_task(model, labelled, measured, batch_size, progress)
    known = labelled.table["label"].isin(model.labels).to_numpy()
    if len(known) and not known.any():
        raise unknown_labels(labelled.labels, model.labels)
    read = labelled.tokenised(model.tokenizer, refuse="row")
    if not known[read.places].any():
        raise InputError("the table holds no text that the model can read; check the text column")
    model = model.given(len(labelled.table), table=labelled.table)
    with shown(progress) as tell:
        read, logits = answered(model, read, batch_size, tell)
    labels = np.array(labelled.labels)[read.places]
    metrics = measure(model.labels, labels, logits, read.rows, measured)
    return replace(metrics, provenance=measured.provenance(model.name, metrics.rows))


def _by_task(
    model: Classifier, labelled: Rows, measured: Rows, batch_size: int | None, progress: bool | Progress | None
) -> MultilabelMetrics | RegressionMetrics:
    read = labelled.tokenised(model.tokenizer, refuse="row")
    if not len(read.places):
        raise InputError("the table holds no text with a known answer that the model can read; check both columns")
    with shown(progress) as tell:
        read, logits = answered(model, read, batch_size, tell)
    truth = labelled.truth
    cells = [truth[place] for place in read.places.tolist()]
    metrics = metrics_of(model.labels, model.task, model.unit, cells, logits, measured)
    return replace(metrics, provenance=measured.provenance(model.name, len(cells)))


def no_labels(data: object, measured: Rows) -> InputError:
    """What is said of data without labels: of texts that stand alone, that they need a table."""
    if not isinstance(data, (pd.DataFrame, Dataset, Mapping, str, Path)):
        return InputTypeError(
            f"a table or a Dataset is needed to evaluate on, got {type(data).__name__}; load one first"
        )
    columns = ", ".join(map(str, measured.table.columns))
    return InputError(
        f"{measured.source or 'the table'} has no labels to compare with, only {columns}; name their column with "
        "`label`"
    )


def measure(
    labels: tuple[str, ...],
    true: NDArray[np.str_],
    logits: NDArray[np.float64],
    rows: NDArray[np.int64],
    measured: Rows,
) -> Metrics:
    """The metrics of N predictions.

    Args:
        labels: (C,) the model's.
        true: (N,) the labels given, known to the model or not.
        logits: (N, C), finite.
        rows: (N,) their numbers among the rows given.
        measured: where they come from.
    """
    places = {name: place for place, name in enumerate(labels)}
    known = np.isin(true, labels)
    confidence = softmax(logits).max(1)
    unknown = UnknownLabels.of(true[~known].tolist(), rows[~known], confidence[~known], confidence[known])
    truth = np.array([places[name] for name in true[known]], dtype=np.int64)
    metrics = counted(labels, truth, logits[known].argmax(1), len(measured.table) - int(known.sum()))
    notes = (*measured.notes, *(() if unknown is None else unknown.sentences))
    trained, held_out = measured.trained_on(rows[known]), None
    if trained is not None and trained.any() and not trained.all():
        held_out = counted(labels, truth[~trained], logits[known][~trained].argmax(1))
    return replace(metrics, part=measured.part, seen=measured.seen, unknown=unknown, held_out=held_out, notes=notes)
