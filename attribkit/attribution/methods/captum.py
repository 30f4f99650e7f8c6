"""Layer integrated gradients on the embedding, computed by Captum.

The score of token i is ⟨x_i − x′_i, ∫₀¹ ∂F/∂x_i (x′ + α(x − x′)) dα⟩, the integral approximated by Gauss–Legendre
quadrature with n nodes.

Source: Sundararajan, Taly & Yan, "Axiomatic Attribution for Deep Networks", ICML 2017.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from captum.attr import IntegratedGradients, LayerIntegratedGradients
from torch import Tensor

from attribkit.attribution.outputs import Target
from attribkit.attribution.request import AttributionRequest, MethodResult

FIRST_STEPS, MOST_STEPS = 50, 1_600


@dataclass(frozen=True)
class Result:
    """Scores (B, T) float64, the nodes each text took (B,), and whether each text converged (B,)."""

    scores: Tensor
    steps: Tensor
    converged: Tensor


def captum(request: AttributionRequest) -> MethodResult:
    """For every network; kept for comparison."""
    rows = max(1, 16_384 // request.ids.shape[1])
    results = [
        integrated_gradients(
            request.network,
            request.run,
            request.ids,
            request.mask,
            request.baseline_ids,
            request.baseline,
            target,
            difference,
            request.tolerance,
            rows,
        )
        for target, difference in zip(request.targets, request.difference, strict=True)
    ]
    scores, steps, converged = (
        torch.stack([getattr(result, name) for result in results]) for name in ("scores", "steps", "converged")
    )
    return MethodResult(scores, steps, converged)


def integrated_gradients(
    network: Any,
    run: Callable[[Tensor, Tensor, Tensor], Tensor],
    ids: Tensor,
    mask: Tensor,
    baseline_ids: Tensor | None,
    baseline: Tensor,
    target: Target,
    difference: Tensor,
    tolerance: float,
    rows: int = 64,
) -> Result:
    """Doubles Captum's `n_steps` from 50 until the scores add up, or 1,600 steps were not enough.

    Args:
        network: keeps the contract of `attribkit.models.Network`.
        run: (embedded (N, T, E), ids (N, T), mask (N, T)) → logits (N, C): the network fed with embeddings.
        ids, mask: (B, T); the mask is passed to the network at every point of the path, baseline included.
        baseline_ids: (B, T), or None where the baseline is no sequence of tokens: then `baseline` is used.
        baseline: (B, T, E) embedded baseline.
        target: the scalar F, one per text.
        difference: (B,) float64, F(text) − F(baseline) by the network's own forward pass.
        tolerance: largest relative error |Σ scores − difference| / Σ|scores|.
        rows: most points of the path that are run at once.
    """
    scores = torch.zeros(ids.shape, dtype=torch.float64, device=ids.device)
    steps = torch.zeros(len(ids), dtype=torch.int64, device=ids.device)
    converged = torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
    open_rows = torch.arange(len(ids), device=ids.device)
    count = FIRST_STEPS
    while len(open_rows) and count <= MOST_STEPS:
        some = None if baseline_ids is None else baseline_ids[open_rows]
        part = _attribute(
            network,
            run,
            ids[open_rows],
            mask[open_rows],
            some,
            baseline[open_rows],
            target.rows(open_rows),
            count,
            rows,
        )
        scores[open_rows], steps[open_rows] = part, count
        error = (part.sum(1) - difference[open_rows]).abs()
        converged[open_rows] = error <= tolerance * part.abs().sum(1)
        open_rows = open_rows[~converged[open_rows]]
        count *= 2
    return Result(scores, steps, converged)


def _attribute(
    network: Any,
    run: Callable[[Tensor, Tensor, Tensor], Tensor],
    ids: Tensor,
    mask: Tensor,
    baseline_ids: Tensor | None,
    baseline: Tensor,
    target: Target,
    steps: int,
    rows: int,
) -> Tensor:
    """Token scores (B, T) float64 with a fixed number of steps."""
    # Captum repeats every tensor given as an additional argument along the path: the mask and the target stay the
    # text's own, for F(x′) as for F(x)
    pair = () if target.against is None else (target.against,)
    options = {"n_steps": steps, "internal_batch_size": max(rows, len(ids))}

    def scalar(logits: Tensor, index: Tensor, *against: Tensor) -> Tensor:
        return Target(target.output, index, *against).of(logits)

    if baseline_ids is not None:
        layer = LayerIntegratedGradients(
            lambda ids, mask, index, *against: scalar(network(ids, mask), index, *against), network.embedding
        )
        values = layer.attribute(
            ids, baselines=baseline_ids, additional_forward_args=(mask, target.index, *pair), **options
        )
    else:
        plain = IntegratedGradients(
            lambda points, ids, mask, index, *against: scalar(run(points, ids, mask), index, *against)
        )
        embedded = network.embedding(ids).detach()
        values = plain.attribute(
            embedded, baselines=baseline, additional_forward_args=(ids, mask, target.index, *pair), **options
        )
    return values.detach().double().sum(-1).masked_fill(~mask, 0.0)
