"""An order of labels in which those that are confused stand beside each other."""

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform


def by_likeness(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """(C,) the labels' places, ordered so that labels that are confused stand beside each other.

    The distance of two labels is 1 − the larger share of one's texts that is given the other; average linkage, then the
    order of leaves with the smallest sum of distances between neighbours.

    Source: Bar-Joseph, Gifford & Jaakkola, "Fast optimal leaf ordering for hierarchical clustering", 2001.
    """
    size = len(counts)
    if size < 3:
        return np.arange(size, dtype=np.int64)
    texts = counts.sum(1, keepdims=True)
    shares = np.divide(counts, texts, out=np.zeros(counts.shape), where=texts > 0)
    distances = 1 - np.maximum(shares, shares.T)
    np.fill_diagonal(distances, 0)
    condensed = squareform(distances, checks=False)
    tree = optimal_leaf_ordering(linkage(condensed, "average"), condensed)
    order: NDArray[np.int64] = leaves_list(tree).astype(np.int64)
    return order
