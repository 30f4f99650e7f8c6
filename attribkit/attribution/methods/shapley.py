"""Exact Shapley and Banzhaf values, as methods; `cnn.shapley` derives and computes them."""

import torch
from torch import Tensor

from attribkit.attribution.cnn import integrated_gradients
from attribkit.attribution.cnn.shapley import banzhaf_values, shapley_values
from attribkit.attribution.request import AttributionRequest, MethodResult, adds_up
from attribkit.attribution.text_length import duration, timed
from attribkit.errors import InputError

MOST_TOKENS = 2_000
"""Tokens of a text up to which the values are computed without being asked to: about a minute."""
_TIMED = 100
"""Tokens of a longer text that are timed, to say what all of it would take."""


def shapley(request: AttributionRequest) -> MethodResult:
    """Exact Shapley values of a text CNN: every word's mean contribution over all orders.

    They sum to F(text) − F(baseline).
    """
    _check_length(request, "Shapley values")
    scores = shapley_values(request.network, request.ids, request.mask, _baseline(request), request.targets)
    scores = scores.to(request.difference.device)
    return MethodResult(scores, _no_steps(scores), adds_up(request, scores), agrees=_agrees(request))


def banzhaf(request: AttributionRequest) -> MethodResult:
    """Exact Banzhaf values of a text CNN: every word's mean contribution over all coalitions.

    They need not sum to F(text) − F(baseline).
    """
    _check_length(request, "Banzhaf values")
    scores = banzhaf_values(request.network, request.ids, request.mask, _baseline(request), request.targets)
    scores = scores.to(request.difference.device)
    return MethodResult(scores, _no_steps(scores), None, agrees=_agrees(request))


def _check_length(request: AttributionRequest, values: str) -> None:
    """Refuse a text that is longer than allowed; the sentence says how long it would take."""
    lengths = request.mask.sum(1)
    row, most = int(lengths.argmax()), request.max_tokens or MOST_TOKENS
    count = int(lengths[row])
    if count <= most:
        return
    sample = (slice(row, row + 1), slice(min(count, _TIMED)))
    targets = [target.rows([row]) for target in request.targets]
    arguments = (request.network, request.ids[sample], request.mask[sample], _baseline(request)[sample], targets)
    compute = shapley_values if values == "Shapley values" else banzhaf_values
    seconds = timed(lambda: compute(*arguments)) * (count / min(count, _TIMED)) ** 2
    raise InputError(
        f"the {values} of at most {most:,} tokens are computed, got {count:,}, which take about {duration(seconds)}; "
        f"give max_tokens={count}, cut the text, or use method='shapley_sampling'"
    )


def _baseline(request: AttributionRequest) -> Tensor:
    return request.baseline if request.baseline_ids is None else request.baseline_ids


def _no_steps(scores: Tensor) -> Tensor:
    return torch.zeros(scores.shape[:2], dtype=torch.int64, device=scores.device)


def _agrees(request: AttributionRequest) -> Tensor:
    """(B,) whether the closed form is the network's for these texts, by the network's own logits."""
    return integrated_gradients.attribute(
        request.network,
        request.ids,
        request.mask,
        _baseline(request),
        request.targets,
        logits=request.logits_at_ends,
    ).agrees
