"""What evaluate() gives for one label a text: the confusion matrix, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.evaluation.cells import left_out, number
from attribkit.evaluation.confusion import confusion_of_many
from attribkit.evaluation.ordinal import in_order, ordinal_measures
from attribkit.evaluation.statistics import Estimate, estimated_share, resampled_sums
from attribkit.evaluation.unknown_labels import UnknownLabels
from attribkit.plurals import number_of
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
        held_out: the same of those rows alone that the model was not trained on, if it was trained on the others.
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
    held_out: "Metrics | None" = None
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
    def accuracy_estimate(self) -> Estimate:
        """The accuracy with its 95 % interval, Wilson's."""
        return estimated_share(int(np.trace(self.confusion)), self.rows)

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
    def f1_estimate(self) -> Estimate:
        """F1 of the last label if there are two, else the mean over the labels; its interval by drawing texts anew."""
        if not self.rows:
            return Estimate(np.nan, np.nan, np.nan, 0)
        size = len(self.labels)
        true, predicted = (
            places[:, None] == np.arange(size)
            for places in np.divmod(np.repeat(np.arange(size**2), self.confusion.ravel()), size)
        )
        counts = resampled_sums(np.hstack((2.0 * (true & predicted), true.astype(float) + predicted)))
        drawn = _share(*np.split(counts, 2, axis=1))
        if self.positive_f1 is not None:
            return Estimate.of(self.positive_f1, drawn[:, -1], self.rows)
        return Estimate.of(self.macro["f1"], drawn.mean(1), self.rows)

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

    @property
    def most_confused(self) -> str | None:
        """What it most often takes for what, with the number of texts; None where no two labels are confused twice."""
        wrong = self.confusion - np.diag(np.diag(self.confusion))
        if wrong.max(initial=0) < min(2, wrong.sum()) or not wrong.any():
            return None
        true, given = np.unravel_index(int(wrong.argmax()), wrong.shape)
        texts = int(wrong[true, given])
        return (
            f"it takes “{self.labels[true]}” for “{self.labels[given]}” ({texts:,} of "
            f"{number_of(int(wrong.sum()), 'mistake')})"
        )

    def accuracy_in_words(self, who: str = "It") -> str:
        """How often it is right on rows that it was not trained on, beside the label that most of them have.

        Args:
            who: the model, as the sentence begins.
        """
        shown, which = (self, "") if self.held_out is None else (self.held_out, " that it was not trained on")
        hits = int(np.trace(shown.confusion))
        right = shown.accuracy_estimate
        commonest = int(np.argmax(shown.support))
        words = (
            f"{who} is right on {100 * right.mean:.1f} % of {number_of(shown.rows, 'text')}{which} (95 % interval "
            f"{100 * right.low:.1f} to {100 * right.high:.1f} %); always to say “{self.labels[commonest]}” would "
            f"be right on {100 * shown.support[commonest] / shown.rows:.1f} %"
        )
        if self.held_out is not None:
            seen, known = self.rows - shown.rows, int(np.trace(self.confusion)) - hits
            return f"{words}; of {seen:,} that it was trained on it is right on {100 * known / seen:.1f} %."
        if self.seen:
            return f"{words}. It was trained on these texts, so of new ones this says little."
        return f"{words}."

    def answer(self) -> str:
        """How often the model is right, beside the label that most texts have."""
        return self.accuracy_in_words(str(self.provenance.get("model") or "The model"))

    def summary(self) -> str:
        """Accuracy and F1, the number of texts, and what was left out."""
        f1 = f"macro F1 {self.macro['f1']:.4f}"
        if self.positive_f1 is not None:
            f1 = f"F1 of {self.labels[-1]} {self.positive_f1:.4f}, {f1}"
        f1 = ", ".join([f1, *in_order(self.ordinal)])
        rows = f"{number_of(self.rows, 'text')} ({self.part}){left_out(self.dropped)}"
        first = f"accuracy {self.accuracy:.4f}, {f1} on {rows}"
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
