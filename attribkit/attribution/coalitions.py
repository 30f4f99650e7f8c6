"""Methods that ask what the network says when only some tokens are kept, computed by Captum.

A text is a game: its tokens are the players, and a coalition of them is worth F(the text with every other token
replaced by the baseline's). Captum is given the vector of players, one feature per token, never the embeddings.
A token that is the baseline's own does not play.

Sources: Zeiler & Fergus, ECCV 2014 (occlusion); Castro, Gómez & Tejada, Computers & Operations Research 2009 (Shapley
value sampling); Ribeiro, Singh & Guestrin, KDD 2016 (LIME); Lundberg & Lee, NeurIPS 2017 (KernelSHAP).
"""

from collections.abc import Callable

import numpy as np
import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import KernelShap, Lime, Occlusion, ShapleyValueSampling
from captum.attr._core.lime import get_exp_kernel_similarity_function
from torch import Tensor

from attribkit.attribution.chance import seeded
from attribkit.attribution.outputs import Target
from attribkit.attribution.problem import Problem, Solution, adds_up, one_by_one
from attribkit.errors import InputError

OCCLUDED = 3
"""Neighbouring tokens that occlusion replaces together."""
MOST_TOKENS = 4_000
"""Longest text that a method of random coalitions takes: its price grows with the square of the length."""
_ORDER_STEPS, _FEWEST_ORDERS, _MOST_ORDERS = 2_500, 2, 200
_FEWEST_SAMPLES, _SAMPLES_PER_TOKEN, _MOST_SAMPLES = 256, 4, 4_000

Value = Callable[[Tensor], Tensor]


def occlusion(problem: Problem) -> Solution:
    """The mean, over all windows of 3 neighbouring tokens that hold token i, of what replacing the window costs."""

    def slide(value: Value, players: Tensor, rows: int) -> Tensor:
        window = (min(OCCLUDED, players.shape[1]),)
        return Occlusion(value).attribute(players, sliding_window_shapes=window, perturbations_per_eval=rows)

    note = f"a score is the mean over the windows of {OCCLUDED} tokens that hold the token"
    return Solution(*_played(problem, slide), None, (note,))


def shapley_sampling(problem: Problem) -> Solution:
    """What token i adds to those before it, averaged over random orders of the tokens.

    Orders: 2,500 / T, at least 2 and at most 200. However few, the scores add up.
    """
    _check_length(problem, "shapley_sampling")

    def walk(value: Value, players: Tensor, rows: int) -> Tensor:
        orders = min(_MOST_ORDERS, max(_FEWEST_ORDERS, _ORDER_STEPS // players.shape[1]))
        return ShapleyValueSampling(value).attribute(players, n_samples=orders, perturbations_per_eval=rows)

    scores, steps = _played(problem, walk)
    note = f"estimated from random orders of the tokens, drawn with seed {problem.seed}"
    return Solution(scores, steps, adds_up(problem, scores), (note,))


def lime(problem: Problem) -> Solution:
    """Token i's coefficient in a ridge regression on random coalitions, weighted by their likeness to the text.

    As its authors have it for texts: exp(−d²/2w²) of the cosine distance d with w = 0.25, and a penalty of 1, which
    draws all scores a little towards 0. Each token is kept with probability ½. Samples: as `kernel_shap`.
    """
    _check_length(problem, "lime")

    def fit(value: Value, players: Tensor, rows: int) -> Tensor:
        method = Lime(
            value,
            interpretable_model=SkLearnRidge(alpha=1.0),
            similarity_func=get_exp_kernel_similarity_function("cosine", kernel_width=0.25),
        )
        return method.attribute(players, n_samples=_samples(players), perturbations_per_eval=rows)

    note = f"fitted to random changes of the text, drawn with seed {problem.seed}"
    return Solution(*_played(problem, fit), None, (note,))


def kernel_shap(problem: Problem) -> Solution:
    """Shapley values as the solution of a weighted least squares problem over random coalitions.

    Samples: 4·T, at least 256 and at most 4,000.
    """
    _check_length(problem, "kernel_shap")

    def fit(value: Value, players: Tensor, rows: int) -> Tensor:
        if players.shape[1] == 1:  # Captum has no distribution over the coalitions between none and all
            return (value(players) - value(torch.zeros_like(players))).unsqueeze(1)
        return KernelShap(value).attribute(players, n_samples=_samples(players), perturbations_per_eval=rows)

    scores, steps = _played(problem, fit)
    note = f"estimated from random coalitions of the tokens, drawn with seed {problem.seed}"
    return Solution(scores, steps, adds_up(problem, scores), (note,))


class _Game:
    """The worth of one text's coalitions, each asked of the network once, whatever the number of targets."""

    def __init__(self, text: Problem) -> None:
        self.text = text
        self.seen: dict[bytes, Tensor] = {}

    def logits(self, players: Tensor, places: Tensor) -> Tensor:
        """Logits (N, C) of coalitions (N, P) bool of the players whose tokens stand at places (P,)."""
        names = [row.tobytes() for row in np.packbits(players.numpy(), axis=1)]
        new = {name: row for row, name in enumerate(names) if name not in self.seen}
        if new:
            keep = torch.zeros(len(new), self.text.ids.shape[1], dtype=torch.bool, device=places.device)
            keep[:, places] = players[list(new.values())].to(places.device)
            answers = self.text.logits(torch.zeros(len(new), dtype=torch.int64, device=places.device), keep)
            self.seen.update(zip(new, answers, strict=True))
        return torch.stack([self.seen[name] for name in names])


def _played(problem: Problem, method: Callable[[Value, Tensor, int], Tensor]) -> tuple[Tensor, Tensor]:
    """Scores (J, B, T) and steps (J, B) of a method that takes a value function, the players, and rows at once."""

    def play(text: Problem) -> tuple[Tensor, int]:
        # a token that is the baseline's own has no part in the game: its score is exactly 0 and it costs nothing
        game, places = _Game(text), text.moved[0].nonzero().squeeze(1)
        scores = torch.zeros(len(text.targets), text.ids.shape[1], dtype=torch.float64)
        if not len(places):
            return scores, 0
        for number, target in enumerate(text.targets):
            one = target.to(torch.device("cpu"))

            def value(players: Tensor, one: Target = one) -> Tensor:
                return one.rows([0] * len(players)).of(game.logits(players > 0.5, places))

            with seeded(text):
                found = method(value, torch.ones(1, len(places)), text.rows_at_once)
            scores[number, places.cpu()] = found[0].detach().double()
        return scores, len(game.seen)

    return one_by_one(problem, play)


def _samples(players: Tensor) -> int:
    return min(_MOST_SAMPLES, max(_FEWEST_SAMPLES, _SAMPLES_PER_TOKEN * players.shape[1]))


def _check_length(problem: Problem, method: str) -> None:
    longest = problem.ids.shape[1]
    if longest >= MOST_TOKENS:
        raise InputError(
            f"method='{method}' takes texts of fewer than {MOST_TOKENS:,} tokens, got one of {longest:,}; shorten it, "
            "or use a method that does not sample, such as 'exact', 'quadrature' or 'leave_one_out'"
        )
