"""Integrated gradients where the gradient jumps: the path is broken at the jumps, and each piece integrated by itself.

Along the path of a network of ReLUs and maxima the output is piecewise linear: no rule for smooth functions converges
on it, whatever its nodes. But between two jumps a single gradient is exact. So a piece that two nested Gauss–Patterson
rules disagree on, or over which the output changes by something else than the integral of its gradients, is broken in
two: where the tangents at its ends meet, which is the jump itself if there is but one, else in the middle. The pieces'
differences add up to that of two rules over the whole path, by which it is judged as any other.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from attribkit.attribution.methods import patterson
from attribkit.attribution.methods.path_gradients import ROUNDINGS
from attribkit.attribution.outputs import Target

_COARSE, _FINE = patterson.SIZES[:2]
_AT_ONCE = 8_192  # tokens of the points that are run together
_NARROWEST = 1e-6  # of the path: below it a difference of outputs is rounding
_CLOSE = 0.5  # of what is allowed, so that the criterion itself is met with room
_WORTH_IT = 1e-2  # of what is allowed, for all pieces together
_PATIENCE, _BETTER = 8, 0.9  # so many rounds in which the error must fall to this part

Asked = Mapping[int, tuple[Tensor, Tensor]]
"""By text: points (P, N) inside of P new pieces, where gradients are wanted, and new ends of pieces, where S is."""
Answers = Mapping[int, tuple[Tensor, Tensor]]
"""By text: each token's part in dS/dα (J, P, N, T) at these points, and S (J, ends)."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """A text's integrated gradients, with what is known of their error.

    Attributes:
        scores: (J, T) float64.
        change: (J,) float64, the largest change of a score from the smaller rules to the larger ones.
        path_error: (J,) float64, by how much S at most leaves the integral of its gradients between two ends of pieces.
        steps: how many gradients were computed.
    """

    scores: Tensor
    change: Tensor
    path_error: Tensor
    steps: int


Search = Generator[tuple[Tensor, Tensor], tuple[Tensor, Tensor], Pieces]
"""Yields what a text asks for, is sent its answer, and returns its pieces."""


def bisected(
    run: Callable[[Tensor], Tensor],
    embedded: Tensor,
    baseline: Tensor,
    targets: Sequence[Target],
    tolerance: float,
    max_steps: int,
) -> Pieces:
    """Integrated gradients of one text, its path broken where the gradient jumps.

    Args:
        run: embeddings (N, T, E) to logits (N, C), differentiable, each row by itself.
        embedded: (T, E), the text, without padding.
        baseline: (T, E).
        targets: J scalars of this one text.
        tolerance: the largest sum of the pieces' errors, relative to Σ|scores|.
        max_steps: the most gradients computed.
    """
    path = _Path(run, embedded, baseline, targets)
    return follow([search(tolerance, max_steps, torch.finfo(embedded.dtype).eps)], path.evaluate)[0]


def follow(searches: Sequence[Search], evaluate: Callable[[Asked], Answers]) -> list[Pieces]:
    """What the searches find, going on with all of them round by round."""
    asked = {number: next(search) for number, search in enumerate(searches)}
    results: dict[int, Pieces] = {}
    while asked:
        answers, asked = evaluate(asked), {}
        for number, answer in answers.items():
            try:
                asked[number] = searches[number].send(answer)
            except StopIteration as end:
                results[number] = end.value
    return [results[number] for number in range(len(searches))]


def search(tolerance: float, max_steps: int, eps: float) -> Search:
    """The pieces of one text: asks for points, and is sent what the path is there."""
    pieces: list[_Piece] = []
    ends = torch.tensor([[0.0, 1.0]], dtype=torch.float64)
    known: dict[float, Tensor] = {}  # S (J,) at ends of pieces
    steps, history = 0, []
    while True:
        new = sorted(set(ends.flatten().tolist()) - known.keys())
        inside = ends[:, :1] + (ends[:, 1:] - ends[:, :1]) * _rules()[0]  # (P, N), in rising order
        slopes, outputs = yield inside, torch.tensor(new, dtype=torch.float64)
        known.update(zip(new, outputs.unbind(1), strict=True))
        pieces += _pieces(ends, slopes, torch.stack([known[end] for end in ends.flatten().tolist()], 1), eps)
        steps += _FINE * len(ends)
        whole = _joined(pieces, steps)
        allowed = (tolerance * whole.scores.abs().sum(1)).clamp(min=torch.finfo(torch.float64).tiny)
        history.append(float((torch.maximum(whole.change, whole.path_error) / allowed).max()))
        stuck = len(history) > _PATIENCE and history[-1] > _BETTER * history[-1 - _PATIENCE]
        share = (torch.stack([piece.error for piece in pieces]) / allowed).amax(1)  # (P,), of what is allowed in all
        share[[piece.end - piece.start < _NARROWEST for piece in pieces]] = 0
        affordable = (max_steps - steps) // (2 * _FINE)
        worst = share.argsort(descending=True)[:affordable]
        worst = worst[share[worst] > max(0.1 * float(share.max()), _WORTH_IT / len(pieces))]
        if history[-1] <= _CLOSE or stuck or not len(worst):
            return whole
        broken = set(worst.tolist())
        halves = [half for number in sorted(broken) for half in pieces[number].halves()]
        ends = torch.tensor(halves, dtype=torch.float64)
        pieces = [piece for number, piece in enumerate(pieces) if number not in broken]


def _pieces(ends: Tensor, slopes: Tensor, outputs: Tensor, eps: float) -> list["_Piece"]:
    """The pieces between ends (P, 2), by each token's part in dS/dα (J, P, N, T) and S at the ends (J, 2 P)."""
    _, coarse, fine = _rules()
    outputs = outputs.unflatten(1, ends.shape)
    width = ends[:, 1:] - ends[:, :1]
    by_fine, by_coarse = (width * torch.einsum("jpnt,n->jpt", slopes, weights) for weights in (fine, coarse))
    change = by_fine - by_coarse  # (J, P, T)
    path_error = by_fine.sum(2) - (outputs[..., 1] - outputs[..., 0])
    rates = slopes[:, :, [0, -1]].sum(3)  # (J, P, 2)
    rounding = ROUNDINGS * eps * float(outputs.abs().max())
    return [
        _Piece(
            float(ends[number, 0]),
            float(ends[number, 1]),
            by_fine[:, number],
            change[:, number],
            path_error[:, number],
            outputs[:, number].T,
            rates[:, number].T,
            rounding,
        )
        for number in range(len(ends))
    ]


def _joined(pieces: Sequence["_Piece"], steps: int) -> Pieces:
    """What the pieces are together: their differences may cancel, as those of any two rules over the whole path."""
    ordered = sorted(pieces, key=lambda piece: piece.start)
    so_far = torch.stack([piece.path_error for piece in ordered]).cumsum(0)  # (P, J), from the start of the path
    so_far = torch.cat((torch.zeros_like(so_far[:1]), so_far))
    return Pieces(
        torch.stack([piece.scores for piece in ordered]).sum(0),
        torch.stack([piece.change for piece in ordered]).sum(0).abs().amax(1),
        so_far.amax(0) - so_far.amin(0),
        steps,
    )


@dataclass(frozen=True, eq=False)
class _Piece:
    """A part of the path, from `start` to `end`.

    Attributes:
        scores: (J, T), its integral by the larger rule.
        change: (J, T), what that adds to the smaller one's.
        path_error: (J,), what its sum leaves the change of S.
        outputs: (2, J), S at its ends.
        slopes: (2, J), dS/dα near them.
        rounding: of S.
    """

    start: float
    end: float
    scores: Tensor
    change: Tensor
    path_error: Tensor
    outputs: Tensor
    slopes: Tensor
    rounding: float

    @property
    def error(self) -> Tensor:
        """(J,): what breaking it may mend, without the outputs' rounding."""
        return torch.maximum(self.change.abs().sum(1), (self.path_error.abs() - self.rounding).clamp(min=0))

    def halves(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The ends of the two pieces that it is broken into."""
        cut = self.cut()
        return (self.start, cut), (cut, self.end)

    def cut(self) -> float:
        """Where the tangents at the ends meet, for the target with the largest error; the middle if they do not."""
        target = int(self.error.argmax())
        first, last = self.outputs[:, target].tolist()
        before, after = self.slopes[:, target].tolist()
        width: float = self.end - self.start
        if before != after:
            meeting: float = (last - first - after * width) / (before - after)
            if 1e-3 * width < meeting < (1 - 1e-3) * width:
                return self.start + meeting
        return self.start + width / 2


class _Path:
    """The straight line from a text's baseline to the text, with autograd's gradients."""

    def __init__(
        self, run: Callable[[Tensor], Tensor], embedded: Tensor, baseline: Tensor, targets: Sequence[Target]
    ) -> None:
        self.run, self.targets = run, targets
        self.start, self.way = baseline, embedded - baseline

    def evaluate(self, asked: Asked) -> Answers:
        """Each token's part in dS/dα (J, P, N, T) at the points inside of pieces, and S (J, ends) at the new ends."""
        ((inside, ends),) = asked.values()
        slopes = [torch.stack(self._at(some, gradients=True)[1]) for some in self._batches(inside.flatten())]
        outputs = [torch.stack(self._at(some, gradients=False)[0]) for some in self._batches(ends)]
        return {0: (torch.cat(slopes, 1).unflatten(1, inside.shape), torch.cat(outputs, 1))}

    def _batches(self, alphas: Tensor) -> tuple[Tensor, ...]:
        batches: tuple[Tensor, ...] = alphas.split(max(1, _AT_ONCE // len(self.way)))
        return batches

    def _at(self, alphas: Tensor, gradients: bool) -> tuple[list[Tensor], list[Tensor]]:
        """For each target S (N,) at the points α (N,) and, if asked for, each token's part in dS/dα (N, T)."""
        targets = [target.rows([0] * len(alphas)) for target in self.targets]
        points = self._points(alphas).requires_grad_(gradients)
        with torch.set_grad_enabled(gradients):
            logits = self.run(points)
            scalars = [target.of(logits) for target in targets]
        slopes = []
        for number, scalar in enumerate(scalars if gradients else ()):
            (gradient,) = torch.autograd.grad(scalar.sum(), points, retain_graph=number < len(scalars) - 1)
            slopes.append((gradient * self.way).sum(2).cpu().double())
        return [scalar.detach().cpu().double() for scalar in scalars], slopes

    def _points(self, alphas: Tensor) -> Tensor:
        share = alphas.to(self.way.device, self.way.dtype).view(-1, 1, 1)
        return torch.addcmul(self.start.unsqueeze(0), share, self.way.unsqueeze(0)).detach()


@cache
def _rules() -> tuple[Tensor, Tensor, Tensor]:
    """Nodes (N,) on [0, 1], rising; weights (N,) of the smaller rule, 0 where it has none, and of the larger."""
    nodes, weights = (torch.from_numpy(part) for part in patterson.rules())
    order = nodes[:_FINE].argsort()
    return nodes[:_FINE][order], weights[0][:_FINE][order], weights[1][:_FINE][order]
