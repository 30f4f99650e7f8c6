"""evaluate(): accuracy, precision, recall, F1 and the confusion matrix."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.data import Dataset
from attribkit.data.intake import Rows
from attribkit.data.text_tables import Data
from attribkit.errors import InputError, InputTypeError
from attribkit.evaluation.by_task import metrics_of
from attribkit.evaluation.cells import number
from attribkit.evaluation.confusion import confusion_of_many
from attribkit.evaluation.multilabel import MultilabelMetrics
from attribkit.evaluation.ordinal import in_order, ordinal_measures
from attribkit.evaluation.regression import RegressionMetrics
from attribkit.evaluation.unknown_labels import UnknownLabels
from attribkit.models.answered import answered
from attribkit.models.classifier import Classifier
from attribkit.models.logits import softmax
from attribkit.progress import Progress, shown
from attribkit.results.panels import Panel, Table
from attribkit.results.result import Result


@dataclass(frozen=True, eq=False, repr=False)
class Metrics(Result):
    """The confusion matrix of a classifier, with accuracy, precision, recall and F1; a share of nothing is 0.

    Attributes:
        labels: (C,) in the model's order.
        confusion: (C, C) int64, texts by true label (rows) and predicted label (columns).
        dropped: rows left out because their text is missing, empty or holds no token, because the network's outputs for
            it are NaN or infinite, or because the model does not have their label.
        part: what the rows are, such as "test split".
        seen: how many of them the model was trained on; None if that is not known.
        unknown: the rows whose label the model does not have, if there are any.
        notes: sentences on which rows were measured and how many were seen in training.
        provenance: the model, the data and the number of texts.
    """

    about = "Performance of a model"

    labels: tuple[str, ...]
    confusion: NDArray[np.int64]
    dropped: int = 0
    part: str = "all rows"
    seen: int | None = None
    unknown: UnknownLabels | None = None
    notes: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counts = np.array(self.confusion, dtype=np.int64)
        if counts.shape != (len(self.labels), len(self.labels)) or (counts < 0).any():
            raise InputError(
                f"`confusion` must hold a count for each pair of {len(self.labels)} labels, got shape {counts.shape}"
            )
        counts.setflags(write=False)
        object.__setattr__(self, "confusion", counts)
        object.__setattr__(self, "labels", tuple(self.labels))

    @property
    def rows(self) -> int:
        """How many texts were counted."""
        return int(self.confusion.sum())

    @property
    def support(self) -> NDArray[np.int64]:
        """(C,) texts of each true label."""
        texts: NDArray[np.int64] = self.confusion.sum(1)
        return texts

    @property
    def accuracy(self) -> float:
        """Share of texts whose predicted label is the true one."""
        return float(_share(np.trace(self.confusion), self.rows))

    @property
    def precision(self) -> NDArray[np.float64]:
        """(C,) of the texts with each predicted label, the share with that true label."""
        precision: NDArray[np.float64] = _share(np.diag(self.confusion), self.confusion.sum(0))
        return precision

    @property
    def recall(self) -> NDArray[np.float64]:
        """(C,) of the texts with each true label, the share with that predicted label."""
        recall: NDArray[np.float64] = _share(np.diag(self.confusion), self.support)
        return recall

    @property
    def f1(self) -> NDArray[np.float64]:
        """(C,) the harmonic mean of precision and recall, 2 hits / (texts predicted as it + texts of it)."""
        f1: NDArray[np.float64] = _share(2 * np.diag(self.confusion), self.confusion.sum(0) + self.support)
        return f1

    @property
    def macro(self) -> dict[str, float]:
        """Precision, recall and F1, averaged over the labels."""
        return {name: float(getattr(self, name).mean()) for name in ("precision", "recall", "f1")}

    @property
    def weighted(self) -> dict[str, float]:
        """Precision, recall and F1, averaged over the labels by their numbers of texts."""
        weights = _share(self.support, self.rows)
        return {name: float(getattr(self, name) @ weights) for name in ("precision", "recall", "f1")}

    @property
    def positive_f1(self) -> float | None:
        """F1 of the last label if there are two; None otherwise."""
        return float(self.f1[-1]) if len(self.labels) == 2 else None

    @property
    def ordinal(self) -> dict[str, float] | None:
        """Of three or more integer labels `mean_absolute_error` and `quadratic_kappa`; None for other labels."""
        return ordinal_measures(self.labels, self.confusion)

    def to_frame(self) -> pd.DataFrame:
        """One row per label, then the averages; columns precision, recall, f1 and support."""
        columns = {"precision": self.precision, "recall": self.recall, "f1": self.f1, "support": self.support}
        frame = pd.DataFrame(columns, index=pd.Index(self.labels, name="label"))
        averages = {"macro average": self.macro, "weighted average": self.weighted}
        rows = pd.DataFrame({name: {**mean, "support": self.rows} for name, mean in averages.items()}).T
        return pd.concat([frame, rows.astype({"support": np.int64})]).rename_axis("label")

    def panels(self) -> tuple[Panel, ...]:
        """A table of precision, recall and F1 of each label, and the confusion matrix."""
        rows = tuple(
            (str(label), *(number(value) for value in values[:-1]), int(values[-1]))
            for label, *values in self.to_frame().itertuples()
        )
        counts = tuple((label, *row) for label, row in zip(self.labels, self.confusion.tolist(), strict=True))
        columns = ("label", "precision", "recall", "F1", "texts")
        matrix = Table("Confusion matrix", ("true label", *(f"predicted {name}" for name in self.labels)), counts)
        return (
            Table(
                f"Performance on {self.part}",
                columns,
                rows,
                (f"accuracy {self.accuracy:.4f}", *in_order(self.ordinal), *self.notes),
            ),
            *(confusion_of_many(self.labels, self.confusion) or (matrix,)),
        )

    def summary(self) -> str:
        """Accuracy and F1, the number of texts, and what was left out."""
        f1 = f"macro F1 {self.macro['f1']:.4f}"
        if self.positive_f1 is not None:
            f1 = f"F1 of {self.labels[-1]} {self.positive_f1:.4f}, {f1}"
        dropped = f"; {self.dropped:,} rows were left out" if self.dropped else ""
        f1 = ", ".join([f1, *in_order(self.ordinal)])
        first = f"accuracy {self.accuracy:.4f}, {f1} on {self.rows:,} texts ({self.part}){dropped}"
        return "\n".join([first, *self.notes])

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a model card or a JSON file."""
        summary: dict[str, Any] = {"accuracy": self.accuracy}
        if self.positive_f1 is not None:
            summary["f1"] = self.positive_f1
        summary |= {f"macro_{name}": value for name, value in self.macro.items()}
        summary |= {f"weighted_{name}": value for name, value in self.weighted.items()}
        summary |= self.ordinal or {}
        for name in ("precision", "recall", "f1"):
            summary[f"{name}_by_label"] = dict(zip(self.labels, getattr(self, name).tolist(), strict=True))
        return summary | {
            "confusion": self.confusion.tolist(),
            "rows": self.rows,
            "dropped": self.dropped,
            "part": self.part,
            "seen_in_training": self.seen,
            "unknown_labels": None if self.unknown is None else self.unknown.to_dict(),
            "notes": list(self.notes),
        }


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
        names = sorted(set(labelled.labels))
        raise InputError(
            f"the model does not know the label {', '.join(map(repr, names))}; it knows "
            f"{', '.join(map(repr, model.labels))}: relabel those rows or leave them out"
        )
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
    return replace(metrics, part=measured.part, seen=measured.seen, unknown=unknown, notes=notes)


def counted(
    labels: tuple[str, ...], true: NDArray[np.int64], predicted: NDArray[np.int64], dropped: int = 0
) -> Metrics:
    """The metrics of true and predicted places (N,) among the labels."""
    size = len(labels)
    confusion = np.bincount(true * size + predicted, minlength=size * size).reshape(size, size)
    return Metrics(labels, confusion, dropped)


def _share(part: Any, whole: Any) -> Any:
    """The quotient, and 0 where the whole is."""
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole > 0)
