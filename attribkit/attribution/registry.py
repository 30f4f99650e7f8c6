"""Which engine shares out the change from baseline to text, and how each is called."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.attribution.cnn import closed_form, exact
from attribkit.attribution.cnn.filters import misfit, named_as_text_cnn
from attribkit.attribution.cnn.lookup_tables import Tables, nbytes
from attribkit.attribution.methods import coalitions, gradient_shap, leave_one_out, quadrature, random_baseline
from attribkit.attribution.request import AttributionRequest, MethodResult, adds_up
from attribkit.errors import InputError
from attribkit.models.state import embedding_fed, preserve_state


def by_closed_form(request: AttributionRequest) -> MethodResult:
    """No steps at all; for text CNNs."""
    baseline = request.baseline if request.baseline_ids is None else request.baseline_ids
    found = exact.attribute(
        request.network,
        request.ids,
        request.mask,
        baseline,
        request.targets,
        request.tables,
        request.phrases,
        request.logits_at_ends,
    )
    scores = found.scores.to(request.difference.device)
    converged = adds_up(request, scores)
    steps = torch.zeros_like(converged, dtype=torch.int64)
    return MethodResult(scores, steps, converged, phrases=found.phrases, agrees=found.agrees)


def by_quadrature(request: AttributionRequest) -> MethodResult:
    """As many gradients as each text needs; for every network."""

    def run(points: Tensor, mask: Tensor, texts: Tensor) -> Tensor:
        return request.run(points, request.ids[texts, : points.shape[1]], mask)

    found = quadrature.integrated_gradients(
        run,
        request.network.embedding(request.ids).detach(),
        request.baseline,
        request.mask,
        request.targets,
        request.difference,
        tolerance=request.tolerance,
    )
    steps = found.nodes.expand(len(request.targets), -1)
    return MethodResult(found.scores, steps, found.converged, rule_change=found.change, path_error=found.path_error)


def by_captum(request: AttributionRequest) -> MethodResult:
    """Captum's layer integrated gradients, its steps doubled until they suffice; kept for comparison."""
    rows = max(1, 16_384 // request.ids.shape[1])
    integrated_gradients = import_module("attribkit.attribution.methods.captum").integrated_gradients
    found = [
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
        torch.stack([getattr(one, name) for one in found]) for name in ("scores", "steps", "converged")
    )
    return MethodResult(scores, steps, converged)


def _captums(module: str, name: str) -> Callable[[AttributionRequest], MethodResult]:
    """A method that stands on Captum, loaded once it is asked for: Captum and matplotlib with it take a second."""

    def solve(request: AttributionRequest) -> MethodResult:
        return getattr(import_module(f"attribkit.attribution.methods.{module}"), name)(request)

    return solve


_PAYS_FROM = 4
"""Texts from which on their common words are tabulated together; fewer tabulate their own."""
_TABLE_BYTES = 256 * 2**20

ENGINES: dict[str, Callable[[AttributionRequest], MethodResult]] = {
    "exact": by_closed_form,
    "quadrature": by_quadrature,
    "captum": by_captum,
    "saliency": _captums("gradients", "saliency"),
    "input_x_gradient": _captums("gradients", "input_x_gradient"),
    "deeplift": _captums("deeplift", "deeplift"),
    "gradient_shap": gradient_shap.gradient_shap,
    "occlusion": coalitions.occlusion,
    "leave_one_out": leave_one_out.leave_one_out,
    "shapley_sampling": coalitions.shapley_sampling,
    "lime": coalitions.lime,
    "kernel_shap": coalitions.kernel_shap,
    "random": random_baseline.random,
}


SAMPLED = ("gradient_shap", "shapley_sampling", "lime", "kernel_shap", "random")
"""Methods that draw, all texts or those too long to be counted out: their scores have a spread and no verdict."""


def tables_of_run(
    method: str, network: Any, ids: Sequence[NDArray[np.int64]] | None, others: NDArray[np.int64] | None = None
) -> Tables | None:
    """What the closed form tabulates once for all texts of a run; None where it would not pay or not fit.

    Args:
        method: one of `ENGINES`.
        network: the network.
        ids: of the texts; None if any may come.
        others: ids that their baselines may read as well.
    """
    few = ids is not None and len(ids) < _PAYS_FROM
    if few or method not in ("exact", "gradient_shap") or misfit(network) is not None:
        return None
    own = [] if others is None else [others]
    words = None if ids is None else torch.from_numpy(np.unique(np.concatenate([*ids, *own])))
    count = len(network.embedding.weight) if words is None else len(words)
    return Tables.build(network, words) if nbytes(network, count) <= _TABLE_BYTES else None


@dataclass(frozen=True)
class Choice:
    """What a network is explained by.

    Attributes:
        method: one of `ENGINES`.
        closed_form: False where the network is not the text CNN that its modules make it look like.
        notes: what a reader must know of the choice.
    """

    method: str
    closed_form: bool
    notes: tuple[str, ...] = ()

    @staticmethod
    def of(method: str | None, network: Any) -> "Choice":
        """The method asked for, or the best that the network allows.

        Raises: ValueError for "exact" where the network has no closed form.
        """
        if method not in (None, *_BY_CLOSED_FORM):
            return Choice(method, True)
        reason = why_not_exact(network)
        if reason is None:
            return Choice(method or "exact", True)
        if method == "exact":
            raise InputError(_refusal(network, reason))
        if method is not None:
            return Choice(method, False)
        return Choice("quadrature", False, (_instead(reason),) if named_as_text_cnn(network) else ())


_BY_CLOSED_FORM = ("exact", "gradient_shap", "leave_one_out", "deeplift")
_DIFFERS = "its logits for this text or its baseline are not those of the closed form"


def choose(method: str | None, network: Any) -> str:
    """The method asked for, or the best that the network allows; see `Choice.of`."""
    return Choice.of(method, network).method


def why_not_exact(network: Any) -> str | None:
    """Why a network has no closed form, as a clause; None if it has, as far as can be told without its texts."""
    reason = misfit(network)
    if reason is not None or closed_form.declared(network):
        return reason
    with preserve_state(network):
        return closed_form.fault(network, embedding_fed(network))


def instead_of_exact(method: str | None, network: Any) -> Choice:
    """What explains the texts of which the network says something else than its closed form.

    Raises: ValueError if the method asked for was "exact".
    """
    if method == "exact":
        raise InputError(_refusal(network, _DIFFERS))
    return Choice("quadrature", False, (_instead(_DIFFERS),))


def _refusal(network: Any, reason: str) -> str:
    return (
        f"method='exact' needs a network with a closed form, got {type(network).__name__}: {reason}; use "
        "method='quadrature'"
    )


def _instead(reason: str) -> str:
    return f"by quadrature, not by the closed form of a text CNN: {reason}"
