"""The answer whose training rows are asked for: the log-odds of a class, or of one class against another."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from attribkit.attribution.targets import TargetName, find_label
from attribkit.errors import InputError


@dataclass(frozen=True)
class Answer:
    """A class, and the one it is set against.

    Attributes:
        label: its place among the labels.
        against: that of the other class; None for all others.
    """

    label: int
    against: int | None = None

    @staticmethod
    def of(target: TargetName | None, labels: tuple[str, ...], logits: NDArray[np.float64]) -> "Answer":
        """The answer that a target names for a text with these logits (C,).

        Raises:
            ValueError: for a label that does not exist, or a pair that is none.
        """
        if target is None:
            return Answer(int(logits.argmax()))
        if isinstance(target, tuple):
            if len(target) != 2:
                raise InputError(f"a pair of two labels was expected as `target`, got {len(target)} of them")
            label, against = (find_label(name, labels) for name in target)
            if label == against:
                raise InputError(
                    f"a pair of two different labels was expected as `target`, got {labels[label]!r} twice"
                )
            return Answer(label, against)
        return Answer(find_label(target, labels))

    def name(self, labels: tuple[str, ...]) -> str:
        """What a reader calls it."""
        return labels[self.label] if self.against is None else f"{labels[self.label]} − {labels[self.against]}"

    def log_odds(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) the answer for logits (n, C): z_c − logsumexp of the others, or z_a − z_b."""
        own = logits[:, self.label]
        if self.against is not None:
            difference: NDArray[np.float64] = own - logits[:, self.against]
            return difference
        return log_odds(logits, np.full(len(logits), self.label))

    def direction(self, classes: int) -> NDArray[np.float64]:
        """(C,) the linear function of the logits that representer values share out.

        It is the label's logit less that of the other, or less the mean of all others; with two labels, the log-odds.
        """
        direction = np.zeros(classes)
        if self.against is None:
            direction[:] = -1 / (classes - 1)
        else:
            direction[self.against] = -1
        direction[self.label] = 1
        return direction

    def gradient(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """(C,) how the answer moves with the logits (C,)."""
        if self.against is not None:
            return self.direction(len(logits))
        others = np.delete(np.arange(len(logits)), self.label)
        gradient = np.zeros(len(logits))
        weights = np.exp(logits[others] - logits[others].max())
        gradient[others] = -weights / weights.sum()
        gradient[self.label] = 1
        return gradient


def log_odds(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n,) for each row the log-odds of its class: z_y − logsumexp of the other logits (n, C)."""
    rows = np.arange(len(logits))
    others = logits.copy()
    others[rows, labels] = -np.inf
    largest = others.max(1)
    odds: NDArray[np.float64] = logits[rows, labels] - largest - np.log(np.exp(others - largest[:, None]).sum(1))
    return odds


def log_odds_of_all(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, C) for each row the log-odds of every class: log p − log(1 − p), with p the softmax of the logits (n, C)."""
    log_p = log_softmax(logits, axis=1)
    best = logits.argmax(1)
    # that of the likeliest is taken from the logits: beside a p near 1, 1 − p has lost its digits
    log_p[np.arange(len(logits)), best] = -1.0
    odds: NDArray[np.float64] = log_p - np.log(-np.expm1(log_p))
    odds[np.arange(len(logits)), best] = log_odds(logits, best)
    return odds
