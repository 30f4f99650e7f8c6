"""Integrated gradients of any network, by an adaptive quadrature: as many gradients as each text needs.

φ_i = ⟨x_i − x′_i, ∫₀¹ ∂S/∂x_i (x′ + α(x − x′)) dα⟩ (Sundararajan, Taly & Yan, ICML 2017) is computed by nested
Gauss–Patterson rules. A text is done when its scores are complete, no longer change, and are complete along the path
too; then it leaves the batch.

Completeness at the end of the path alone can deceive: if the output rises in one step and falls in another, and no node
lies between them, neither the gradients nor their sum show it. But the output itself, which every gradient computes
anyway, does. So between any two nodes its change must be the integral of the gradients; and if the first two rules
would do, whose nodes lie up to .22 apart, the output alone is also evaluated between them. What no finite number of
points can see remains: opposite steps between two neighbouring points, at most .06 apart.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from attribkit.attribution.methods import patterson
from attribkit.attribution.methods.bisection import Pieces, bisected
from attribkit.attribution.methods.gru_bisection import bisected_by_hand
from attribkit.attribution.methods.gru_path import GRUPath, has_path
from attribkit.attribution.methods.path_gradients import ByHand, PathGradients, rules, rules_dense_early
from attribkit.attribution.outputs import Target
from attribkit.attribution.request import AttributionRequest, MethodResult
from attribkit.errors import InputError

_LEAST_BYTES, _SHARE = 256 * 2**20, 4
"""What one batch of gradients may need: so much, or on a GPU this part of what is free, for it wants large batches."""

ALONG_THE_PATH = 10
"""How much looser adding up along the path is judged than at its end. A rule of n nodes is exact up to degree
(3n + 1)/2 at the end but n − 1 at a node inside, so even a good rule is less exact there."""

_LOOKED_AT = patterson.SIZES[3]
"""At so many nodes, without gradients, the output is known before the first two rules are believed."""


@dataclass(frozen=True, eq=False)
class Result:
    """Integrated gradients of J targets and B texts.

    Attributes:
        scores: (J, B, T) float64, exactly 0 at padding.
        nodes: (B,) int64, at how many points of the path the gradient was computed.
        converged: (J, B) bool, whether all criteria were met.
        change: (J, B) float64, the largest change of a score between the last two rules.
        path_error: (J, B) float64, the largest difference, between two points, of the change of S and the integral of
            its gradients.
    """

    scores: Tensor
    nodes: Tensor
    converged: Tensor
    change: Tensor
    path_error: Tensor


def quadrature(request: AttributionRequest) -> MethodResult:
    """Integrated gradients with as many gradients as each text needs; for every network."""

    def run(points: Tensor, mask: Tensor, texts: Tensor) -> Tensor:
        return request.run(points, request.ids[texts, : points.shape[1]], mask)

    by_hand = partial(GRUPath, request.network) if has_path(request.network) else None
    bends = request.capabilities.bends_early
    # beyond the rules for every network only that for outputs known to be smooth, and bent at one place
    largest = patterson.ALL_SIZES[-1] if bends and request.max_steps >= patterson.ALL_SIZES[-1] else patterson.SIZES[-1]
    result = integrated_gradients(
        run,
        request.network.embedding(request.ids).detach(),
        request.baseline,
        request.mask,
        request.targets,
        request.difference,
        tolerance=request.tolerance,
        max_bytes=max(_LEAST_BYTES, _free_bytes(request.ids.device) // _SHARE),
        by_hand=by_hand,
        max_nodes=largest,
        dense_early=bends,
    )
    if request.max_steps > largest:
        result = _broken_at_jumps(request, result, by_hand)
    steps = result.nodes.expand(len(request.targets), -1)
    return MethodResult(result.scores, steps, result.converged, rule_change=result.change, path_error=result.path_error)


def _broken_at_jumps(request: AttributionRequest, result: Result, by_hand: ByHand | None) -> Result:
    """The result, with the texts that did not converge integrated piece by piece; the better of the two is kept."""
    scores, nodes, converged = result.scores.clone(), result.nodes.clone(), result.converged.clone()
    change, path_error = result.change.clone(), result.path_error.clone()
    wanted, home = request.difference.cpu().double(), scores.device
    rows = (~converged.all(0)).nonzero().squeeze(1)
    for row, pieces in zip(
        rows.tolist(), _pieces_of(request, rows, request.max_steps - nodes[rows], by_hand), strict=True
    ):
        allowed = request.tolerance * pieces.scores.abs().sum(1)
        error = (pieces.scores.sum(1) - wanted[:, row]).abs()
        nodes[row] += pieces.steps
        done = (error <= allowed) & (pieces.change <= allowed) & (pieces.path_error <= ALONG_THE_PATH * allowed)
        before = (scores[:, row].sum(1).cpu() - wanted[:, row]).abs()
        for number in (done | (error < before)).nonzero().squeeze(1).tolist():
            if not converged[number, row]:
                scores[number, row, : pieces.scores.shape[1]] = pieces.scores[number].to(home)
                change[number, row], path_error[number, row] = pieces.change[number], pieces.path_error[number]
                converged[number, row] = bool(done[number])
    return Result(scores, nodes, converged, change, path_error)


def _pieces_of(
    request: AttributionRequest, rows: Tensor, max_steps: Tensor, by_hand: ByHand | None
) -> Iterator[Pieces]:
    """Of some texts, with at most so many gradients each."""
    if by_hand is not None and len(rows):
        start, mask = request.baseline[rows], request.mask[rows]
        path = by_hand(start, (request.embedded[rows] - start) * mask.unsqueeze(2), mask)
        targets = [target.rows(rows) for target in request.targets]
        yield from bisected_by_hand(path, targets, request.tolerance, max_steps.tolist())
        return
    for row, most in zip(rows.tolist(), max_steps.tolist(), strict=True):
        text = request.text(row)

        def run(points: Tensor, text: AttributionRequest = text) -> Tensor:
            return text.run(points, text.ids.expand(len(points), -1), text.mask.expand(len(points), -1))

        yield bisected(run, text.embedded[0], text.baseline[0], text.targets, request.tolerance, most)


def integrated_gradients(
    run: Callable[[Tensor, Tensor, Tensor], Tensor],
    embedded: Tensor,
    baseline: Tensor,
    mask: Tensor,
    targets: Sequence[Target],
    difference: Tensor,
    *,
    tolerance: float = 1e-4,
    max_nodes: int = 63,
    max_bytes: int = _LEAST_BYTES,
    by_hand: ByHand | None = None,
    dense_early: bool = False,
) -> Result:
    """Integrated gradients of every token, and whether they converged.

    A text is done when, for each target, |Σ scores − difference| ≤ tolerance · Σ|scores|, no score has changed by more
    than tolerance · Σ|scores| since the rule before, and the change of S between any two nodes is the integral of the
    gradients, within 10 · tolerance · Σ|scores|. A text that never meets them keeps the scores of the largest rule
    allowed.

    Args:
        run: embeddings (N, T, E), mask (N, T) and which text each row belongs to (N,) to logits (N, C), differentiable,
            each row by itself, deterministic; it is called with texts of one length together, cut to that length.
        embedded: (B, T, E), the texts.
        baseline: (B, T, E).
        mask: (B, T) bool, True for real tokens, which come first.
        targets: J scalars, each with one class per text.
        difference: (J, B), S(text) − S(baseline) from the network's own forward pass.
        tolerance: as above, relative.
        max_nodes: the largest rule used: 7, 15, 31 or 63 nodes, or 127 if they lie denser early on the path; or the
            largest below this number.
        max_bytes: the estimated memory for one batch of gradients; if memory runs out, the batch is halved.
        by_hand: makes paths whose gradients are written by hand, in place of `run`'s.
        dense_early: whether the points lie denser where a transformer's output bends, early on the path.

    Raises:
        ValueError: if `tolerance` or `max_nodes` allow nothing, or a shape does not fit.
        RuntimeError: if not even one row fits into the memory of the device; and what `run` itself raises.
        MemoryError: the same on a processor.
    """
    _check(embedded, baseline, mask, targets, difference, tolerance, max_nodes)
    device = embedded.device
    nodes, weights, speed = rules_dense_early() if dense_early else (*rules(), None)
    sizes = [size for size in patterson.ALL_SIZES if size <= min(max_nodes, len(nodes))]
    steps = PathGradients(run, embedded, baseline, mask, targets, nodes, weights, max_bytes, by_hand, speed)
    # what is judged is small: NumPy takes a fifth of torch's time for it
    pending = np.argsort(-steps.lengths.numpy(), kind="stable")  # rows of one length share a batch
    used, rule = np.zeros((2, len(embedded)), dtype=np.int64)
    converged = np.zeros((len(targets), len(embedded)), dtype=bool)
    change, path_error = np.zeros((2, len(targets), len(embedded)))
    wanted, sums = difference.cpu().double().numpy(), steps.sums.numpy()
    taken = 0
    for number, size in enumerate(sizes):
        if number == 0:
            continue  # the smallest rule only serves to judge the next; its nodes are taken together with that one's
        if not len(pending):
            break
        # the points of two rules together, where they are so few that two batches take twice the time of one
        size_taken = sizes[2] if number == 1 and steps.wants_more(len(pending) * size, sizes) else max(size, taken)
        steps.take(torch.from_numpy(pending), range(taken, size_taken))
        taken = size_taken
        scores, before = sums[number][:, pending], sums[number - 1][:, pending]
        allowed = tolerance * np.abs(scores).sum(2)
        adds_up = np.abs(scores.sum(2) - wanted[:, pending]) <= allowed
        change[:, pending] = np.abs(scores - before).max(2)
        done = adds_up & (change[:, pending] <= allowed)
        if number == 1 and done.all(0).any():
            steps.take(torch.from_numpy(pending[done.all(0)]), range(taken, _LOOKED_AT), gradients=False)
        path_error[:, pending] = steps.path_errors(pending, size)
        converged[:, pending] = done & (path_error[:, pending] <= ALONG_THE_PATH * allowed)
        used[pending], rule[pending] = size, number
        pending = pending[~converged[:, pending].all(0)]
    chosen = torch.from_numpy(sums[rule, :, np.arange(len(embedded))].swapaxes(0, 1).copy())
    home = _home(device)
    scores_used, changes, errors = (part.to(home) for part in (chosen, *map(torch.from_numpy, (change, path_error))))
    return Result(
        scores_used, torch.from_numpy(used).to(device), torch.from_numpy(converged).to(device), changes, errors
    )


def _home(device: torch.device) -> torch.device:
    return torch.device("cpu") if device.type == "mps" else device  # which has no float64


def _check(
    embedded: Tensor,
    baseline: Tensor,
    mask: Tensor,
    targets: Sequence[Target],
    difference: Tensor,
    tolerance: float,
    max_nodes: int,
) -> None:
    if not tolerance > 0:
        raise InputError(f"`tolerance` must be above 0, got {tolerance}; 1e-4 is the default")
    if max_nodes < patterson.SIZES[1]:
        raise InputError(f"`max_nodes` must be at least {patterson.SIZES[1]}, got {max_nodes}")
    if embedded.ndim != 3 or baseline.shape != embedded.shape or mask.shape != embedded.shape[:2]:
        raise InputError(
            "`embedded` and `baseline` must be (B, T, E) and `mask` (B, T), got "
            f"{tuple(embedded.shape)}, {tuple(baseline.shape)} and {tuple(mask.shape)}"
        )
    if not targets or difference.shape != (len(targets), len(embedded)):
        raise InputError(
            f"`difference` must hold S(text) − S(baseline) for each target and text, shape "
            f"{(len(targets), len(embedded))}, got {tuple(difference.shape)}"
        )


def _free_bytes(device: torch.device) -> int:
    """Memory that a GPU has left for new tensors; 0 for any other device, which shares its memory with all else."""
    if device.type != "cuda":
        return 0
    free, _ = torch.cuda.mem_get_info(device)
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
