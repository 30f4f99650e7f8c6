"""Layer integrated gradients on the embedding, computed by Captum.

The score of token i is ⟨x_i − x′_i, ∫₀¹ ∂F/∂x_i (x′ + α(x − x′)) dα⟩, the integral approximated by Gauss–Legendre
quadrature with n nodes.

Source: Sundararajan, Taly & Yan, "Axiomatic Attribution for Deep Networks", ICML 2017.
"""

import torch
from captum.attr import IntegratedGradients, LayerIntegratedGradients
from torch import Tensor

from attribkit.attribution.outputs import Target
from attribkit.attribution.request import AttributionRequest, MethodResult

FIRST_STEPS, MOST_STEPS = 50, 1_600


def captum(request: AttributionRequest) -> MethodResult:
    """Integrated gradients by Captum, for every network; kept for comparison."""
    results = [
        _integrated_gradients(request, target, difference)
        for target, difference in zip(request.targets, request.difference, strict=True)
    ]
    scores, steps, converged = (torch.stack(parts) for parts in zip(*results, strict=True))
    return MethodResult(scores, steps, converged)


def _integrated_gradients(
    request: AttributionRequest, target: Target, difference: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Scores with Captum's `n_steps` doubled from 50 until they converge, to at most 1,600.

    Args:
        request: the texts and their baselines.
        target: the scalar F, one per text.
        difference: (B,) float64, F(text) − F(baseline).

    Returns:
        scores (B, T) float64, the nodes each text took (B,), and whether each text converged (B,).
    """
    count, device = len(request.ids), request.ids.device
    scores = torch.zeros(request.ids.shape, dtype=torch.float64, device=device)
    steps = torch.zeros(count, dtype=torch.int64, device=device)
    converged = torch.zeros(count, dtype=torch.bool, device=device)
    open_rows = torch.arange(count, device=device)
    nodes = FIRST_STEPS
    while len(open_rows) and nodes <= MOST_STEPS:
        attributed = _attribute(request, target, open_rows, nodes)
        scores[open_rows], steps[open_rows] = attributed, nodes
        error = (attributed.sum(1) - difference[open_rows]).abs()
        converged[open_rows] = error <= request.tolerance * attributed.abs().sum(1)
        open_rows = open_rows[~converged[open_rows]]
        nodes *= 2
    return scores, steps, converged


def _attribute(request: AttributionRequest, target: Target, rows: Tensor, steps: int) -> Tensor:
    """Scores (N, T) float64 of the texts `rows` (N,), with a fixed number of steps."""
    network, run = request.network, request.run
    ids, mask, target = request.ids[rows], request.mask[rows], target.rows(rows)
    # Captum repeats every tensor given as an additional argument along the path: the mask and the target stay the
    # text's own, for F(x′) as for F(x)
    pair = () if target.against is None else (target.against,)
    options = {"n_steps": steps, "internal_batch_size": max(request.rows_at_once, len(ids))}

    def scalar(logits: Tensor, index: Tensor, *against: Tensor) -> Tensor:
        return Target(target.output, index, *against).of(logits)

    # Captum feeds every call of a layer with the same vectors
    if request.baseline_ids is not None and not request.capabilities.other_lookups:
        layer = LayerIntegratedGradients(
            lambda ids, mask, index, *against: scalar(network(ids, mask), index, *against), network.embedding
        )
        values = layer.attribute(
            ids,
            baselines=request.baseline_ids[rows],
            additional_forward_args=(mask, target.index, *pair),
            **options,
        )
    else:
        plain = IntegratedGradients(
            lambda points, ids, mask, index, *against: scalar(run(points, ids, mask), index, *against)
        )
        values = plain.attribute(
            network.embedding(ids).detach(),
            baselines=request.baseline[rows],
            additional_forward_args=(ids, mask, target.index, *pair),
            **options,
        )
    scores: Tensor = values.detach().double().sum(-1).masked_fill(~mask, 0.0)
    return scores
