"""Measures of how far classes are mixed, in a layer and on its map.

All distances are Euclidean. Large sets are measured on a sample, and neighbours are sought within it. No number depends
on the order of the rows, but for which of them the sample holds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.data.labelled_texts import sample_rows
from attribkit.errors import InputError
from attribkit.projection.distances import blocks
from attribkit.results.panels import Mixing

SAMPLE = 5_000
NEIGHBOURS = 10

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class MeasuredMap:
    """One layer and its map, measured.

    Attributes:
        mixing: the numbers of the whole.
        rows: (n,) which points were measured.
        labels: (n,) their classes.
        votes_layer: (n, C) share of each point's k nearest neighbours in each class, in the layer's space.
        votes_map: (n, C) the same on the map.
        silhouette_layer: (n,) each point's silhouette in the layer's space; None with one class.
        silhouette_map: (n,) the same on the map; None with one class.
    """

    mixing: Mixing
    rows: Ints
    labels: Ints
    votes_layer: Floats
    votes_map: Floats
    silhouette_layer: Floats | None
    silhouette_map: Floats | None

    def own(self, space: str = "layer") -> Floats:
        """(n,) each point's share of neighbours with its own label."""
        votes = self.votes_layer if space == "layer" else self.votes_map
        return votes[np.arange(len(votes)), self.labels]


def measure(
    layer: NDArray[np.floating], points: NDArray[np.floating], labels: Ints, neighbours: int = NEIGHBOURS, seed: int = 0
) -> MeasuredMap:
    """Measure the mixing of labelled points.

    Args:
        layer: (N, H), in the layer's own space.
        points: (N, D), on the map.
        labels: (N,) classes from 0; −1 for a point without a label, which is not measured.
        neighbours: k.
        seed: draws the sample of at most 5,000 points.

    Raises:
        ValueError: if fewer than k + 1 points have a label.
    """
    rows = sample_rows(np.flatnonzero(labels >= 0), SAMPLE, seed)
    if len(rows) <= neighbours:
        raise InputError(
            f"{neighbours} neighbours need at least {neighbours + 1} labelled points, got {len(rows)}; lower "
            "`neighbours` or give more texts"
        )
    chosen = labels[rows]
    high, low = np.asarray(layer[rows], dtype=float), np.asarray(points[rows], dtype=float)
    votes_high, votes_low = (votes(space, chosen, int(labels.max()) + 1, neighbours) for space in (high, low))
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
        trustworthiness=trustworthiness(high, low, neighbours),
    )
    return MeasuredMap(mixing, rows, chosen, votes_high, votes_low, *silhouettes)


def measure_if_enough(
    layer: NDArray[np.floating], points: NDArray[np.floating], labels: Ints, neighbours: int, seed: int = 0
) -> MeasuredMap | None:
    """`measure`, or None if fewer than k + 1 points have a label."""
    return measure(layer, points, labels, neighbours, seed) if (labels >= 0).sum() > neighbours else None


def chance(labels: Ints) -> float:
    """The agreement that shuffled labels would have on average: Σ_c n_c (n_c − 1) / (n (n − 1))."""
    counts = np.unique(labels, return_counts=True)[1].astype(float)
    total = counts.sum()
    return float((counts * (counts - 1)).sum() / (total * (total - 1))) if total > 1 else 1.0


def votes(points: Floats, labels: Ints, classes: int, k: int) -> Floats:
    """(n, C) the share of each point's k nearest neighbours in each class.

    Points at the same distance share the places that are left, whatever their order: each counts as much as it would on
    average in a random order.

    Args:
        points: (n, H).
        labels: (n,) classes from 0.
        classes: C.
        k: neighbours.
    """
    member = np.eye(classes)[labels]
    shares = np.empty((len(points), classes))
    for block in blocks(points):
        close, tied = block.neighbours(k)
        shares[block.rows] = member[close].mean(1)
        for row, (others, weights) in tied.items():
            shares[block.first + row] = weights @ member[others] / k
    return shares


def silhouette(points: Floats, labels: Ints) -> Floats:
    """(n,) each point's silhouette, (b − a) / max(a, b): a its mean distance to its own class, b to the nearest other.

    A point alone in its class has 0, and so has one that coincides with all of its own class and of another.
    Source: Rousseeuw, "Silhouettes", 1987.
    """
    classes, place = np.unique(labels, return_inverse=True)
    member = np.eye(len(classes))[place]
    counts = member.sum(0)
    silhouettes = np.zeros(len(points))
    for block in blocks(points):
        own = place[block.rows]
        each = np.arange(len(own))
        block.squares[each, block.first + each] = 0.0
        sums = np.sqrt(block.squares) @ member
        others = sums / counts
        inside = sums[each, own] / np.maximum(counts[own] - 1, 1)
        others[each, own] = np.inf
        outside = others.min(1)
        largest = np.maximum(inside, outside)
        fits = (counts[own] > 1) & (largest > 0)
        silhouettes[block.rows] = np.where(fits, (outside - inside) / np.where(fits, largest, 1.0), 0.0)
    return silhouettes


def trustworthiness(layer: Floats, points: Floats, k: int) -> float | None:
    """How far neighbours on the map are neighbours in the layer, 0 to 1; None if k ≥ n / 2, for which it is undefined.

    1 − 2 / (n k (2n − 3k − 1)) · Σ over each point's k neighbours on the map of how far their rank in the layer exceeds
    k. Points at the same distance have equal parts in it: it is the mean over all orders that they could have, on the
    map and in the layer.

    Source: Venna & Kaski, "Neighborhood preservation in nonlinear projection methods", 2001.

    Args:
        layer: (n, H).
        points: (n, D), on the map.
        k: neighbours.
    """
    count = len(points)
    if 2 * k >= count:
        return None
    beyond = np.maximum(np.arange(count) - k, 0).cumsum()  # Σ_{r ≤ rank} max(r − k, 0)
    excess = 0.0
    for high, low in zip(blocks(layer), blocks(points), strict=True):
        close, tied = low.neighbours(k)
        for row, squares in enumerate(high.squares):
            others, weights = tied.get(row, (close[row], 1.0))
            ordered, reach = np.sort(squares), squares[others]
            slack = high.error * (high.own[row] + reach)
            nearer, upto = ordered.searchsorted(reach - slack), ordered.searchsorted(reach + slack, side="right")
            excess += float((weights * (beyond[upto] - beyond[nearer]) / (upto - nearer)).sum())
    return 1.0 - 2.0 * excess / (count * k * (2 * count - 3 * k - 1))
