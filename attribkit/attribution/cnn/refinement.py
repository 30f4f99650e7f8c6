"""The weight ω of each piece of each filter in a scalar of the logits: an integral over α.

Between two neighbouring breakpoints of any filter of a text, the *common refinement*, its logits are linear in α.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from attribkit.attribution.cnn.envelope import Envelope, Indices, Numbers
from attribkit.attribution.cnn.every_class import QuadratureNodes, every_class
from attribkit.attribution.outputs import Target

LARGEST_MOVE = 4.0
"""No logit difference moves by more between the ends of a quadrature interval. The integrands' poles, where
exponentials of logits cancel, then lie no nearer to its middle than π/2 half-widths, sideways in the complex plane, and
8 Gauss–Legendre nodes leave about 3e-9 of it."""

NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)
_MANY = 4
"""Targets from which on the weights of every class are computed in one pass."""
_INTERVALS_AT_ONCE = 2**20  # numbers in one block of nodes and classes


@dataclass(frozen=True, eq=False)
class LinearPieces:
    """The linear pieces of all filters of B texts; where windows tie, each has its share.

    Attributes:
        envelope: its segments are text · N + filter.
        outgoing: (C, N) the output layer's weights.
        bias: (C,) its bias.
        texts: B.
    """

    envelope: Envelope
    outgoing: Numbers
    bias: Numbers
    texts: int

    @cached_property
    def text(self) -> Indices:
        """(P,) the text of each line."""
        texts: Indices = self.envelope.segment // self.outgoing.shape[1]
        return texts

    def features(self) -> Numbers:
        """(2, B, N) the filters' features where the path begins and where it ends."""
        envelope, shape = self.envelope, (self.texts, self.outgoing.shape[1])
        heights = np.where(envelope.start == 0, np.maximum(envelope.intercept, 0.0), 0.0) * envelope.share
        rises = envelope.slope * (envelope.end - envelope.start) * envelope.share
        first, change = (
            _summed(part, envelope.segment, shape[0] * shape[1]).reshape(shape) for part in (heights, rises)
        )
        return np.stack((first, first + change))

    def weights_of(self, targets: Sequence[Target]) -> Numbers:
        """(J, P) `weights` of several targets; of many that are no linear combination of logits, all in one pass."""
        smooth = [_direction(target, self.outgoing[:, :1]) is None for target in targets]
        if sum(smooth) < _MANY:
            return np.stack([self.weights(target) for target in targets])
        outputs = {target.output for target, is_smooth in zip(targets, smooth, strict=True) if is_smooth}
        of_all_classes = {output: self._every_class(output) for output in outputs}
        lines = np.arange(len(self.text))
        return np.stack(
            [
                of_all_classes[target.output][lines, target.index.numpy()[self.text]]
                if is_smooth
                else self.weights(target)
                for target, is_smooth in zip(targets, smooth, strict=True)
            ]
        )

    def _every_class(self, output: str) -> Numbers:
        """(P, C) the weights for every class."""
        rule, (grid, logits, stretches) = self._rule, self._refined
        nodes, shares = (NODES + 1) / 2, WEIGHTS / 2
        weights = np.zeros((len(self.text), len(self.outgoing)))
        outgoing = self.outgoing.T[self.envelope.segment % self.outgoing.shape[1]]
        bounds = np.searchsorted(rule.text, np.arange(self.texts + 1))
        for text in range(self.texts):
            of_text = slice(*bounds[text : text + 2])
            at = (rule.part[of_text, np.newaxis] + nodes) / rule.parts[
                of_text, np.newaxis
            ]  # (R, 8) within the interval
            interval = rule.interval[of_text]
            start, stop = logits[text, interval], logits[text, interval + 1]
            points = start[:, np.newaxis] + at[:, :, np.newaxis] * (stop - start)[:, np.newaxis]
            width = (grid[text, interval + 1] - grid[text, interval]) / rule.parts[of_text]
            lines = np.flatnonzero(self.text == text)
            first, last = stretches[:, lines] - text * grid.shape[1]
            weight = (width[:, np.newaxis] * shares).reshape(-1)
            path = QuadratureNodes(interval.repeat(8), weight, points.reshape(-1, len(self.bias)))
            weights[lines] = every_class(output, outgoing[lines], first, last, path)
        return weights * self.envelope.share[:, np.newaxis]

    @cached_property
    def _along(self) -> Numbers:
        """(P, C) the change of the logits with each line."""
        column = self.envelope.segment % self.outgoing.shape[1]
        moves: Numbers = self.outgoing.T[column] * self.envelope.share[:, np.newaxis]
        return moves

    @cached_property
    def _refined(self) -> tuple[Numbers, Numbers, Indices]:
        """The common refinement with the logits at each of its points."""
        return self._refine(np.broadcast_to(self.bias, (self.texts, len(self.outgoing))), self._along)

    @cached_property
    def _rule(self) -> "_Rule":
        """The parts of all intervals that are integrated by one rule each."""
        grid, logits, _ = self._refined
        text, interval = np.nonzero(np.diff(grid, axis=1) > 0)
        move = np.diff(logits, axis=1)[text, interval]
        parts = np.maximum(np.ceil((move.max(1) - move.min(1)) / LARGEST_MOVE), 1).astype(np.int64)
        owner = np.repeat(np.arange(len(text)), parts)
        part = np.arange(len(owner)) - (parts.cumsum() - parts)[owner]
        return _Rule(text[owner], interval[owner], part, parts[owner])

    def weights(self, target: Target) -> Numbers:
        """(P,) ∫ ∂S/∂(the filter's feature) dα over each line's stretch, for the scalar S of the logits."""
        envelope = self.envelope
        direction = _direction(target, self.outgoing)
        if direction is None:
            return self._smooth(target)
        along = direction.reshape(-1)[envelope.segment] * envelope.share  # (P,)
        if not target.is_probability:
            return along * (envelope.end - envelope.start)
        free = _direction(target, self.bias)
        grid, values, stretches = self._refine(np.zeros(self.texts) if free is None else free, along)
        # an integral of σ′ over an interval on which z is linear
        return along * _between(np.diff(grid, axis=1) * sigmoid_slope(values[:, :-1], values[:, 1:]), stretches)

    def weights_at(self, target: Target, points: Numbers) -> Numbers:
        """(S, P) ∂S/∂(the filter's feature) at points (B, S) of each text's path; 0 where a line is not on top."""
        envelope = self.envelope
        at = points[self.text]  # (P, S)
        on_top = (envelope.start[:, np.newaxis] <= at) & (at < envelope.end[:, np.newaxis])
        shares = np.where(on_top, envelope.share[:, np.newaxis], 0.0)
        direction = None if target.is_probability else _direction(target, self.outgoing)
        if direction is not None:
            return (shares * direction.reshape(-1)[envelope.segment, np.newaxis]).T
        features = shares * (envelope.intercept[:, np.newaxis] + envelope.slope[:, np.newaxis] * at)
        own = self.outgoing.T[envelope.segment % self.outgoing.shape[1]]  # (P, C)
        logits = np.stack(
            [_summed(features * column[:, np.newaxis], self.text, self.texts) for column in own.T], axis=2
        )
        several = target.rows(np.arange(self.texts).repeat(points.shape[1]))
        slopes = logit_gradient(several, (logits + self.bias).reshape(-1, len(self.bias))).reshape(logits.shape)
        values: Numbers = (shares * np.einsum("pc,psc->ps", own, slopes[self.text])).T
        return values

    def _smooth(self, target: Target) -> Numbers:
        """The same for a scalar that is no function of one linear combination of the logits."""
        classes, rule = len(self.outgoing), self._rule
        grid, logits, stretches = self._refined
        widths, moves = np.diff(grid, axis=1), np.diff(logits, axis=1)
        nodes, weights = (NODES + 1) / 2, WEIGHTS / 2
        integral = np.zeros((widths.size, classes))
        step = max(1, _INTERVALS_AT_ONCE // (8 * classes))
        for chunk in (slice(first, first + step) for first in range(0, len(rule.text), step)):
            text, interval, parts = rule.text[chunk], rule.interval[chunk], rule.parts[chunk, np.newaxis]
            at = (rule.part[chunk, np.newaxis] + nodes) / parts  # (R, 8) within the interval
            start, move = logits[text, interval], moves[text, interval]
            points = start[:, np.newaxis] + at[:, :, np.newaxis] * move[:, np.newaxis]
            slopes = logit_gradient(target.rows(text.repeat(8)), points.reshape(-1, classes))
            mean = np.einsum("n,rnc->rc", weights, slopes.reshape(points.shape)) / parts
            whole = mean * widths[text, interval, np.newaxis]
            integral += _summed(whole, text * widths.shape[1] + interval, len(integral))
        scores: Numbers = (self._along * _between(integral.reshape(*widths.shape, classes), stretches)).sum(1)
        return scores

    def _refine(self, bias: Numbers, along: Numbers) -> tuple[Numbers, Numbers, Indices]:
        """The common refinement.

        Args:
            bias: (B, …) the values when every feature is 0.
            along: (P, …) how the values move with each line.

        Returns:
            grid (B, M + 1) of α, sorted from 0 to 1, with repetitions; the values (B, M + 1, …) at each; and the places
            (2, P) of each line's start and end among the B · (M + 1).
        """
        envelope = self.envelope
        alphas = np.concatenate((envelope.start, envelope.end))
        bends = _scaled(along, envelope.slope)
        text = np.tile(self.text, 2)
        order = np.lexsort((alphas, text))
        counts = np.bincount(text, minlength=self.texts)
        rank = np.arange(len(order)) - (counts.cumsum() - counts)[text[order]]
        longest = int(counts.max()) if len(counts) else 0
        place = np.empty_like(order)
        place[order] = text[order] * (longest + 2) + rank + 1
        grid = np.ones((self.texts, longest + 2))
        grid[:, 0] = 0
        grid.reshape(-1)[place] = alphas
        changes = np.zeros((self.texts * (longest + 2), *bends.shape[1:]))
        changes[place] = np.concatenate((bends, -bends))
        slopes = changes.reshape(self.texts, longest + 2, *bends.shape[1:]).cumsum(1)
        first = _scaled(along, np.where(envelope.start == 0, envelope.intercept, 0.0))
        start = bias + _summed(first, self.text, self.texts)
        moves = _scaled(slopes[:, :-1], np.diff(grid, axis=1))
        values = np.concatenate((start[:, np.newaxis], start[:, np.newaxis] + moves.cumsum(1)), axis=1)
        return grid, values, place.reshape(2, -1)


@dataclass(frozen=True, eq=False)
class _Rule:
    """Parts of intervals, each integrated by one Gauss–Legendre rule.

    Attributes:
        text: (R,) each part's text, in order.
        interval: (R,) each part's interval, in order.
        part: (R,) which of the equal parts of its interval it is.
        parts: (R,) how many equal parts the interval has.
    """

    text: Indices
    interval: Indices
    part: Indices
    parts: Indices


def sigmoid_slope(a: Numbers, b: Numbers) -> Numbers:
    """(σ(b) − σ(a)) / (b − a), and σ′(a) where b = a; no cancellation and no overflow, however saturated.

    By σ(b) − σ(a) = sinh((b − a)/2) / (2 cosh(a/2) cosh(b/2)), with every exponential written so that it decays.
    """
    move = np.abs(b - a)
    decay = np.where(np.sign(a) * np.sign(b) > 0, np.minimum(np.abs(a), np.abs(b)), 0.0)
    mean = np.divide(-np.expm1(-move), move, out=np.ones_like(move), where=move > 0)
    slope: Numbers = mean * np.exp(-decay) / ((1 + np.exp(-np.abs(a))) * (1 + np.exp(-np.abs(b))))
    return slope


def logit_gradient(target: Target, logits: Numbers) -> Numbers:
    """∂S/∂z (R, C) of a target's scalar at logits z (R, C), by formula."""
    index = target.index.numpy()
    chosen = np.arange(logits.shape[1]) == index[:, np.newaxis]
    if target.output == "log_odds":
        # z_c − logsumexp of the others, so 1 for c and minus the softmax among the others
        gradient: Numbers = chosen - _softmax(np.where(chosen, -np.inf, logits))
        return gradient
    if target.output == "sigmoid":
        own_logit = np.take_along_axis(logits, index[:, np.newaxis], 1)
        slope: Numbers = chosen * sigmoid_slope(own_logit, own_logit)
        return slope
    shares = _softmax(logits)
    own = np.take_along_axis(shares, index[:, np.newaxis], 1)
    others = np.where(chosen, 0.0, shares)
    return own * np.where(chosen, others.sum(1, keepdims=True), -others)  # 1 − p_c summed, not subtracted


def _softmax(logits: Numbers) -> Numbers:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    shares: Numbers = powers / powers.sum(1, keepdims=True)
    return shares


def _direction(target: Target, rows: Numbers) -> Numbers | None:
    """(B, …): the linear combination of logits that decides the scalar, taken of rows (C, …); None if none does."""
    index = target.index.numpy()
    if target.against is not None:
        difference: Numbers = rows[index] - rows[target.against.numpy()]
        return difference
    if target.output in ("logit", "sigmoid"):
        gradient: Numbers = rows[index]
        return gradient
    return rows[index] - rows[1 - index] if len(rows) == 2 else None


def _between(integral: Numbers, stretches: Indices) -> Numbers:
    """Sum the integrals (B, M, …) of the refinement's intervals over each line's stretch: (P, …)."""
    so_far = np.concatenate((np.zeros_like(integral[:, :1]), integral.cumsum(1)), axis=1)
    so_far = so_far.reshape(-1, *integral.shape[2:])
    difference: Numbers = so_far[stretches[1]] - so_far[stretches[0]]
    return difference


def _summed(values: Numbers, places: Indices, count: int) -> Numbers:
    """(count, …): the values (R, …) that belong to each place."""
    if values.ndim == 1:
        return np.bincount(places, values, count).astype(float, copy=False)
    width = values.shape[1]
    flat = (places[:, np.newaxis] * width + np.arange(width)).reshape(-1)
    return np.bincount(flat, values.reshape(-1), count * width).astype(float, copy=False).reshape(count, width)


def _scaled(values: Numbers, by: Numbers) -> Numbers:
    """Each row of values times its number, whether a row is one number or one per class."""
    return values * by.reshape(*by.shape, *([1] * (values.ndim - by.ndim)))
