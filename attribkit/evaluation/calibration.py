"""Calibration: of 100 predictions with a probability of 80 %, are 80 right?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.evaluation.answers import Answers
from attribkit.evaluation.statistics import Estimate, resampled_sums
from attribkit.results.panels import Chart, Series, Table
from attribkit.task import Task

BINS = 10


@dataclass(frozen=True, eq=False)
class Calibration:
    """Accuracy and confidence of predictions, in bins of equal width by their confidence; empty bins are left out.

    The confidence of a prediction is the probability of the predicted label.

    Source: Guo, Pleiss, Sun & Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.

    Attributes:
        confidence: (K,) each bin's mean confidence.
        accuracy: (K,) its share of right predictions.
        count: (K,) int64, its texts.
        error: the expected calibration error, Σ count · |accuracy − confidence| / Σ count, 0 to 1.
        brier: the Brier score: the mean squared distance of the probabilities from the true label's one and zeros,
            summed over the labels, 0 to 2.
        log_loss: the mean of −log p of the true label, in nats.
        bins: how many there would be if none were empty.
        task: of the model. With several labels a text, all pairs of a text and a label are counted: `confidence` is the
            probability of the label and `accuracy` the share of pairs in which it holds.
    """

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    count: NDArray[np.int64]
    error: float
    brier: float
    log_loss: float
    bins: int = BINS
    task: Task = "multiclass"

    @staticmethod
    def of(answers: Answers, bins: int = BINS) -> "Calibration":
        """Measure the calibration on the texts whose true label is known.

        Raises:
            ValueError: if there are none, or for fewer than one bin.
        """
        if bins < 1:
            raise InputError(f"`bins` must be at least 1, got {bins}")
        known = answers.labelled
        if not len(known):
            raise InputError("calibration needs true labels, the data has none; give a table with a label column")
        if answers.task == "regression":
            raise InputError("calibration compares probabilities, and a regression has none; see its errors instead")
        if answers.task == "multilabel":
            return Calibration._of_decisions(answers.probabilities[known], answers.truth[known] > 0, bins)
        truth, logits = answers.truth[known], answers.logits[known]
        sure, right = answers.confidence[known], answers.right
        place = _places(sure, bins)
        count = np.bincount(place, minlength=bins)
        filled = np.flatnonzero(count)
        confidence = np.bincount(place, sure, bins)[filled] / count[filled]
        accuracy = np.bincount(place, right, bins)[filled] / count[filled]
        highest = logits.max(1)
        loss = highest + np.log(np.exp(logits - highest[:, None]).sum(1)) - logits[np.arange(len(known)), truth]
        ones = np.eye(len(answers.labels))[truth]
        return Calibration(
            confidence,
            accuracy,
            count[filled],
            float((count[filled] * np.abs(accuracy - confidence)).sum() / len(known)),
            float(((answers.probabilities[known] - ones) ** 2).sum(1).mean()),
            float(loss.mean()),
            bins,
        )

    @staticmethod
    def _of_decisions(p: NDArray[np.float64], holds: NDArray[np.bool_], bins: int) -> "Calibration":
        """Of several labels a text: of all pairs of a text and a label, how often it holds at each probability."""
        sure, right, loss = p.ravel(), holds.ravel(), np.where(holds, p, 1 - p).ravel()
        place = _places(sure, bins)
        count = np.bincount(place, minlength=bins)
        filled = np.flatnonzero(count)
        confidence = np.bincount(place, sure, bins)[filled] / count[filled]
        accuracy = np.bincount(place, right, bins)[filled] / count[filled]
        return Calibration(
            confidence,
            accuracy,
            count[filled],
            float((count[filled] * np.abs(accuracy - confidence)).sum() / len(sure)),
            float(((sure - right) ** 2).mean()),
            float(-np.log(np.maximum(loss, np.finfo(float).tiny)).mean()),
            bins,
            "multilabel",
        )

    @property
    def surplus(self) -> float:
        """Mean confidence − accuracy over all predictions: above 0 the model is overconfident."""
        return float(((self.confidence - self.accuracy) * self.count).sum() / self.count.sum())

    @property
    def verdict(self) -> str:
        """One plain sentence on the calibration."""
        if self.task == "multilabel":
            return _of_labels(self.surplus)
        points = f"{100 * abs(self.surplus):.1f} percentage points"
        if abs(self.surplus) < 0.005:
            return "On the whole the model is as sure as it is right."
        if self.surplus > 0:
            return f"On the whole the model is surer than it is right, by {points}."
        return f"On the whole the model is less sure than it is right, by {points}."

    def chart(self, title: str = "Calibration") -> Chart:
        """The share of right predictions against the confidence, with the diagonal on which both are equal."""
        ends = np.array([float(min(self.confidence.min(), self.accuracy.min())), 1.0])
        lines = (Series("this model", self.confidence, self.accuracy), Series("ideal", ends, ends))
        if self.task == "multilabel":
            return Chart(title, "probability of a label", "share of texts for which it holds", lines)
        return Chart(title, "confidence (the likeliest label’s probability)", "share of right answers", lines)

    def table(self, title: str = "Calibration, bin by bin") -> Table:
        """The bins in numbers."""
        columns = ("mean confidence", "share right", "difference", "texts")
        if self.task == "multilabel":
            columns = ("mean probability", "share that holds", "difference", "decisions")
        rows = tuple(
            (round(c, 4), round(a, 4), round(c - a, 4), n)
            for c, a, n in zip(self.confidence.tolist(), self.accuracy.tolist(), self.count.tolist(), strict=True)
        )
        note = (
            f"expected calibration error {self.error:.4f} over {self.bins} bins of equal width; Brier score "
            f"{self.brier:.4f}; log loss {self.log_loss:.4f} nats"
        )
        return Table(title, columns, rows, (note,))


def calibration_error(answers: Answers, bins: int = BINS) -> Estimate:
    """The expected calibration error with its 95 % interval, by drawing the texts anew.

    The error of few texts is too large, for chance alone parts accuracy and confidence in a bin. Drawing texts anew
    adds to that, so the interval reaches further above the error than below it.

    Args:
        answers: the predictions, with true labels.
        bins: of equal width.

    Raises:
        ValueError: as `Calibration.of`.
    """
    error = Calibration.of(answers, bins).error
    known = answers.labelled
    if answers.task == "multilabel":
        sure, right = answers.probabilities[known], answers.truth[known] > 0
    else:
        sure, right = answers.confidence[known][:, None], answers.right[:, None]
    differences = np.zeros((len(known), bins))
    np.add.at(differences, (np.arange(len(known))[:, None], _places(sure, bins)), right - sure)
    return Estimate.of(error, np.abs(resampled_sums(differences)).sum(1) / sure.size, len(known))


def _places(sure: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    """The bin of each confidence."""
    return np.searchsorted(np.arange(1, bins) / bins, sure, side="right")


def _of_labels(surplus: float) -> str:
    if abs(surplus) < 0.005:
        return "On the whole labels hold as often as their probabilities say."
    often = "less" if surplus > 0 else "more"
    return f"On the whole labels hold {often} often than their probabilities say, by {100 * abs(surplus):.1f} points."
