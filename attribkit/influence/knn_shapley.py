r"""The exact Shapley value of every training row for a nearest-neighbour classifier: a reference for other measures.

The game is that of a K-nearest-neighbour vote for one label in the space of features: a set of rows is worth the share
of the text's K nearest among them that have the label (counted of K). With the rows ordered from the nearest, the last
one's value is 1[y_N = label] min(K, N) / (N K), and each other's differs from its next one's by

    s_i − s_{i+1} = (1[y_i = label] − 1[y_{i+1} = label]) / K · min(K, i) / i.

(Jia et al., "Efficient task-specific data valuation for nearest neighbor algorithms", VLDB 2019; where there are fewer
rows than K the last value is theirs divided by K.)
"""

import numpy as np
from numpy.typing import NDArray


def knn_shapley(
    distances: NDArray[np.float64], labels: NDArray[np.int64], label: int, neighbours: int = 5
) -> NDArray[np.float64]:
    """(N,) the Shapley value of each row.

    Args:
        distances: (N,) from the text.
        labels: (N,) the rows'.
        label: that the vote is for.
        neighbours: K.
    """
    count = len(distances)
    order = np.argsort(distances, kind="stable")
    own = (labels[order] == label).astype(float)
    ranks = np.arange(1, count)
    steps = (own[:-1] - own[1:]) / neighbours * np.minimum(neighbours, ranks) / ranks
    last = own[-1] * min(neighbours, count) / (count * neighbours)
    values = np.zeros(count)
    values[order] = last + np.append(np.cumsum(steps[::-1])[::-1], 0.0)
    return values
