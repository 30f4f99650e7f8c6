"""The closed form of a linear model of n-grams; `attribkit.models.pipelines.linear` derives it.

What is explained may be no decision value but a function F of several: the log-odds of one class of many, or a
probability. Then a token's part in each decision value counts by how much F moves with it, on average along the
straight path from the empty text's values to this text's: integrated gradients over the features, whose path is a path
of decision values. Of a decision value itself, and of the log-odds of two classes, that average is 1 or −1 exactly; of
others it is a smooth integral of one variable, by Gauss–Legendre rules of 16, 64 and 256 nodes until two agree.

Source: Sundararajan, Taly & Yan, "Axiomatic Attribution for Deep Networks", ICML 2017.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from attribkit.attribution.outputs import Target
from attribkit.attribution.request import AttributionRequest, MethodResult, adds_up

_RULES = (1, 2, 16, 64, 256)
_AGREE = 1e-13
NOTE = "each n-gram's weight times its value is shared by its words; the norm of the text is held fixed"


def linear(request: AttributionRequest) -> MethodResult:
    """What each token's n-grams add to the output, in closed form: no steps.

    Source: Sundararajan, Taly & Yan, "Axiomatic Attribution for Deep Networks", ICML 2017.
    """
    network = request.network
    contributions = network.form.contributions(network.texts(request.ids, request.mask))
    parts = torch.zeros(*request.ids.shape, len(contributions.intercepts), dtype=torch.float64)
    whole = torch.tensor([hidden is None for hidden in contributions.hidden])
    for row, of_text in enumerate(contributions.of_texts):
        if len(of_text) == int(request.mask[row].sum()):
            parts[row, : len(of_text)] = torch.from_numpy(of_text)
        else:
            whole[row] = False
    start = torch.from_numpy(np.array(contributions.intercepts)).expand(len(parts), -1)
    end = start + parts.sum(1)
    agrees = whole & _same(network, start, end, request.logits_at_ends, contributions.rounding)
    with torch.enable_grad():
        slopes = torch.stack([_slopes(network, target, start, end) for target in request.targets])  # (J, B, D)
    scores = torch.einsum("btd,jbd->jbt", parts, slopes)
    converged = adds_up(request, scores)
    steps = torch.zeros_like(converged, dtype=torch.int64)
    return MethodResult(scores, steps, converged, (NOTE,), agrees=agrees)


def _same(network: Any, start: Tensor, end: Tensor, own: Tensor | None, rounding: float) -> Tensor:
    """(B,) whether the closed form ends in the model's own logits (2, B, C) of the baselines and of the texts."""
    implied = torch.stack((network.answers.of(start), network.answers.of(end)))
    if own is None:
        return torch.ones(len(start), dtype=torch.bool)
    return ((implied - own).abs() <= rounding * (1 + own.abs())).all(2).all(0)


def _slopes(network: Any, target: Target, start: Tensor, end: Tensor) -> Tensor:
    """(B, D) the mean derivative of the target along the path between decision values (B, D)."""
    slopes = _mean_slopes(network, target, start, end, _RULES[0])
    for nodes in _RULES[1:]:
        before, slopes = slopes, _mean_slopes(network, target, start, end, nodes)
        if bool((slopes - before).abs().max() <= _AGREE):
            break
    return slopes


def _mean_slopes(network: Any, target: Target, start: Tensor, end: Tensor, nodes: int) -> Tensor:
    places, weights = np.polynomial.legendre.leggauss(nodes)
    total = torch.zeros_like(start)
    for place, weight in zip((places + 1) / 2, weights / 2, strict=True):
        point = (start + place * (end - start)).detach().requires_grad_()
        (slope,) = torch.autograd.grad(target.of(network.answers.of(point)).sum(), point)
        total += weight * slope
    return total
