"""Methods that look at gradients with respect to the embeddings, computed by Captum.

Sources: Simonyan, Vedaldi & Zisserman, "Deep Inside Convolutional Networks", 2014 (saliency); Shrikumar et al., "Not
Just a Black Box", 2016 (input × gradient); Lundberg & Lee, NeurIPS 2017, and Erion et al., "Improving Performance of
Deep Learning Models with Axiomatic Attribution Priors and Expected Gradients", 2021 (gradient SHAP).
"""

from collections.abc import Callable
from typing import Any

import torch
from captum.attr import GradientShap, InputXGradient, Saliency
from torch import Tensor

from attribkit.attribution.chance import seeded
from attribkit.attribution.outputs import Target
from attribkit.attribution.problem import Problem, Solution, adds_up, one_by_one

_GRADIENT_TOKENS, _FEWEST, _MOST = 50_000, 20, 200
_TOKENS_AT_ONCE = 8_192


def saliency(problem: Problem) -> Solution:
    """‖∂F/∂x_i‖₂ for each token i: how strongly the output would answer to a small change of it."""

    def lengths(forward: Callable[..., Tensor], points: Tensor, arguments: tuple[Any, ...]) -> Tensor:
        return Saliency(forward).attribute(points, abs=False, additional_forward_args=arguments).norm(dim=2)

    note = (
        "saliency is the length of the output's gradient at the text, per unit of embedding: it has no sign and "
        "compares with no baseline"
    )
    return _at_the_text(problem, lengths, note)


def input_x_gradient(problem: Problem) -> Solution:
    """⟨x_i, ∂F/∂x_i⟩ for each token i: the change to a zero vector, if the network were linear."""

    def products(forward: Callable[..., Tensor], points: Tensor, arguments: tuple[Any, ...]) -> Tensor:
        return InputXGradient(forward).attribute(points, additional_forward_args=arguments).sum(2)

    return _at_the_text(problem, products, "input × gradient compares with zero vectors, whatever the baseline")


def gradient_shap(problem: Problem) -> Solution:
    """⟨x_i − x′_i, mean of ∂F/∂x_i⟩ over points drawn uniformly between baseline and text.

    With one baseline and no noise it estimates integrated gradients without bias; its error falls with the root of the
    number of points: 200, fewer for texts of more than 250 tokens, but at least 20.
    """

    def estimate(text: Problem) -> tuple[Tensor, int]:
        length = text.ids.shape[1]
        samples = min(_MOST, max(_FEWEST, _GRADIENT_TOKENS // length))
        rows = max(1, _TOKENS_AT_ONCE // length)
        found = []
        for target in text.targets:
            total, method = torch.zeros(length, dtype=torch.float64), GradientShap(_forward(text, target))
            with seeded(text):
                for first in range(0, samples, rows):
                    count = min(rows, samples - first)
                    values = method.attribute(
                        _points(text), text.baseline, count, additional_forward_args=_arguments(text, target)
                    )
                    total += values.detach().cpu().double().sum(2)[0] * count
            found.append(total / samples)
        return torch.stack(found), samples

    scores, steps = one_by_one(problem, estimate)
    note = f"the points of the path were drawn with seed {problem.seed}; the scores add up only in the mean"
    return Solution(scores, steps, adds_up(problem, scores), (note,))


def _at_the_text(
    problem: Problem, method: Callable[[Callable[..., Tensor], Tensor, tuple[Any, ...]], Tensor], note: str
) -> Solution:
    """A method of one gradient, for all texts together."""
    found = [
        method(_forward(problem, target), _points(problem), _arguments(problem, target)).detach().cpu().double()
        for target in problem.targets
    ]
    scores = torch.stack(found).masked_fill(~problem.mask.cpu(), 0.0)
    return Solution(scores, torch.ones(scores.shape[:2], dtype=torch.int64), None, (note,))


def _points(problem: Problem) -> Tensor:
    # Captum warns of an input that asks for no gradient before it asks for one itself
    return problem.embedded.clone().requires_grad_()


def _arguments(problem: Problem, target: Target) -> tuple[Any, ...]:
    # Captum repeats every tensor given as an additional argument along with its points
    return (problem.ids, problem.mask, target.index, *(() if target.against is None else (target.against,)))


def _forward(problem: Problem, target: Target) -> Callable[..., Tensor]:
    def forward(points: Tensor, ids: Tensor, mask: Tensor, index: Tensor, *against: Tensor) -> Tensor:
        return Target(target.output, index, *against).of(problem.run(points, ids, mask))

    return forward
