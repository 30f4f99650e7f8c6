"""Integrated gradients of a text CNN in closed form, as a method; `cnn.integrated_gradients` derives and computes them.

Source: Sundararajan, Taly & Yan, "Axiomatic Attribution for Deep Networks", ICML 2017.
"""

import torch

from attribkit.attribution.cnn.integrated_gradients import attribute
from attribkit.attribution.methods.linear import linear
from attribkit.attribution.request import AttributionRequest, MethodResult, adds_up


def exact(request: AttributionRequest) -> MethodResult:
    """Integrated gradients of a text CNN or of a linear model of n-grams, in closed form: no steps.

    Source: Sundararajan, Taly & Yan, "Axiomatic Attribution for Deep Networks", ICML 2017.
    """
    if request.capabilities.closed_form == "linear":
        return linear(request)
    baseline = request.baseline if request.baseline_ids is None else request.baseline_ids
    solution = attribute(
        request.network,
        request.ids,
        request.mask,
        baseline,
        request.targets,
        request.tables,
        request.phrases,
        request.logits_at_ends,
    )
    scores = solution.scores.to(request.difference.device)
    converged = adds_up(request, scores)
    steps = torch.zeros_like(converged, dtype=torch.int64)
    return MethodResult(scores, steps, converged, phrases=solution.phrases, agrees=solution.agrees)
