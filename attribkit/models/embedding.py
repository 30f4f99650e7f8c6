"""The embedding that every network here begins with."""

import torch
from torch import nn

_SPREAD = 0.1


def small(vocabulary: int, size: int) -> nn.Embedding:
    """An embedding (V, E) of random vectors near zero; padding, row 0, is zero.

    torch would draw them with a standard deviation of 1, so large that the vector of a word seen ten times in training
    stays mostly noise. Near zero, what is learned of a rare word soon outweighs its initial vector, and a word hardly
    seen has next to no effect.
    """
    embedding = nn.Embedding(vocabulary, size, padding_idx=0)
    with torch.no_grad():
        embedding.weight.mul_(_SPREAD)
    return embedding
