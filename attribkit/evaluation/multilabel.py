"""How good a multi-label model is: F1 over and within labels, average precision, exact sets, single decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from attribkit.evaluation.cells import in_words, left_out, number
from attribkit.evaluation.statistics import Estimate, estimate, estimated_ratio
from attribkit.plurals import number_of
from attribkit.results.panels import Bar, Panel, Table
from attribkit.results.result import Result
from attribkit.task import THRESHOLD


@dataclass(frozen=True, eq=False, repr=False)
class MultilabelMetrics(Result):
    """How good a multi-label model is on N texts; a share of nothing is 0.

    A label is predicted from a probability of 0.5 on. Intervals are bootstrapped over texts.

    Attributes:
        labels: (C,) in the model's order.
        hits: (C,) int64, texts for which the label is predicted and holds.
        predicted: (C,) int64, texts for which it is predicted.
        support: (C,) int64, texts for which it holds.
        average_precision: (C,) the area under each label's precision-recall curve; NaN where it holds for no text.
        micro_f1: F1 over all decisions, each text's with each label.
        subset_accuracy: the share of texts whose predicted labels are exactly the true ones.
        hamming_loss: the share of wrong decisions.
        rows: N.
        dropped: rows left out because their text or labels are missing, or because the model cannot answer them.
        part: what the rows are, such as "test split".
        seen: how many of them the model was trained on; None if that is not known.
        notes: sentences on which rows were measured, and on labels that the model does not know.
        provenance: the model, the data and the number of texts.
    """

    about = "Performance of a model"

    labels: tuple[str, ...]
    hits: NDArray[np.int64]
    predicted: NDArray[np.int64]
    support: NDArray[np.int64]
    average_precision: NDArray[np.float64]
    micro_f1: Estimate
    subset_accuracy: Estimate
    hamming_loss: Estimate
    rows: int
    dropped: int = 0
    part: str = "all rows"
    seen: int | None = None
    notes: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(
        labels: Sequence[str],
        holds: NDArray[np.bool_],
        probabilities: NDArray[np.float64],
        *,
        dropped: int = 0,
        part: str = "all rows",
        seen: int | None = None,
        notes: Sequence[str] = (),
    ) -> "MultilabelMetrics":
        """Measure predictions.

        Args:
            labels: (C,).
            holds: (N, C) which labels are true.
            probabilities: (N, C).
            dropped: rows left out.
            part: what the rows are.
            seen: how many of them the model was trained on.
            notes: sentences on the rows.
        """
        predicted = probabilities >= THRESHOLD
        hit, wrong = predicted & holds, predicted != holds
        area = [
            average_precision_score(truth, p) if truth.any() else np.nan
            for truth, p in zip(holds.T, probabilities.T, strict=True)
        ]
        return MultilabelMetrics(
            tuple(labels),
            hit.sum(0),
            predicted.sum(0),
            holds.sum(0),
            np.array(area, dtype=float),
            estimated_ratio(2.0 * hit.sum(1), predicted.sum(1) + holds.sum(1).astype(float)),
            estimate((~wrong).all(1).astype(float)),
            estimate(wrong.mean(1)),
            len(holds),
            dropped,
            part,
            seen,
            tuple(notes),
        )

    @property
    def precision(self) -> NDArray[np.float64]:
        """(C,) of the texts for which each label is predicted, the share for which it holds."""
        return _share(self.hits, self.predicted)

    @property
    def recall(self) -> NDArray[np.float64]:
        """(C,) of the texts for which each label holds, the share for which it is predicted."""
        return _share(self.hits, self.support)

    @property
    def f1(self) -> NDArray[np.float64]:
        """(C,) the harmonic mean of precision and recall."""
        return _share(2 * self.hits, self.predicted + self.support)

    @property
    def macro_f1(self) -> float:
        """F1 averaged over the labels."""
        return float(self.f1.mean())

    @property
    def mean_average_precision(self) -> float:
        """The average precision averaged over the labels that hold for any text; NaN if none does."""
        known = self.average_precision[~np.isnan(self.average_precision)]
        return float(known.mean()) if len(known) else float("nan")

    def to_frame(self) -> pd.DataFrame:
        """One row per label: precision, recall, f1, average_precision and support."""
        columns = {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "average_precision": self.average_precision,
            "support": self.support,
        }
        return pd.DataFrame(columns, index=pd.Index(self.labels, name="label"))

    def panels(self) -> tuple[Panel, ...]:
        """The figures over all labels, and a row for each label: those with the most texts first."""
        whole = Table(
            f"Performance on {self.part}",
            ("measure", "value", "95 % interval"),
            tuple((name, number(value), span) for name, value, span, _ in self.measures()),
            (
                f"{number_of(self.rows, 'text')}; a label is predicted from a probability of {THRESHOLD:g} on",
                *self.notes,
            ),
        )
        frame = self.to_frame().sort_values("support", ascending=False, kind="stable")
        rows = tuple(
            (str(label), *(number(float(value)) for value in values[:-1]), int(values[-1]))
            for label, *values in frame.itertuples()
        )
        bars = tuple(Bar(float(value)) for value in frame["f1"])
        columns = ("label", "precision", "recall", "F1", "average precision", "texts")
        return whole, Table("Each label", columns, rows, bars=bars)

    def measures(self) -> list[tuple[str, float, str | None, str]]:
        """The figures over all labels: name, value, interval in words and meaning."""
        intervals = {
            "micro F1": (self.micro_f1, "over all decisions together"),
            "exact sets of labels": (self.subset_accuracy, "share of texts, subset accuracy"),
            "wrong decisions": (self.hamming_loss, "share, Hamming loss"),
        }
        rows: list[tuple[str, float, str | None, str]] = [
            (name, value.mean, f"{value.low:.3f} to {value.high:.3f}", meaning)
            for name, (value, meaning) in intervals.items()
        ]
        rows.insert(1, ("macro F1", self.macro_f1, None, "the mean over the labels"))
        rows.insert(2, ("mean average precision", self.mean_average_precision, None, "whatever the threshold"))
        return rows

    def summary(self) -> str:
        """The figures over all labels in a sentence, then what was left out."""
        first = (
            f"micro F1 {in_words(self.micro_f1)}, macro F1 {self.macro_f1:.3f}, exact sets "
            f"{self.subset_accuracy.mean:.3f}, wrong decisions {self.hamming_loss.mean:.4f} on "
            f"{number_of(self.rows, 'text')} ({self.part}){left_out(self.dropped)}"
        )
        return "\n".join([first, *self.notes])

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a model card or a JSON file."""
        whole = {name: getattr(self, name) for name in ("micro_f1", "subset_accuracy", "hamming_loss")}
        summary: dict[str, Any] = {name: value.mean for name, value in whole.items()}
        summary |= {"macro_f1": self.macro_f1, "mean_average_precision": _plain(self.mean_average_precision)}
        for name in ("precision", "recall", "f1", "average_precision", "support"):
            values = map(_plain, getattr(self, name).tolist())
            summary[f"{name}_by_label"] = dict(zip(self.labels, values, strict=True))
        return summary | {
            "rows": self.rows,
            "dropped": self.dropped,
            "part": self.part,
            "seen_in_training": self.seen,
            "notes": list(self.notes),
        }


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else value


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return shares
