"""The attention of every head of every layer: where each place of a text looked."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.results.panels.arrays import ArrayEquality, frozen_array

_STORED = np.dtype("<f4")


@dataclass(frozen=True, eq=False)
class AttentionHeads(ArrayEquality):
    """L layers with H heads each, in which S places look at R places; mostly these are the same.

    Attributes:
        title: what is shown.
        tokens: (R,) what is looked at: the model's tokens, special ones among them.
        special: (R,) True at special tokens.
        looking: (S,) what looks.
        layers: (L,) the layers' names.
        weights: (L, H, S, R) float32, at least 0; each place's row sums to 1. In JSON they are
            `{"float32": base64 of the numbers, little-endian, "shape": [L, H, S, R]}`.
        pooled: (S,) the share of each place in what the head of the model reads.
        notes: sentences a reader must know.
    """

    title: str
    tokens: tuple[str, ...]
    special: NDArray[np.bool_]
    looking: tuple[str, ...]
    layers: tuple[str, ...]
    weights: NDArray[np.float32]
    pooled: NDArray[np.float64]
    notes: tuple[str, ...] = ()

    kind = "attention_heads"

    def __post_init__(self) -> None:
        for name in ("tokens", "looking", "layers", "notes"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "special", frozen_array(self.special, bool, "special"))
        object.__setattr__(self, "pooled", frozen_array(self.pooled, float, "pooled"))
        object.__setattr__(self, "weights", _weights(self.weights))
        layers, heads, looking, tokens = self.weights.shape
        lengths = (len(self.layers), len(self.looking), len(self.pooled), len(self.tokens), len(self.special))
        if not heads or lengths != (layers, looking, looking, tokens, tokens):
            raise InputError(
                f"attention heads need a name for each layer and place of their weights {self.weights.shape}, got "
                f"{lengths[0]} layers, {lengths[1]} places that look and {lengths[3]} that are looked at"
            )

    @property
    def read(self) -> NDArray[np.float64]:
        """(L, H, R) where the places looked from which the head of the model reads."""
        shares: NDArray[np.float64] = np.einsum("s,lhsr->lhr", self.pooled, self.weights, dtype=np.float64)
        return shares

    @property
    def reader(self) -> str:
        """The place that the head of the model reads, or that it is all of them."""
        return self.looking[int(self.pooled.argmax())] if self.pooled.max(initial=0) == 1 else "all places"

    def packed(self) -> dict[str, Any]:
        """The weights as JSON holds them."""
        content = b64encode(np.ascontiguousarray(self.weights, dtype=_STORED).tobytes()).decode()
        return {"float32": content, "shape": list(self.weights.shape)}


def _weights(given: Any) -> NDArray[np.float32]:
    if isinstance(given, Mapping):
        shape = tuple(int(size) for size in given["shape"])
        content = np.frombuffer(b64decode(given["float32"], validate=True), dtype=_STORED)
        if content.size != np.prod(shape):
            raise InputError(f"weights of shape {shape} were expected, got {content.size:,} numbers; save them anew")
        given = content.reshape(shape)
    weights: NDArray[np.float32] = np.array(given, dtype=np.float32)
    if weights.ndim != 4:
        raise InputError(f"`weights` must be (layers, heads, places, places), got shape {weights.shape}")
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise InputError("`weights` must be finite and at least 0; check the model's weights for NaN")
    weights.setflags(write=False)
    return weights
