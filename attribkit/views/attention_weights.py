"""What a network's `attend` returned, checked: the weights of a user's own network may be anything."""

import numpy as np
import torch
from numpy.typing import NDArray

from attribkit.errors import NetworkError

_OFF = 1e-4
"""Farther from 1 than the sum of a float32 softmax of thousands of tokens is."""


def checked_weights(weights: torch.Tensor, mask: torch.Tensor, rows: NDArray[np.int64]) -> torch.Tensor:
    """Weights (B, heads, T), or (B, layers, heads, T, T), of the texts `rows` with this mask (B, T).

    Raises:
        NetworkError: for what is no attention.
    """
    texts, tokens = mask.shape
    in_layers = weights.ndim == 5
    ends = weights.shape[-2:] if in_layers else weights.shape[-1:]
    if weights.ndim not in (2, 3, 5) or weights.shape[0] != texts or set(ends) != {tokens}:
        raise NetworkError(
            f"the network's `attend` must return weights of the mask's shape ({texts}, {tokens}), or of ({texts}, "
            f"heads, {tokens}), got {tuple(weights.shape)}; return a row for each text, or for each of its heads"
        )
    weights = weights.unsqueeze(1) if weights.ndim == 2 else weights
    wrong = ~weights.isfinite().flatten(1).all(1).cpu().numpy()
    if wrong.any():
        raise NetworkError(
            f"the attention of text {rows[wrong].min()} is not finite; check the model's weights for NaN"
        )
    if bool((weights.movedim(-1, 1)[~mask] != 0).any()):
        raise NetworkError("the network's attention must be exactly 0 at padding, it is not; mask its softmax")
    sums, limit = weights.double().sum(-1), max(_OFF, 8 * torch.finfo(weights.dtype).eps)
    if in_layers:
        sums = sums.movedim(-1, 1)[mask]  # a place of padding may look anywhere
    if not bool(((sums - 1).abs() <= limit).all() and (weights >= 0).all()):
        worst = float(sums.flatten()[(sums - 1).abs().argmax()])
        raise NetworkError(
            f"each text's attention must be at least 0 and sum to 1, got a sum of {worst:g}; return its softmax"
        )
    return weights
