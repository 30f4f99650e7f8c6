"""The criteria of convergence, and which of them scores fail."""

import math

import numpy as np
from numpy.typing import NDArray


def relative_error(scores: NDArray[np.float64], change: float) -> float:
    """|Σ scores − change| / Σ|scores|, with 0/0 = 0; infinite if the sums are too large for a float.

    It is not divided by the change, which may be near zero.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return _relative(abs(float(scores.sum()) - change), float(np.abs(scores).sum()))


def relative_to_size(amount: float, scores: NDArray[np.float64]) -> float:
    """An amount ≥ 0 in the scores' unit / Σ|scores|, with 0/0 = 0; infinite where either is too large for a float."""
    with np.errstate(over="ignore"):
        return _relative(amount, float(np.abs(scores).sum()))


def _relative(amount: float, size: float) -> float:
    if not math.isfinite(size + amount):
        return math.inf
    return amount / size if size else (0.0 if amount == 0 else math.inf)


PATH_TOLERANCE = 10
"""How many times the tolerance the output may leave the integral of its gradients between two points of a path."""


def failed(
    converged: bool | None, error: float, change: float | None, path_error: float | None, tolerance: float
) -> tuple[str, ...]:
    """Which of the criteria exceed the tolerance; see `TokenScores.failed`.

    Args:
        converged: whether all of them were met; None where nothing was judged.
        error: the relative completeness error.
        change: the relative change between the last two rules.
        path_error: the relative error along the path.
        tolerance: of the first two; the third is allowed `PATH_TOLERANCE` times as much.
    """
    if converged is not False:
        return ()
    criteria = (("completeness", error, 1), ("stability", change, 1), ("path", path_error, PATH_TOLERANCE))
    return tuple(name for name, value, times in criteria if value is not None and value > times * tolerance)
