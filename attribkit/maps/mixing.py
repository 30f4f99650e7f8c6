"""To what degree classes are mixed: numbers for what the eye guesses on a map.

All distances are Euclidean. Large sets are measured on a sample, and neighbours are sought within it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.panels import Mixing

SAMPLE = 5_000
NEIGHBOURS = 10
_CELLS = 8_000_000  # distances held at once

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Measured:
    """One layer and its map, measured.

    Attributes:
        mixing: the numbers of the whole.
        rows: (n,) which points were measured.
        labels: (n,) their classes.
        votes_layer, votes_map: (n, C) share of each point's k nearest neighbours in each class.
        silhouette_layer, silhouette_map: (n,) each point's; None with one class.
    """

    mixing: Mixing
    rows: Ints
    labels: Ints
    votes_layer: Floats
    votes_map: Floats
    silhouette_layer: Floats | None
    silhouette_map: Floats | None

    def own(self, where: str = "layer") -> Floats:
        """(n,) each point's share of neighbours with its own label."""
        votes = self.votes_layer if where == "layer" else self.votes_map
        return votes[np.arange(len(votes)), self.labels]


def measure(
    layer: NDArray[np.floating], points: NDArray[np.floating], labels: Ints, neighbours: int = NEIGHBOURS, seed: int = 0
) -> Measured:
    """Measure the mixing of labelled points.

    Args:
        layer: (N, H), in the layer's own space.
        points: (N, D), on the map.
        labels: (N,) classes from 0; −1 for a point without a label, which is not measured.
        neighbours: k.
        seed: draws the sample of at most 5,000 points.

    Raises: ValueError if fewer than k + 1 points have a label.
    """
    rows = sample_of(np.flatnonzero(labels >= 0), SAMPLE, seed)
    if len(rows) <= neighbours:
        raise InputError(
            f"{neighbours} neighbours need at least {neighbours + 1} labelled points, got {len(rows)}; lower "
            "`neighbours` or give more texts"
        )
    chosen = labels[rows]
    high, low = np.asarray(layer[rows], dtype=float), np.asarray(points[rows], dtype=float)
    near_high, near_low = nearest(high, neighbours), nearest(low, neighbours)
    votes_high, votes_low = (_votes(near, chosen, int(labels.max()) + 1) for near in (near_high, near_low))
    several = len(np.unique(chosen)) > 1
    silhouettes = (silhouette(high, chosen), silhouette(low, chosen)) if several else (None, None)
    each = np.arange(len(rows))
    mixing = Mixing(
        neighbours=neighbours,
        sample=len(rows),
        chance=chance(chosen),
        agreement_layer=float(votes_high[each, chosen].mean()),
        agreement_map=float(votes_low[each, chosen].mean()),
        silhouette_layer=None if silhouettes[0] is None else float(silhouettes[0].mean()),
        silhouette_map=None if silhouettes[1] is None else float(silhouettes[1].mean()),
        trustworthiness=trustworthiness(high, near_low),
    )
    return Measured(mixing, rows, chosen, votes_high, votes_low, *silhouettes)


def measure_if_enough(
    layer: NDArray[np.floating], points: NDArray[np.floating], labels: Ints, neighbours: int, seed: int = 0
) -> Measured | None:
    """`measure`, or None where fewer than k + 1 points have a label."""
    return measure(layer, points, labels, neighbours, seed) if (labels >= 0).sum() > neighbours else None


def sample_of(rows: Ints, most: int, seed: int) -> Ints:
    """At most so many of the rows, in their order, drawn by the seed."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def chance(labels: Ints) -> float:
    """The agreement that shuffled labels would have on average: Σ_c n_c (n_c − 1) / (n (n − 1))."""
    counts = np.unique(labels, return_counts=True)[1].astype(float)
    total = counts.sum()
    return float((counts * (counts - 1)).sum() / (total * (total - 1))) if total > 1 else 1.0


def nearest(points: Floats, k: int, of: Floats | None = None) -> Ints:
    """(n, k) the numbers of each point's nearest ones, nearest first; a point is no neighbour of itself.

    Args:
        points: (n, H).
        k: at most n − 1.
        of: (m, H) other points whose neighbours are sought instead, (m, k).
    """
    found = np.empty((len(points if of is None else of), k), dtype=np.int64)

    def keep(start: int, distances: Floats) -> None:
        if of is None:
            rows = np.arange(len(distances))
            distances[rows, start + rows] = np.inf
        close = np.argpartition(distances, k - 1, axis=1)[:, :k] if k < len(points) else _everyone(distances)
        order = np.lexsort((close, np.take_along_axis(distances, close, 1)), axis=1)  # ties by number: always the same
        found[start : start + len(distances)] = np.take_along_axis(close, order, 1)

    _by_distance(points, keep, of)
    return found


def silhouette(points: Floats, labels: Ints) -> Floats:
    """(n,) each point's silhouette, (b − a) / max(a, b): a its mean distance to its own class, b to the nearest other.

    A point alone in its class has 0. Source: Rousseeuw, "Silhouettes", 1987.
    """
    classes, place = np.unique(labels, return_inverse=True)
    member = np.eye(len(classes))[place]
    counts = member.sum(0)
    found = np.zeros(len(points))

    def keep(start: int, distances: Floats) -> None:
        own = place[start : start + len(distances)]
        each = np.arange(len(own))
        distances[each, start + each] = 0.0
        sums = np.sqrt(distances) @ member
        others = sums / counts
        inside = sums[each, own] / np.maximum(counts[own] - 1, 1)
        others[each, own] = np.inf
        outside = others.min(1)
        largest = np.maximum(inside, outside)
        fits = (counts[own] > 1) & (largest > 0)
        found[start : start + len(own)] = np.where(fits, (outside - inside) / np.where(fits, largest, 1.0), 0.0)

    _by_distance(points, keep)
    return found


def trustworthiness(layer: Floats, near_map: Ints) -> float | None:
    """How far the map's neighbours (n, k) are the layer's too, 0 to 1; None where k ≥ n / 2, for which it is undefined.

    1 − 2 / (n k (2n − 3k − 1)) · Σ over each point's map neighbours of how far their rank in the layer exceeds k.
    Source: Venna & Kaski, "Neighborhood preservation in nonlinear projection methods", 2001.
    """
    count, k = near_map.shape
    if 2 * k >= count:
        return None
    excess = 0

    def keep(start: int, distances: Floats) -> None:
        nonlocal excess
        rows = np.arange(len(distances))
        distances[rows, start + rows] = np.inf
        for neighbour in near_map[start : start + len(distances)].T:
            reach = distances[rows, neighbour]
            ranks = (distances < reach[:, None]).sum(1) + 1
            excess += int(np.maximum(ranks - k, 0).sum())

    _by_distance(layer, keep)
    return 1.0 - 2.0 * excess / (count * k * (2 * count - 3 * k - 1))


def _everyone(distances: Floats) -> Ints:
    return np.broadcast_to(np.arange(distances.shape[1]), distances.shape).copy()


def _votes(near: Ints, labels: Ints, classes: int) -> Floats:
    return np.eye(classes)[labels[near]].mean(1)


def _by_distance(points: Floats, keep: Callable[[int, Floats], None], of: Floats | None = None) -> None:
    """Hand out the squared distances (rows, n) from some points to all, a few rows at a time."""
    centre = points.mean(0)
    points = points - centre  # large offsets would cost digits
    given = points if of is None else of - centre
    squares = (points**2).sum(1)
    rows = max(1, _CELLS // max(1, len(points)))
    for start in range(0, len(given), rows):
        part = given[start : start + rows]
        keep(start, np.maximum((part**2).sum(1)[:, None] + squares - 2.0 * part @ points.T, 0.0))
