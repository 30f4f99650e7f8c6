"""Gradient SHAP: integrated gradients by random points of the path, with their standard error.

The score of token i is the mean of ⟨x_i − x′_i, ∂F/∂x_i (x′ + α(x − x′))⟩ over points α drawn uniformly from [0, 1].
With one baseline and no noise, as here, it is an unbiased estimate of integrated gradients; its error falls with the
root of the number of points, and the spread of the terms tells how large it is.

A text CNN is not run: along the path each of its filters follows a few straight lines, which
`cnn.integrated_gradients` finds, and its gradient at a point follows from the lines that are on top there.

Sources: Lundberg & Lee, NeurIPS 2017; Erion, Janizek, Sturmfels, Lundberg & Lee, "Improving Performance of Deep
Learning Models with Axiomatic Attribution Priors and Expected Gradients", Nature Machine Intelligence 2021.
"""

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.attribution.cnn.closed_form_check import agrees
from attribkit.attribution.cnn.filters import ClosedForm
from attribkit.attribution.cnn.integrated_gradients import lines
from attribkit.attribution.methods.random_baseline import points_on_path, spread
from attribkit.attribution.request import AttributionRequest, MethodResult

MOST_POINTS, FEWEST_POINTS = 200, 20
_GRADIENT_TOKENS = 50_000
"""Points times tokens of a text, where every point takes a gradient of the network."""
_TOKENS_AT_ONCE = 8_192
_NUMBERS_AT_ONCE = 2**22


def gradient_shap(request: AttributionRequest) -> MethodResult:
    """Gradient SHAP: the mean over 200 random points of the path, and its spread.

    If it needs gradients (no text CNN), a text of T > 250 tokens gets 50,000 / T points, at least 20.

    Source: Lundberg & Lee, NeurIPS 2017.
    """
    draws = _by_lines(request) or _by_gradients(request)
    scores, errors, steps = draws
    away = torch.from_numpy(spread(errors.numpy(), steps.numpy()[..., np.newaxis] - 1))
    drawn = f"the points of the path were drawn with seed {request.seed}"
    note = f"{drawn}; the scores sum to the model’s output only in the mean"
    return MethodResult(scores, steps, None, (note,), draws=steps[0], spread=away)


def _by_lines(request: AttributionRequest) -> tuple[Tensor, Tensor, Tensor] | None:
    """Scores and their standard errors (J, B, T), points (J, B); None if the network is no text CNN."""
    if request.filters is None:
        return None
    network, targets = cast(ClosedForm, request.network), [target.to(torch.device("cpu")) for target in request.targets]
    baseline = request.baseline if request.baseline_ids is None else request.baseline_ids
    drawn = np.stack([_points(request, row, MOST_POINTS) for row in range(len(request.ids))])
    scores, errors = np.zeros((2, len(targets), *request.ids.shape))
    for rows, winners, pieces in lines(network, request.ids, request.mask, baseline, request.tables):
        count = len(winners.row)
        step = max(1, _NUMBERS_AT_ONCE // max(count, 1))
        ends = request.logits_at_ends
        if ends is not None and not agrees(winners, pieces, ends[:, rows].cpu().numpy()).all():
            return None  # the network does more than its modules say
        for number, target in enumerate(targets):
            scalar = target.rows(rows)
            terms = [
                winners.spread(pieces.weights_at(scalar, drawn[rows, first : first + step]))[..., : scores.shape[2]]
                for first in range(0, MOST_POINTS, step)
            ]
            scores[number, rows], errors[number, rows] = _mean_and_error(np.concatenate(terms))
    steps = torch.full(scores.shape[:2], MOST_POINTS)
    return torch.from_numpy(scores), torch.from_numpy(errors), steps


def _by_gradients(request: AttributionRequest) -> tuple[Tensor, Tensor, Tensor]:
    """The same for every network, a text at a time."""
    scores, errors = np.zeros((2, len(request.targets), *request.ids.shape))
    steps = torch.zeros(scores.shape[:2], dtype=torch.int64)
    for row in range(len(request.ids)):
        text = request.text(row)
        length = text.ids.shape[1]
        count = min(MOST_POINTS, max(FEWEST_POINTS, _GRADIENT_TOKENS // length))
        terms = _terms(text, _points(request, row, count))
        scores[:, row, :length], errors[:, row, :length] = _mean_and_error(terms)
        steps[:, row] = count
    return torch.from_numpy(scores), torch.from_numpy(errors), steps


def _terms(text: AttributionRequest, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(S, J, T): ⟨x_i − x′_i, ∂F/∂x_i⟩ of one text at points (S,)."""
    moved, parts = text.embedded - text.baseline, []
    alphas = torch.from_numpy(points).to(moved)
    for chunk in alphas.split(max(1, _TOKENS_AT_ONCE // text.ids.shape[1])):
        count = len(chunk)
        at = (text.baseline + chunk[:, None, None] * moved).requires_grad_()
        logits = text.run(at, text.ids.expand(count, -1), text.mask.expand(count, -1))
        outputs = [target.rows([0] * count).of(logits).sum() for target in text.targets]
        last = len(outputs) - 1
        gradients = [
            torch.autograd.grad(output, at, retain_graph=number < last)[0] for number, output in enumerate(outputs)
        ]
        parts.append(torch.stack([(gradient * moved).sum(2) for gradient in gradients], dim=1).cpu().double())
    return torch.cat(parts).numpy()


def _points(request: AttributionRequest, row: int, count: int) -> NDArray[np.float64]:
    ids = request.ids[row, request.mask[row]].cpu().numpy()
    return points_on_path(ids, request.seed, count)


def _mean_and_error(terms: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean of terms (S, …) and its standard error."""
    return terms.mean(0), terms.std(0, ddof=1) / np.sqrt(len(terms))
