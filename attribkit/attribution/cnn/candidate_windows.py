"""Candidate windows: those that may win a filter's maximum somewhere on the path."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.attribution.cnn.lookup_tables import masked_value

SLACK = 64.0  # in units of the last place; too many candidates cost time, too few would cost correctness


def steepest(slopes: NDArray[Any], bias: NDArray[np.float64]) -> NDArray[np.int64]:
    """The lines that can be on the envelope if all start at one height: the steepest, unless they never exceed zero.

    Args:
        slopes: (B, W, N), W windows of N filters.
        bias: (N,) their common height at α = 0.

    Returns:
        (P,): (text · W + window) · N + filter.
    """
    top = slopes.max(1)  # (B, N)
    possible = (top > masked_value(slopes.dtype) / 2) & (np.maximum(top, 0) + bias > 0)
    return _reaching(slopes, np.where(possible, top, np.inf))


def candidate_windows(before: NDArray[Any], after: NDArray[Any], bias: NDArray[np.float64]) -> NDArray[np.int64]:
    """The lines that can be on the envelope: those not below the two top lines, the one at α = 0 and the one at α = 1.

    The gap from a line up to the higher of those two is convex, bends only where they cross, and is nowhere negative at
    the ends; so a line that lies below their crossing lies below them everywhere.

    Args:
        before: (B, W, N), each line's height at α = 0, without the bias.
        after: (B, W, N), each line's height at α = 1, without the bias.
        bias: (N,).

    Returns:
        (P,): (text · W + window) · N + filter.
    """
    bottom = masked_value(after.dtype)
    first, last = before.max(1), after.max(1)  # (B, N)
    first_end = np.where(before == first[:, np.newaxis], after, bottom).max(1)
    last_start = np.where(after == last[:, np.newaxis], before, bottom).max(1)
    fall, gain = first - last_start, last - first_end
    crossing = np.full_like(fall, 0.5)
    np.divide(fall, fall + gain, out=crossing, where=fall + gain > 0)
    crossing = crossing.clip(1e-6, 1 - 1e-6)
    floor = np.maximum(_between(first, first_end, crossing), _between(last_start, last, crossing))
    scale = np.abs(first) + np.abs(first_end) + np.abs(last_start) + np.abs(last)
    floor = floor - SLACK * np.finfo(after.dtype).eps * scale
    possible = (last > bottom / 2) & (np.maximum(first, last) + bias > 0)
    heights = _between(before, after, crossing[:, np.newaxis])
    return _reaching(heights, np.where(possible, floor, np.inf))


def _between(start: NDArray[Any], end: NDArray[Any], share: NDArray[Any]) -> NDArray[Any]:
    """As precise near the end as near the start."""
    point: NDArray[Any] = start * (1 - share) + end * share
    return point


def _reaching(values: NDArray[Any], floor: NDArray[Any]) -> NDArray[np.int64]:
    """The flat places where values (B, W, N) reach floor (B, N)."""
    return np.flatnonzero(values >= floor[:, np.newaxis])
