"""Rows whose label a model does not have, and how well its confidence tells them from the others."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm, rankdata

from attribkit.plurals import number_of

KEPT = 0.95
"""The share of the rows with a known label that the threshold lets pass."""
_NAMED = 5
_NEAR = 1e-9


@dataclass(frozen=True, eq=False)
class UnknownLabels:
    """The rows whose label the model does not have, and how well its confidence tells them from the others.

    Confidence is the probability of the predicted label. The area under the ROC curve (AUROC) is the share of pairs,
    one row with a known label and one without, in which the model is more confident of the former; .5 is chance.

    Source: Hendrycks & Gimpel, "A Baseline for Detecting Misclassified and Out-of-Distribution Examples", ICLR 2017;
    the interval: Newcombe, "Confidence intervals for an effect size measure based on the Mann–Whitney statistic, part
    2", Statistics in Medicine 2006, method 5.

    Attributes:
        labels: the labels, each with its rows, the most frequent first.
        rows: (M,) int64, their places among the rows given, from 0.
        known: how many rows have a label of the model.
        auroc: the area under the ROC curve, 0 to 1.
        low: where its 95 % interval begins.
        high: where its 95 % interval ends.
        threshold: the confidence below which a prediction is to be rejected: at least 95 % of the known rows are kept.
        kept: the share of the known rows at or above it.
        rejected: the share of the unknown rows below it.
    """

    labels: tuple[tuple[str, int], ...]
    rows: NDArray[np.int64]
    known: int
    auroc: float
    low: float
    high: float
    threshold: float
    kept: float
    rejected: float

    @staticmethod
    def of(
        labels: Sequence[str],
        rows: NDArray[np.int64],
        unknown: NDArray[np.float64],
        known: NDArray[np.float64],
    ) -> "UnknownLabels | None":
        """Compare the confidence of M rows with unknown labels with that of the known ones; None without either.

        Args:
            labels: (M,) the labels of the rows with unknown ones.
            rows: (M,) their places among the rows given.
            unknown: (M,) the confidence in them.
            known: (N,) the confidence in the other rows.
        """
        if not len(unknown) or not len(known):
            return None
        threshold = float(np.sort(known)[int((1 - KEPT) * len(known) + 1e-9)])
        auroc = area(known, unknown)
        return UnknownLabels(
            tuple(Counter(labels).most_common()),
            np.asarray(rows, dtype=np.int64),
            len(known),
            auroc,
            *interval_of_area(auroc, len(known), len(unknown)),
            threshold,
            float((known >= threshold).mean()),
            float((unknown < threshold).mean()),
        )

    @property
    def sentences(self) -> tuple[str, str]:
        """How many there are, and what the confidence does."""
        named = ", ".join(f"“{name}” ({rows:,})" for name, rows in self.labels[:_NAMED])
        rest = len(self.labels) - _NAMED
        more = f" and {rest:,} more labels" if rest > 0 else ""
        first = ", ".join(f"{row:,}" for row in self.rows[:_NAMED].tolist())
        dots = ", …" if len(self.rows) > _NAMED else ""
        single = len(self.rows) == 1
        has, are = ("has a label", "it is") if single else ("have labels", "they are")
        return (
            f"{number_of(len(self.rows), 'row')} {has} that the model does not know: {named}{more}; {are} counted "
            f"neither as right nor as wrong ({'row' if single else 'rows'} {first}{dots})",
            f"its confidence tells them from the {self.known:,} others with an AUROC of {self.auroc:.3f} (95 % "
            f"interval {self.low:.3f} to {self.high:.3f}; .5 is chance): rejecting answers below {self.threshold:.4f} "
            f"keeps {100 * self.kept:.1f} % of the others and rejects {100 * self.rejected:.1f} % of these",
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a JSON file."""
        return {
            "labels": dict(self.labels),
            "rows": self.rows.tolist(),
            "known_rows": self.known,
            "auroc": self.auroc,
            "auroc_low": self.low,
            "auroc_high": self.high,
            "reject_below": self.threshold,
            "known_kept": self.kept,
            "unknown_rejected": self.rejected,
        }


def area(higher: NDArray[np.float64], lower: NDArray[np.float64]) -> float:
    """The share of pairs in which the value of the first (M,) exceeds that of the second (N,); ties count half."""
    ranks = rankdata(np.concatenate([higher, lower]))[: len(higher)]
    m, n = len(higher), len(lower)
    return float((ranks.sum() - m * (m + 1) / 2) / (m * n))


def interval_of_area(auroc: float, m: int, n: int) -> tuple[float, float]:
    """The areas whose distance from the one found is 1.96 of their own standard errors, by m and n values."""
    z = float(norm.ppf(0.975))

    def beyond(value: float) -> float:
        half = (m + n) / 2 - 1
        spread = value * (1 - value) * (1 + half * (1 - value) / (2 - value) + half * value / (1 + value)) / (m * n)
        return float((auroc - value) ** 2 - z * z * spread)

    # at the area itself nothing is beyond, and at 0 and 1, where the spread is 0, everything else is
    low = brentq(beyond, 0.0, auroc - _NEAR) if auroc > _NEAR else 0.0
    high = brentq(beyond, auroc + _NEAR, 1.0) if auroc < 1 - _NEAR else 1.0
    return float(low), float(high)
