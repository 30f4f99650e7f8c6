"""The integrals of `refinement` by torch operations, on the device of the pieces."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from attribkit.attribution.cnn.device_envelope import DeviceEnvelope
from attribkit.attribution.cnn.envelope import Numbers
from attribkit.attribution.cnn.refinement import LARGEST_MOVE, NODES, WEIGHTS
from attribkit.attribution.outputs import Target

_NUMBERS_AT_ONCE = 2**24
"""Numbers in one block of nodes and classes."""


@dataclass(frozen=True, eq=False)
class DevicePieces:
    """The stretches of all filters of B texts, on a device; see `LinearPieces`.

    Attributes:
        envelope: its segments are text · N + filter.
        outgoing: (C, N) the output layer's weights, on the processor.
        bias: (C,) its bias, on the processor.
        texts: B.
    """

    envelope: DeviceEnvelope
    outgoing: Numbers
    bias: Numbers
    texts: int

    @cached_property
    def _outgoing(self) -> Tensor:
        return torch.from_numpy(self.outgoing).to(self.envelope.segment.device)

    @cached_property
    def _bias(self) -> Tensor:
        return torch.from_numpy(self.bias).to(self.envelope.segment.device)

    @cached_property
    def text(self) -> Tensor:
        """(P,) the text of each line."""
        text: Tensor = self.envelope.segment // self.outgoing.shape[1]
        return text

    def features(self) -> Numbers:
        """(2, B, N) the filters' features where the path begins and where it ends."""
        envelope, shape = self.envelope, (self.texts, self.outgoing.shape[1])
        heights = torch.where(envelope.start == 0, envelope.intercept.clamp(min=0), 0.0) * envelope.share
        rises = envelope.slope * (envelope.end - envelope.start) * envelope.share
        first, change = (_summed(part, envelope.segment, shape[0] * shape[1]).view(shape) for part in (heights, rises))
        features: Numbers = torch.stack((first, first + change)).cpu().numpy()
        return features

    def weights_of(self, targets: Sequence[Target]) -> Tensor:
        """(J, P) ∫ ∂S/∂(the filter's feature) dα over each line's stretch, for each scalar S of the logits."""
        return torch.stack([self._weights(target.to(self._outgoing.device)) for target in targets])

    def _weights(self, target: Target) -> Tensor:
        envelope = self.envelope
        direction = _direction(target, self._outgoing)
        if direction is None:
            return self._smooth(target)
        along = direction.flatten()[envelope.segment] * envelope.share  # (P,)
        if not target.is_probability:
            return along * (envelope.end - envelope.start)
        free = _direction(target, self._bias)
        start = along.new_zeros(self.texts) if free is None else free
        grid, values, stretches = self._refine(start, along)
        return along * _between(grid.diff(dim=1) * sigmoid_slope(values[:, :-1], values[:, 1:]), stretches)

    @cached_property
    def _along(self) -> Tensor:
        """(P, C) the change of the logits with each line."""
        return self._outgoing.T[self.envelope.segment % self._outgoing.shape[1]] * self.envelope.share.unsqueeze(1)

    @cached_property
    def _refined(self) -> tuple[Tensor, Tensor, Tensor]:
        """The common refinement with the logits at each of its points."""
        return self._refine(self._bias.expand(self.texts, -1), self._along)

    @cached_property
    def _rule(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Of the parts (R,) that one rule each integrates: text, interval, which of it, of how many equal ones."""
        grid, logits, _ = self._refined
        text, interval = (grid.diff(dim=1) > 0).nonzero(as_tuple=True)
        move = logits.diff(dim=1)[text, interval]
        parts = ((move.amax(1) - move.amin(1)) / LARGEST_MOVE).ceil().clamp(min=1).long()
        owner = torch.arange(len(text), device=text.device).repeat_interleave(parts)
        part = torch.arange(len(owner), device=text.device) - (parts.cumsum(0) - parts)[owner]
        return text[owner], interval[owner], part, parts[owner]

    def _smooth(self, target: Target) -> Tensor:
        """The same for a scalar that is no function of one linear combination of the logits."""
        classes, device = len(self._outgoing), self._outgoing.device
        grid, logits, stretches = self._refined
        widths, moves = grid.diff(dim=1), logits.diff(dim=1)
        nodes, weights = (torch.from_numpy(part).to(device) / 2 for part in (NODES + 1, WEIGHTS))
        integral = logits.new_zeros(widths.numel(), classes)
        step = max(1, _NUMBERS_AT_ONCE // (8 * classes))
        for text, interval, part, parts in zip(*(column.split(step) for column in self._rule), strict=True):
            at = (part.unsqueeze(1) + nodes) / parts.unsqueeze(1)  # (R, 8) within the interval
            points = logits[text, interval].unsqueeze(1) + at.unsqueeze(2) * moves[text, interval].unsqueeze(1)
            slopes = logit_gradient(target.rows(text.repeat_interleave(8)), points.flatten(0, 1))
            mean = torch.einsum("n,rnc->rc", weights, slopes.view(points.shape)) / parts.unsqueeze(1)
            whole = mean * widths[text, interval].unsqueeze(1)
            integral.index_add_(0, text * widths.shape[1] + interval, whole)
        return (self._along * _between(integral.view(*widths.shape, classes), stretches)).sum(1)

    def _refine(self, bias: Tensor, along: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The common refinement: grid, values and places as `LinearPieces` has them."""
        envelope, device = self.envelope, along.device
        alphas = torch.cat((envelope.start, envelope.end))
        bends = _scaled(along, envelope.slope)
        text = self.text.repeat(2)
        order = alphas.argsort(stable=True)
        order = order[text[order].argsort(stable=True)]
        counts = torch.bincount(text, minlength=self.texts)
        rank = torch.arange(len(order), device=device) - (counts.cumsum(0) - counts)[text[order]]
        points = (int(counts.max()) if len(counts) else 0) + 2
        place = torch.empty_like(order)
        place[order] = text[order] * points + rank + 1
        grid = along.new_ones(self.texts, points)
        grid[:, 0] = 0
        grid.view(-1)[place] = alphas
        changes = along.new_zeros(self.texts * points, *bends.shape[1:])
        changes[place] = torch.cat((bends, -bends))
        slopes = changes.view(self.texts, points, *bends.shape[1:]).cumsum(1)
        first = _scaled(along, torch.where(envelope.start == 0, envelope.intercept, 0.0))
        start = (bias + _summed(first, self.text, self.texts)).unsqueeze(1)
        moves = _scaled(slopes[:, :-1], grid.diff(dim=1))
        return grid, torch.cat((start, start + moves.cumsum(1)), dim=1), place.view(2, -1)


def sigmoid_slope(a: Tensor, b: Tensor) -> Tensor:
    """(σ(b) − σ(a)) / (b − a), and σ′(a) where b = a; see `refinement.sigmoid_slope`."""
    move = (b - a).abs()
    decay = torch.where(a.sign() * b.sign() > 0, torch.minimum(a.abs(), b.abs()), 0.0)
    mean = torch.where(move > 0, -torch.expm1(-move) / move, 1.0)
    return mean * (-decay).exp() / ((1 + (-a.abs()).exp()) * (1 + (-b.abs()).exp()))


def logit_gradient(target: Target, logits: Tensor) -> Tensor:
    """∂S/∂z (R, C) of a target's scalar at logits z (R, C), by formula; see `refinement.logit_gradient`."""
    chosen = torch.nn.functional.one_hot(target.index, logits.shape[1]).bool()
    if target.output == "log_odds":
        return chosen.double() - logits.masked_fill(chosen, -torch.inf).softmax(1)
    shares = logits.softmax(1)
    own = shares.gather(1, target.index.unsqueeze(1))
    others = shares.masked_fill(chosen, 0.0)
    return own * torch.where(chosen, others.sum(1, keepdim=True), -others)


def _direction(target: Target, rows: Tensor) -> Tensor | None:
    """(B, …): the linear combination of logits that decides the scalar, taken of rows (C, …); None if none does."""
    if target.against is not None:
        return rows[target.index] - rows[target.against]
    if target.output in ("logit", "sigmoid"):
        return rows[target.index]
    return rows[target.index] - rows[1 - target.index] if len(rows) == 2 else None


def _between(integral: Tensor, stretches: Tensor) -> Tensor:
    """Sum the integrals (B, M, …) of the refinement's intervals over each line's stretch: (P, …)."""
    so_far = torch.cat((torch.zeros_like(integral[:, :1]), integral.cumsum(1)), dim=1).flatten(0, 1)
    return so_far[stretches[1]] - so_far[stretches[0]]


def _summed(values: Tensor, places: Tensor, count: int) -> Tensor:
    """(count, …): the values (R, …) that belong to each place."""
    return values.new_zeros(count, *values.shape[1:]).index_add_(0, places, values)


def _scaled(values: Tensor, by: Tensor) -> Tensor:
    """Each row of values times its number, whether a row is one number or one per class."""
    return values * by.view(*by.shape, *([1] * (values.ndim - by.ndim)))
