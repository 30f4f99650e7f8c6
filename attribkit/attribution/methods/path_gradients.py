"""Gradients of an output along the straight path from a baseline to a text, for every quadrature rule at once."""

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.attribution.methods import patterson
from attribkit.attribution.methods.gru_path import GRUPath
from attribkit.attribution.outputs import Target
from attribkit.errors import ran_out

_MEMORY_PER_NUMBER = 64
"""What a gradient is reckoned to need, in units of its point's own size: where states are as wide as embeddings, a
bidirectional GRU with attention keeps 24 times as much for its backward pass and a bidirectional LSTM 45."""

ROWS_BY_HAND = 128
"""The most points together where the backward pass is written by hand: more no longer fit a processor's caches."""

NEAR = 0.9
"""Texts of at least this part of the longest's length share such a batch: padding costs less than it saves."""

ROUNDINGS = 16
"""By how many units in the last place the largest logit of one point may differ between batches of unlike shape."""


ByHand = Callable[[Tensor, Tensor, Tensor], GRUPath]
"""Baselines (B, T, E), the ways from them (B, T, E) and a mask (B, T) to paths whose gradients are written by hand."""


@cache
def rules() -> tuple[Tensor, Tensor]:
    """`patterson.rules`, kept: to compute them takes longer than the gradients of a short text."""
    nodes, weights = patterson.rules()
    return torch.from_numpy(nodes), torch.from_numpy(weights)


_BENDS_AT, _WITHIN = 0.3, 0.15
"""Where on the path a transformer's output bends most, and how sharply: measured on an encoder of six layers."""


@cache
def rules_dense_early() -> tuple[Tensor, Tensor, Tensor]:
    """Nodes (127,) and weights for an output that bends early on the path, and dα/dt (127,) at the nodes.

    A rule is taken in t, where α = a + b · sinh(t): poles of the integrand near α = a ± ib, which hold up any rule for
    smooth functions, then lie far from the path.

    Source: P. R. Johnston & D. Elliott, "A sinh transformation for evaluating nearly singular boundary element
    integrals", Int. J. Numer. Meth. Eng. 62, 2005.
    """
    nodes, weights = map(torch.from_numpy, patterson.rules(patterson.ALL_SIZES))
    first, last = math.asinh(-_BENDS_AT / _WITHIN), math.asinh((1 - _BENDS_AT) / _WITHIN)
    places = first + (last - first) * nodes
    speed = _WITHIN * (last - first) * places.cosh()
    return _BENDS_AT + _WITHIN * places.sinh(), weights * speed, speed


@cache
def _running_integral(size: int, sizes: tuple[int, ...]) -> NDArray[np.float64]:
    """(nodes, size) `patterson.running_integral` up to each node of the largest rule."""
    return patterson.running_integral(size, patterson.rules(sizes)[0])


class PathGradients:
    """Gradients along the path, summed with the weights of every rule as they come, so that none has to be kept.

    Attributes:
        sums: (rules, J, B, T) float64, on the processor.
        outputs: (J, B, nodes) float64, S at each node.
        rates: (J, B, nodes) float64, ∂S/∂α at each node where gradients were computed.
        known: (B, nodes) bool, where the output was computed.
        largest: (B,) float64, the largest |logit| there.
    """

    def __init__(
        self,
        run: Callable[[Tensor, Tensor, Tensor], Tensor],
        embedded: Tensor,
        baseline: Tensor,
        mask: Tensor,
        targets: Sequence[Target],
        nodes: Tensor,
        weights: Tensor,
        max_bytes: int,
        by_hand: ByHand | None = None,
        speed: Tensor | None = None,
    ) -> None:
        self.speed = speed
        self.run, self.targets, self.nodes, self.weights = run, targets, nodes, weights
        self.start = baseline.detach()
        self.way = (embedded.detach() - self.start) * mask.unsqueeze(2)
        self.mask, self.lengths = mask, mask.sum(1).clamp(min=1).cpu()
        self.sums = torch.zeros(len(weights), len(targets), *mask.shape, dtype=torch.float64)
        self.outputs, self.rates = torch.zeros(2, len(targets), len(mask), len(nodes), dtype=torch.float64)
        self.known = torch.zeros(len(mask), len(nodes), dtype=torch.bool)
        self.largest = torch.zeros(len(mask), dtype=torch.float64)
        self.path = None if by_hand is None else by_hand(self.start, self.way, mask)
        self.numbers = max_bytes // embedded.element_size()  # that are kept of one batch, for each token so many:
        self.width = _MEMORY_PER_NUMBER * embedded.shape[2] if self.path is None else self.path.width

    def take(self, texts: Tensor, nodes: range, gradients: bool = True) -> None:
        """Add the gradients of these texts, sorted by length, at these nodes to the sums; or keep the outputs alone."""
        pairs = torch.cartesian_prod(texts, torch.arange(nodes.start, nodes.stop))
        lengths = self.lengths[pairs[:, 0]]
        first = 0
        while first < len(pairs):
            longest = int(lengths[first])
            rows = max(1, self.numbers // (longest * self.width))
            if self.path is not None:
                chunk = pairs[first : first + self._near(lengths[first:], len(nodes), first % len(nodes), rows)]
            else:
                # only texts of one length together: gradients of packed sequences take several times as long
                chunk = pairs[first : first + rows][lengths[first : first + rows] == longest]
            if self._fits(chunk, longest, gradients):
                first += len(chunk)
            else:
                self.numbers = len(chunk) // 2 * longest * self.width

    def wants_more(self, points: int, sizes: Sequence[int]) -> bool:
        """Whether so many points are too few for a batch, and there is a rule after the second."""
        return self.path is not None and points <= ROWS_BY_HAND // 4 and len(sizes) > 2

    @staticmethod
    def _near(lengths: Tensor, nodes: int, taken: int, rows: int) -> int:
        """How many pairs by hand: of whole texts of near lengths if they fit, else of the nodes of one text."""
        if taken or rows < nodes:
            return min(rows, nodes - taken)
        near = int((lengths >= NEAR * lengths[0]).sum())
        return min(near, max(nodes, min(rows, ROWS_BY_HAND) // nodes * nodes))

    def path_errors(self, texts: NDArray[np.int64], size: int) -> NDArray[np.float64]:
        """(J, N): the largest difference, beyond rounding, of the change of S and the integral of its gradients.

        Args:
            texts: (N,).
            size: how many nodes have gradients.
        """
        outputs, rates, known = self.outputs.numpy()[:, texts], self.rates.numpy()[:, texts, :size], self.known.numpy()
        if self.speed is not None:
            rates = rates * self.speed.numpy()[:size]
        integral = _running_integral(size, patterson.ALL_SIZES[: len(self.weights)])
        apart, unknown = outputs - rates @ integral.T, ~known[texts]
        spread = np.where(unknown, -np.inf, apart).max(2) - np.where(unknown, np.inf, apart).min(2)
        rounding = ROUNDINGS * torch.finfo(self.way.dtype).eps * self.largest.numpy()[texts]
        excess: NDArray[np.float64] = np.maximum(spread - rounding, 0)
        return excess

    def _fits(self, pairs: Tensor, longest: int, gradients: bool) -> bool:
        """Evaluate (text, node) pairs; False if there is not enough memory for so many."""
        try:
            largest, outputs, slopes = self._evaluate(pairs, longest, gradients)
        except (RuntimeError, MemoryError) as error:
            if len(pairs) == 1 or not ran_out(error):
                raise
            return False
        places = pairs[:, 0], pairs[:, 1]
        self.known[places] = True
        self.largest = self.largest.scatter_reduce(0, pairs[:, 0], largest, "amax")
        for number, values in enumerate(outputs):
            self.outputs[number][places] = values
        weights = self.weights[:, pairs[:, 1]]  # (rules, N)
        for number, values in enumerate(slopes):
            self.rates[number][places] = values.sum(1)
            shares = weights.unsqueeze(2) * values
            self.sums[:, number, :, :longest].index_add_(1, pairs[:, 0], shares)
        return True

    def _evaluate(self, pairs: Tensor, longest: int, gradients: bool) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """The largest |logit| (N,) at the pairs' points; each target's S (N,) and, if asked for, ∂S/∂α (N, longest)."""
        if self.path is not None:
            texts = pairs[:, 0].unique_consecutive()
            nodes = self.nodes[pairs[: len(pairs) // len(texts), 1]].to(self.way.dtype)
            targets = [target.rows(pairs[:, 0]) for target in self.targets]
            logits, scalars, slopes = self.path.evaluate(texts, nodes, targets, gradients)
            outputs = [scalar.double() for scalar in scalars]
            return logits.abs().amax(1).double(), outputs, [slope.double() for slope in slopes]
        device = self.way.device
        texts, nodes = pairs[:, 0].to(device), self.nodes[pairs[:, 1]].to(device, self.way.dtype)
        way = self.way[texts, :longest]
        point = torch.addcmul(self.start[texts, :longest], nodes.view(-1, 1, 1), way).requires_grad_(gradients)
        with torch.set_grad_enabled(gradients):
            logits = self.run(point, self.mask[texts, :longest], texts)
            scalars = [target.rows(texts).of(logits) for target in self.targets]
        slopes = []
        for number, scalar in enumerate(scalars if gradients else ()):
            (gradient,) = torch.autograd.grad(scalar.sum(), point, retain_graph=number < len(scalars) - 1)
            slopes.append((gradient * way).sum(2).cpu().double())
        largest = logits.detach().abs().amax(1).cpu().double()
        return largest, [scalar.detach().cpu().double() for scalar in scalars], slopes
