"""Exact Shapley and Banzhaf values, as `explain` asks for them; how they are found stands in `cnn.shapley`."""

import torch
from torch import Tensor

from attribkit.attribution.cnn import exact
from attribkit.attribution.cnn.shapley import banzhaf_values, shapley_values
from attribkit.attribution.request import AttributionRequest, MethodResult, adds_up


def shapley(request: AttributionRequest) -> MethodResult:
    """Every word's average contribution over all orders; they sum to F(text) − F(baseline)."""
    scores = shapley_values(request.network, request.ids, request.mask, _baseline(request), request.targets)
    scores = scores.to(request.difference.device)
    return MethodResult(scores, _no_steps(scores), adds_up(request, scores), agrees=_agrees(request))


def banzhaf(request: AttributionRequest) -> MethodResult:
    """Every word's average contribution over all coalitions; they promise no sum."""
    scores = banzhaf_values(request.network, request.ids, request.mask, _baseline(request), request.targets)
    scores = scores.to(request.difference.device)
    return MethodResult(scores, _no_steps(scores), None, agrees=_agrees(request))


def _baseline(request: AttributionRequest) -> Tensor:
    return request.baseline if request.baseline_ids is None else request.baseline_ids


def _no_steps(scores: Tensor) -> Tensor:
    return torch.zeros(scores.shape[:2], dtype=torch.int64, device=scores.device)


def _agrees(request: AttributionRequest) -> Tensor:
    """(B,) whether the closed form is the network's for these texts, by the network's own logits."""
    return exact.attribute(
        request.network,
        request.ids,
        request.mask,
        _baseline(request),
        request.targets,
        logits=request.logits_at_ends,
    ).agrees
