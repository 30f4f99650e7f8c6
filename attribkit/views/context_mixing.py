"""From what each layer takes from each place to what the whole pile of layers does."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def row_normalised(layers: NDArray[np.floating]) -> Floats:
    """(…, S, S) with each row divided by its sum; a row of zeros, which takes from nowhere, keeps to its own place."""
    values: Floats = np.asarray(layers, dtype=np.float64)
    sums = values.sum(-1, keepdims=True)
    own = np.broadcast_to(np.eye(values.shape[-1]), values.shape)
    return np.where(sums > 0, values / np.where(sums > 0, sums, 1), own)


def rollout(layers: NDArray[np.floating], residual: bool = True) -> Floats:
    """(S, S) how much of each place of the input reaches each place of the last layer; rows sum to 1.

    The layers are multiplied, the last one first.

    Args:
        layers: (L, S, S), rows that sum to 1.
        residual: whether half of each layer's sum is its input, as it is where layers do not count what they pass on.

    Source: Abnar & Zuidema, "Quantifying attention flow in transformers", ACL 2020.

    Example:
        >>> import numpy as np
        >>> from attribkit.views.context_mixing import rollout
        >>> rollout(np.array([[[0.0, 1.0], [0.5, 0.5]]])).tolist()
        [[0.5, 0.5], [0.25, 0.75]]
    """
    own = np.eye(layers.shape[-1])
    whole = own
    for layer in layers:
        whole = (0.5 * (layer + own) if residual else np.asarray(layer, dtype=np.float64)) @ whole
    return whole
