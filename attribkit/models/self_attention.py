"""What the layers of a network looked at in one text, as a network with self-attention in its layers gives it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class AttentionStack:
    """The attention of a pile of layers: L layers, H heads in each, S places that look at R places.

    Attributes:
        name: of the pile, "" where the network has one only; "encoder", "decoder", "cross-attention".
        weights: (L, H, S, R); the row of a place sums to 1.
        value_norms: (L, S, R) ‖Σ_h α_h · v_h W_h‖, how long the vector is that a place takes from another, all heads
            together; None where they are not known. Source: Kobayashi et al., EMNLP 2020.
        value_zeroing: (L, S, R) 1 − cos of a place's vector behind the layer with and without the value vectors of
            another place; None where they were not asked for or are not known. Source: Mohebbi et al., EACL 2023.
    """

    name: str
    weights: Weights
    value_norms: Weights | None = None
    value_zeroing: Weights | None = None


@dataclass(frozen=True, eq=False)
class SelfAttention:
    """The attention of one text of T words, with the special tokens around it S places.

    Attributes:
        logits: (C,) of the same pass.
        specials: (S,) the special token at each place; "" at the words' tokens.
        places: (T,) where the tokens of the words stand.
        pooled: (S,) the share that each place has in what the head reads: 1 at one place, or 1 / S everywhere.
        stacks: the piles of layers; the last one's rows are what the head reads.
        notes: what a reader must know.
    """

    logits: NDArray[np.float64]
    specials: tuple[str, ...]
    places: NDArray[np.int64]
    pooled: NDArray[np.float64]
    stacks: tuple[AttentionStack, ...]
    notes: tuple[str, ...] = ()
