"""From a layer's steps to points: one vector per text, or one per token or window of tokens, without padding."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.errors import InputError
from attribkit.models.layers import Layer
from attribkit.projection.whole import SEEDS, whole

REDUCTIONS = ("first", "last", "mean", "max", "attention", "tokens", "takens")


@dataclass(frozen=True)
class Reduction:
    """How the steps of a text become points.

    Attributes:
        name: "first" (a transformer's [CLS]), "last" (the last real step; of a bidirectional layer what each direction
            ends with), "mean", "max", "attention" (the mean weighted as the network itself attends, its heads
            averaged), "tokens" (a point per token) or "takens" (a point per delay window); None takes what the head of
            a transformer reads, "last" for a recurrent layer, "max" for a convolution, else "mean".
        delay: of "takens": tokens between two neighbouring steps of a window.
        dimension: of "takens": steps in a window; a point has dimension · H coordinates, no unit is dropped.
        stride: of "takens": tokens between the beginnings of two windows.
        sample: of "tokens" and "takens": at most so many points, drawn by `seed`.
        seed: the same seed draws the same points.

    "takens" is the delay embedding of Takens, "Detecting strange attractors in turbulence", 1981, over time: window s
    of a text is (h_s, h_{s + delay}, …, h_{s + (dimension − 1) · delay}), s = 0, stride, 2 · stride, … as long as its
    last step is a real one. A text too short for one window has none.
    """

    name: str | None = None
    delay: int = 1
    dimension: int = 3
    stride: int = 1
    sample: int = 5_000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.name is not None and self.name not in REDUCTIONS:
            raise InputError(f"`reduce` must be one of {', '.join(REDUCTIONS)}, got {self.name!r}")
        for field in ("delay", "dimension", "stride", "sample"):
            object.__setattr__(self, field, whole(field, getattr(self, field), 1))
        object.__setattr__(self, "seed", whole("seed", self.seed, 0, SEEDS))

    @property
    def by_step(self) -> bool:
        """Whether a text gets a point per token or window rather than one."""
        return self.name in ("tokens", "takens")

    def of(self, layer: Layer) -> str:
        """What is done with this layer's output; "" if it has one vector per text as it is."""
        if not layer.steps:
            return ""
        if self.name is not None:
            return self.name
        if layer.pooled:
            return layer.pooled
        if layer.module in ("RNN", "GRU", "LSTM"):
            return "last"
        return "max" if layer.extra or layer.module == "Conv1d" else "mean"


@dataclass(frozen=True, eq=False)
class Steps:
    """Which steps of which texts become points.

    Attributes:
        text: (M,) the number of each point's text, ascending.
        step: (M,) the token its window begins with.
        offsets: (dimension,) where the window's steps stand, counted from there.
        total: how many points there were before the sample was drawn.
    """

    text: NDArray[np.int64]
    step: NDArray[np.int64]
    offsets: NDArray[np.int64]
    total: int

    @staticmethod
    def draw(lengths: Sequence[int], reduction: Reduction) -> "Steps":
        """Draw the sample of a reduction.

        Raises:
            ValueError: if no text is long enough for a window.
        """
        takens = reduction.name == "takens"
        offsets = np.arange(reduction.dimension if takens else 1) * reduction.delay
        stride = reduction.stride if takens else 1
        counts = np.maximum(0, (np.asarray(lengths, dtype=np.int64) - 1 - offsets[-1]) // stride + 1)
        ends = counts.cumsum()
        total = int(ends[-1]) if len(ends) else 0
        if not total:
            raise InputError(
                f"a window spans {offsets[-1] + 1} tokens, but no text has so many; lower `dimension` or `delay`"
            )
        chosen = np.arange(total)
        if total > reduction.sample:
            chosen = np.sort(np.random.default_rng(reduction.seed).choice(total, reduction.sample, replace=False))
        text = np.searchsorted(ends, chosen, side="right")
        return Steps(text, (chosen - (ends - counts)[text]) * stride, offsets, total)

    def of(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which points belong to a batch's texts, and the place of each one's text in the batch."""
        place = np.full(int(max(self.text.max(initial=0), rows.max())) + 1, -1)
        place[rows] = np.arange(len(rows))
        points = np.flatnonzero(place[self.text] >= 0)
        return points, place[self.text[points]]

    def taken(self, layer: Layer, values: Tensor, points: NDArray[np.int64], places: NDArray[np.int64]) -> Tensor:
        """The points (P, dimension · H) of a batch's values (B, S, H); a convolution's window stands for its middle."""
        steps = torch.from_numpy(self.step[points, None] + self.offsets + layer.before).to(values.device)
        return values[torch.from_numpy(places).to(values.device).unsqueeze(1), steps].flatten(1)


def reduced(layer: Layer, name: str, values: Tensor, mask: Tensor, weights: Tensor | None) -> Tensor:
    """One vector per text, (B, H), of a layer's arranged output (B, S, H) or (B, H); mask (B, T), weights (B, T).

    Args:
        layer: whose output it is.
        name: of the reduction.
        values: (B, S, H) or (B, H), arranged.
        mask: (B, T) bool.
        weights: (B, T), for "attention"; else None.
    """
    if not name:
        return values
    if name == "attention":
        return torch.einsum("bt,bth->bh", (mask if weights is None else weights).to(values.dtype), values)
    steps = (mask.sum(1) + layer.extra).clamp(min=1)  # (B,): windows of a wide convolution that hold a real token
    real = torch.arange(values.shape[1], device=values.device) < steps.unsqueeze(1)
    return _BY_NAME[name](layer, values, real)


def _first(layer: Layer, values: Tensor, real: Tensor) -> Tensor:
    return values[:, 0]


def _last(layer: Layer, values: Tensor, real: Tensor) -> Tensor:
    ends = values[torch.arange(len(values), device=values.device), real.sum(1) - 1]
    if not layer.bidirectional:
        return ends
    half = values.shape[2] // 2
    return torch.cat((ends[:, :half], values[:, 0, half:]), dim=1)


def _mean(layer: Layer, values: Tensor, real: Tensor) -> Tensor:
    # not a product with the mask: NaN on padding would become the text's
    return values.masked_fill(~real.unsqueeze(2), 0.0).sum(1) / real.sum(1, keepdim=True)


def _max(layer: Layer, values: Tensor, real: Tensor) -> Tensor:
    return values.masked_fill(~real.unsqueeze(2), -torch.inf).amax(1)


_BY_NAME: dict[str, Callable[[Layer, Tensor, Tensor], Tensor]] = {
    "first": _first,
    "last": _last,
    "mean": _mean,
    "max": _max,
}
