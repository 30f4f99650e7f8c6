"""Distances between many points, a few rows at a time, and nearest neighbours with their ties.

All distances are Euclidean.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_CELLS = 8_000_000  # distances held at once

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DistanceBlock:
    """Some rows of the matrix of all distances.

    Attributes:
        first: the number of the first row.
        squares: (R, n) squared distances; infinite from a point to itself.
        own: (R,) the squared distance of each point from the centre.
        error: two squared distances around d² that differ by no more than error · (own + d²) are equal, as far as the
            arithmetic can tell.
    """

    first: int
    squares: Floats
    own: Floats
    error: float

    @property
    def rows(self) -> slice:
        """Which rows these are."""
        return slice(self.first, self.first + len(self.squares))

    def neighbours(self, k: int) -> tuple[Ints, dict[int, tuple[Ints, Floats]]]:
        """(R, k) the k nearest; and for rows with ties in the last place all of those, and their weights, Σ = k."""
        close = _close(self.squares, k + 1) if k + 1 < self.squares.shape[1] else _close(self.squares, k)
        furthest = np.take_along_axis(self.squares, close[:, :k], 1).max(1)
        slack = self.error * (self.own + furthest)
        nearer, upto = furthest - slack, furthest + slack
        tied = {}
        for row in np.flatnonzero(np.take_along_axis(self.squares, close[:, k:], 1).min(1, initial=np.inf) <= upto):
            inside = self.squares[row] < nearer[row]
            shared = ~inside & (self.squares[row] <= upto[row])
            weights = inside + shared * ((k - inside.sum()) / shared.sum())
            others = np.flatnonzero(weights)
            tied[int(row)] = (others, weights[others])
        return close[:, :k], tied


def nearest(points: Floats, k: int, of: Floats | None = None) -> Ints:
    """(n, k) the numbers of each point's nearest ones, nearest first; of equally near ones any gets the last place.

    Args:
        points: (n, H); a point is no neighbour of itself.
        k: at most n − 1.
        of: (m, H) other points whose neighbours are sought instead, (m, k); k is at most n then.
    """
    neighbours = np.empty((len(points if of is None else of), k), dtype=np.int64)
    for block in blocks(points, of):
        close = _close(block.squares, k)
        order = np.lexsort((close, np.take_along_axis(block.squares, close, 1)), axis=1)
        neighbours[block.rows] = np.take_along_axis(close, order, 1)
    return neighbours


def _close(squares: Floats, k: int) -> Ints:
    """(R, k) the numbers of the k smallest of each row, the largest of them last."""
    if k < squares.shape[1]:
        return np.argpartition(squares, k - 1, axis=1)[:, :k]
    return np.argsort(squares, axis=1, kind="stable")


def blocks(points: Floats, of: Floats | None = None) -> Iterator[DistanceBlock]:
    """The squared distances to points (n, H) from themselves, or from others (m, H), some rows at a time."""
    centre = points.mean(0)
    points = points - centre  # large offsets would cost digits
    queries = points if of is None else of - centre
    squares = (points**2).sum(1)
    # |x|², |y|² and 2xy are sums of H terms, together off by 2 (H + 2) · eps · (|x|² + |y|²); |y|² ≤ 2 |x|² + 2 d²; a
    # difference of two distances has the error of both
    error = 12 * (points.shape[1] + 2) * np.finfo(float).eps
    rows = max(1, _CELLS // max(1, len(points)))
    for first in range(0, len(queries), rows):
        part = queries[first : first + rows]
        own = (part**2).sum(1)
        squared = own[:, None] + squares - 2.0 * part @ points.T
        squared[squared <= error * own[:, None]] = 0.0
        if of is None:
            each = np.arange(len(part))
            squared[each, first + each] = np.inf
        yield DistanceBlock(first, squared, own, error)
