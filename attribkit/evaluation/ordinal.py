"""Labels that are integers have an order: how far a prediction lies from the true label counts."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


def ordinal_measures(labels: Sequence[str], confusion: NDArray[np.int64]) -> dict[str, float] | None:
    """The mean distance of the predicted from the true label, and Cohen's kappa with quadratic weights.

    Source: Cohen, "Weighted kappa", Psychological Bulletin 1968.

    Args:
        labels: (C,).
        confusion: (C, C) texts by true and predicted label.

    Returns:
        None for fewer than three labels, or if not all are integers.
    """
    if len(labels) < 3 or not all(label.removeprefix("-").isdecimal() for label in labels):
        return None
    values = np.array([int(label) for label in labels], dtype=float)
    distance = np.abs(values[:, None] - values)
    rows = max(int(confusion.sum()), 1)
    by_chance = float((np.outer(confusion.sum(1), confusion.sum(0)) / rows * distance**2).sum())
    return {
        "mean_absolute_error": float((confusion * distance).sum()) / rows,
        "quadratic_kappa": 1 - float((confusion * distance**2).sum()) / by_chance if by_chance else 0.0,
    }


def in_order(measures: Mapping[str, float] | None) -> tuple[str, ...]:
    """The two measures as a sentence says them; empty without any."""
    if measures is None:
        return ()
    error, kappa = measures["mean_absolute_error"], measures["quadratic_kappa"]
    return (f"mean absolute error {error:.4f}, quadratic kappa {kappa:.4f}".replace("-", "−"),)
