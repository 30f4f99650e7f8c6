"""Methods of a single gradient with respect to the embeddings, at the text itself, computed by Captum.

Sources: Simonyan, Vedaldi & Zisserman, "Deep Inside Convolutional Networks", 2014 (saliency); Shrikumar et al., "Not
Just a Black Box", 2016 (input × gradient).
"""

from collections.abc import Callable
from typing import Any

import torch
from captum.attr import InputXGradient, Saliency
from torch import Tensor

from attribkit.attribution.outputs import Target
from attribkit.attribution.request import AttributionRequest, MethodResult


def saliency(request: AttributionRequest) -> MethodResult:
    """‖∂F/∂x_i‖₂ for each token i: how strongly the output reacts to a small change of it.

    Source: Simonyan, Vedaldi & Zisserman, "Deep Inside Convolutional Networks", 2014.
    """

    def lengths(forward: Callable[..., Tensor], points: Tensor, arguments: tuple[Any, ...]) -> Tensor:
        lengths: Tensor = Saliency(forward).attribute(points, abs=False, additional_forward_args=arguments).norm(dim=2)
        return lengths

    note = (
        "saliency is the length of the output's gradient at the text, per unit of embedding: it has no sign and "
        "compares with no baseline"
    )
    return _at_the_text(request, lengths, note)


def input_x_gradient(request: AttributionRequest) -> MethodResult:
    """⟨x_i, ∂F/∂x_i⟩ for each token i: the change to a zero vector, if the network were linear.

    Source: Shrikumar et al., "Not Just a Black Box", 2016.
    """

    def products(forward: Callable[..., Tensor], points: Tensor, arguments: tuple[Any, ...]) -> Tensor:
        products: Tensor = InputXGradient(forward).attribute(points, additional_forward_args=arguments).sum(2)
        return products

    return _at_the_text(request, products, "input × gradient compares with zero vectors, whatever the baseline")


def _at_the_text(
    request: AttributionRequest, method: Callable[[Callable[..., Tensor], Tensor, tuple[Any, ...]], Tensor], note: str
) -> MethodResult:
    """A method of one gradient, for all texts together."""
    rows = [
        method(_forward(request, target), _points(request), _arguments(request, target)).detach().cpu().double()
        for target in request.targets
    ]
    scores = torch.stack(rows).masked_fill(~request.mask.cpu(), 0.0)
    return MethodResult(scores, torch.ones(scores.shape[:2], dtype=torch.int64), None, (note,))


def _points(request: AttributionRequest) -> Tensor:
    # Captum warns of an input that asks for no gradient before it asks for one itself
    return request.embedded.clone().requires_grad_()


def _arguments(request: AttributionRequest, target: Target) -> tuple[Any, ...]:
    # Captum repeats every tensor given as an additional argument along with its points
    return (request.ids, request.mask, target.index, *(() if target.against is None else (target.against,)))


def _forward(request: AttributionRequest, target: Target) -> Callable[..., Tensor]:
    def forward(points: Tensor, ids: Tensor, mask: Tensor, index: Tensor, *against: Tensor) -> Tensor:
        return Target(target.output, index, *against).of(request.run(points, ids, mask))

    return forward
