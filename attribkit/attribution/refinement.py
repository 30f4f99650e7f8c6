"""How much each piece of each filter counts for a scalar of the logits: ω, an integral over α.

Between two neighbouring breakpoints of any filter of a text, the *common refinement*, its logits are linear in α.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from attribkit.attribution.envelope import Envelope
from attribkit.attribution.outputs import Target

_LARGEST_MOVE = 4.0
"""No logit difference moves by more between the ends of a quadrature interval. The integrands' poles, where
exponentials of logits cancel, then lie no nearer to its middle than π/2 half-widths, sideways in the complex plane, and
8 Gauss–Legendre nodes leave about 3e-9 of it."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_INTERVALS_AT_ONCE = 2**20  # numbers in one block of nodes and classes


@dataclass(frozen=True, eq=False)
class Pieces:
    """The pieces of all filters of B texts.

    Attributes:
        envelope: its segments are text · N + filter.
        outgoing: (C, N) float64, the output layer's weights; bias: (C,) float64, its bias.
        texts: B.
    """

    envelope: Envelope
    outgoing: Tensor
    bias: Tensor
    texts: int

    @property
    def text(self) -> Tensor:
        """(D,) the text of each piece."""
        return self.envelope.segment // self.outgoing.shape[1]

    @property
    def column(self) -> Tensor:
        """(D,) the filter of each piece."""
        return self.envelope.segment % self.outgoing.shape[1]

    def weights(self, target: Target) -> Tensor:
        """(D,) float64: ∫ ∂S/∂(the filter's feature) dα over each piece, for the scalar S of the logits."""
        direction = _direction(target, self.outgoing)
        if direction is None:
            return self._smooth(target)
        along = direction.view(-1).index_select(0, self.envelope.segment)  # (D,)
        if target.output != "probability":
            return along * (self.envelope.end - self.envelope.start).clamp(min=0)
        free = _direction(target, self.bias)
        grid, values, where = self._refine(torch.zeros_like(direction[:, 0]) if free is None else free, along)
        # an integral of σ′ over an interval on which z is linear
        return along * self._between(grid.diff(dim=1) * sigmoid_slope(values[:, :-1], values[:, 1:]), where)

    def _smooth(self, target: Target) -> Tensor:
        """The same for a scalar that is no function of one linear combination of the logits."""
        classes = len(self.outgoing)
        along = self.outgoing.t()[self.column]  # (D, C)
        grid, logits, where = self._refine(self.bias.expand(self.texts, classes), along)
        integral = torch.zeros_like(logits[:, :-1])  # (B, M, C)
        widths, moves = grid.diff(dim=1), logits.diff(dim=1)
        text, interval = (widths > 0).nonzero().unbind(1)
        move = moves[text, interval]
        parts = ((move.amax(1) - move.amin(1)) / _LARGEST_MOVE).ceil().clamp(min=1).long()
        owner = torch.arange(len(text), device=text.device).repeat_interleave(parts)
        part = torch.arange(len(owner), device=text.device) - (parts.cumsum(0) - parts)[owner]
        nodes = torch.tensor((_NODES + 1) / 2, device=text.device)
        weights = torch.tensor(_WEIGHTS / 2, device=text.device)
        for some in torch.arange(len(owner), device=text.device).split(max(1, _INTERVALS_AT_ONCE // (8 * classes))):
            mine = owner[some]
            at = (part[some].unsqueeze(1) + nodes) / parts[mine].unsqueeze(1)  # (R, 8) within the interval
            points = logits[text[mine], interval[mine]].unsqueeze(1) + at.unsqueeze(2) * move[mine].unsqueeze(1)
            slopes = logit_gradient(target.rows(text[mine].repeat_interleave(8)), points.flatten(0, 1))
            mean = torch.einsum("n,rnc->rc", weights, slopes.view(points.shape)) / parts[mine].unsqueeze(1)
            whole = mean * widths[text[mine], interval[mine]].unsqueeze(1)
            integral.view(-1, classes).index_add_(0, text[mine] * widths.shape[1] + interval[mine], whole)
        return (along * self._between(integral, where)).sum(1)

    def _refine(self, bias: Tensor, along: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The common refinement.

        Args:
            bias: (B, …) the values when every feature is 0.
            along: (D, …) how the values move with each piece's feature.

        Returns:
            grid (B, M + 1) of α, sorted from 0 to 1, with repetitions; the values (B, M + 1, …) at each; and the places
            (2, D) of each piece's start and end among the B · (M + 1).
        """
        envelope = self.envelope
        real = envelope.end > envelope.start
        alphas = torch.cat((envelope.start, envelope.end)).clamp(0, 1)
        alphas = torch.where(torch.cat((real, real)), alphas, 0.0)
        slope = torch.where(real, envelope.slope, 0.0)
        bends = _scaled(along, slope)
        text = self.text.repeat(2)
        order = alphas.argsort()
        order = order[text[order].argsort(stable=True)]
        counts = torch.bincount(text, minlength=self.texts)
        rank = torch.arange(len(order), device=order.device) - (counts.cumsum(0) - counts)[text[order]]
        longest = int(counts.max()) if len(counts) else 0
        place = torch.empty_like(order)
        place[order] = text[order] * (longest + 2) + rank + 1
        grid = alphas.new_ones(self.texts, longest + 2)
        grid[:, 0] = 0
        grid.view(-1)[place] = alphas
        changes = bends.new_zeros(self.texts * (longest + 2), *bends.shape[1:])
        changes[place] = torch.cat((bends, -bends))
        slopes = changes.view(self.texts, longest + 2, *bends.shape[1:]).cumsum(1)
        first = _scaled(along, torch.where(real & (envelope.start == 0), envelope.intercept, 0.0))
        start = bias.clone().index_add_(0, self.text, first)
        moves = _scaled(slopes[:, :-1], grid.diff(dim=1))
        values = torch.cat((start.unsqueeze(1), start.unsqueeze(1) + moves.cumsum(1)), dim=1)
        return grid, values, place.view(2, -1)

    def _between(self, integral: Tensor, where: Tensor) -> Tensor:
        """Sum the integrals (B, M, …) of the refinement's intervals over each piece: (D, …)."""
        so_far = torch.cat((torch.zeros_like(integral[:, :1]), integral.cumsum(1)), dim=1).flatten(0, 1)
        return so_far[where[1]] - so_far[where[0]]


def sigmoid_slope(a: Tensor, b: Tensor) -> Tensor:
    """(σ(b) − σ(a)) / (b − a), and σ′(a) where b = a; no cancellation and no overflow, however saturated.

    By σ(b) − σ(a) = sinh((b − a)/2) / (2 cosh(a/2) cosh(b/2)), with every exponential written so that it decays.
    """
    move = (b - a).abs()
    decay = torch.where(a.sign() * b.sign() > 0, torch.minimum(a.abs(), b.abs()), 0.0)
    mean = torch.where(move > 0, -torch.expm1(-move) / move, 1.0)
    return mean * torch.exp(-decay) / ((1 + torch.exp(-a.abs())) * (1 + torch.exp(-b.abs())))


def logit_gradient(target: Target, logits: Tensor) -> Tensor:
    """∂S/∂z (R, C) of a target's scalar at logits z (R, C), by formula."""
    chosen = torch.nn.functional.one_hot(target.index, logits.shape[1]).bool()
    if target.output == "log_odds":
        # z_c − logsumexp of the others, so 1 for c and minus the softmax among the others
        return chosen.to(logits.dtype) - logits.masked_fill(chosen, -torch.inf).softmax(1)
    shares = logits.softmax(1)
    own = shares.gather(1, target.index.unsqueeze(1))
    others = shares.masked_fill(chosen, 0.0)
    return own * torch.where(chosen, others.sum(1, keepdim=True), -others)  # 1 − p_c summed, not subtracted


def _direction(target: Target, rows: Tensor) -> Tensor | None:
    """(B, …): the linear combination of logits that decides the scalar, taken of rows (C, …); None if none does."""
    chosen = rows.index_select(0, target.index)
    if target.against is not None:
        return chosen - rows.index_select(0, target.against)
    if target.output == "logit":
        return chosen
    return chosen - rows.index_select(0, 1 - target.index) if len(rows) == 2 else None


def _scaled(values: Tensor, by: Tensor) -> Tensor:
    """Each row of values times its number, whether a row is one number or one per class."""
    return values * by.view(*by.shape, *([1] * (values.ndim - by.ndim)))
