"""What every drawing of attention heads shares: colours of small weights that can be seen, and the layers in words."""

import numpy as np
from numpy.typing import NDArray

from attribkit.render.preparation import palette
from attribkit.render.preparation.numbers import number
from attribkit.render.preparation.ranking import largest
from attribkit.render.preparation.unicode import shorten, visible
from attribkit.results.panels import AttentionHeads

NAMED = 5
"""Tokens that are named of a layer."""

SCALE = "colours follow the square root of the weight, so that small ones are seen, on one scale for all heads"


def limit(panel: AttentionHeads) -> float:
    """Where the scale of colours ends: at the largest weight of any head."""
    return float(panel.weights.max(initial=0.0))


def steps(weights: NDArray[np.floating], end: float) -> NDArray[np.int64]:
    """Each weight's step of the scale of weights, 0 … STEPS."""
    shares = np.clip(weights / end, 0, 1) if end else np.zeros(weights.shape)
    steps: NDArray[np.int64] = np.rint(palette.STEPS * np.sqrt(shares)).astype(np.int64)
    return steps


def written(tokens: tuple[str, ...], length: int = 24) -> list[str]:
    """The tokens, each on one line of so many characters."""
    return [shorten(token, length) or "·" for token in tokens]


def strongest(panel: AttentionHeads) -> list[tuple[str, list[tuple[str, str]]]]:
    """Of each layer its name, and where the place that is read looked most, the mean of its heads."""
    tokens = written(panel.tokens)
    layers = []
    for name, shares in zip(panel.layers, panel.read.mean(1), strict=True):
        named = [(tokens[place], number(float(shares[place]), 0.1, sign=False)) for place in largest(shares, NAMED)]
        layers.append((visible(name, one_line=True), named))
    return layers


def sentence(panel: AttentionHeads) -> str:
    """What is listed of each layer."""
    return f"Where {visible(panel.reader, one_line=True)} looked most, the mean of the heads"


def scale(panel: AttentionHeads) -> str:
    """How weights are coloured."""
    return f"{SCALE}, from 0 to {number(limit(panel), sign=False)}"


def lines(panel: AttentionHeads) -> list[str]:
    """The same as a line of text for each layer."""
    return [
        f"{name}: " + " · ".join(f"{token} {weight}" for token, weight in named) for name, named in strongest(panel)
    ]
