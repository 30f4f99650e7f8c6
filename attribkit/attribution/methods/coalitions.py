"""Methods that evaluate the network with only some tokens kept.

A text is a cooperative game: its tokens are the players, and the worth of a coalition is F(the text with every other
token replaced by the baseline's). A token that is the baseline's own is not a player.

For up to 12 players, Shapley values and LIME's regression are computed from all coalitions and nothing is sampled. For
more they are estimated from random ones, and each score comes with its spread.

Sources: Zeiler & Fergus, ECCV 2014 (occlusion); Castro, Gómez & Tejada, Computers & Operations Research 2009 (Shapley
value sampling); Ribeiro, Singh & Guestrin, KDD 2016 (LIME); Lundberg & Lee, NeurIPS 2017 (KernelSHAP); MacKinnon &
White, Journal of Econometrics 1985 (HC3, the standard errors of the regressions); Smyth, Statistical Applications in
Genetics and Molecular Biology 2004 (variances of few draws).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.attribution.methods.random_baseline import seed_of, spread
from attribkit.attribution.request import AttributionRequest, MethodResult, adds_up
from attribkit.errors import InputError

OCCLUDED = 3
"""Neighbouring tokens that occlusion replaces together."""
MOST_TOKENS = 4_000
"""Longest text that a method of random coalitions takes: its price grows with the square of the length."""
MOST_ENUMERATED = 12
"""Players up to which all 2^P coalitions are asked."""
_ORDER_STEPS, _FEWEST_ORDERS, _MOST_ORDERS = 2_500, 2, 200
_FEWEST_SAMPLES, _SAMPLES_PER_TOKEN, _MOST_SAMPLES = 256, 4, 4_000
_KERNEL_WIDTH, _PENALTY = 0.25, 1.0

Numbers = NDArray[np.float64]
Coalitions = NDArray[np.bool_]


class Game:
    """One text as a cooperative game: its tokens are the players, a coalition's worth is F with only its tokens left.

    Attributes:
        players: P.
        places: (P,) the tokens they are.
        steps: how many coalitions were evaluated.
        random: the text's own random generator.
    """

    def __init__(self, text: AttributionRequest) -> None:
        self.text, self.places = text, text.moved[0].nonzero().squeeze(1)
        self.players, self.steps = len(self.places), 0
        self.random = np.random.default_rng(seed_of(text.ids[0].cpu().numpy(), text.seed))

    def worth(self, coalitions: Coalitions) -> Numbers:
        """(N, J) F of the text with only these players (N, P) left; equal coalitions are evaluated once."""
        each, place = torch.from_numpy(coalitions).unique(dim=0, return_inverse=True)
        self.steps += len(each)
        keep = torch.zeros(len(each), self.text.ids.shape[1], dtype=torch.bool, device=self.places.device)
        keep[:, self.places] = each.to(self.places.device)
        first = torch.zeros(len(each), dtype=torch.int64)
        logits = self.text.logits(first.to(self.places.device), keep)
        targets = [target.to(logits.device).rows(first) for target in self.text.targets]
        return torch.stack([target.of(logits)[place] for target in targets], dim=1).numpy()


@dataclass(frozen=True, eq=False)
class Estimate:
    """The players' scores (J, P); if they were sampled, the number of draws and the spread."""

    scores: Numbers
    draws: int = 0
    spread: Numbers | None = None


def occlusion(request: AttributionRequest) -> MethodResult:
    """The mean, over all windows of 3 neighbouring tokens that hold token i, of the output lost with the window.

    Source: Zeiler & Fergus, ECCV 2014.
    """

    def slide(game: Game) -> Estimate:
        width = min(OCCLUDED, game.players)
        places = np.arange(game.players)
        firsts = np.arange(game.players - width + 1)[:, np.newaxis]
        inside = (places >= firsts) & (places < firsts + width)  # (windows, P)
        worth = game.worth(np.vstack([np.ones_like(inside[:1]), ~inside]))
        costs = worth[0] - worth[1:]
        return Estimate(costs.T @ inside / inside.sum(0))

    result = _play_games(request, slide)
    note = f"a score is the mean over the windows of {OCCLUDED} tokens that hold the token"
    return MethodResult(result.scores, result.steps, None, (note,))


def shapley_sampling(request: AttributionRequest) -> MethodResult:
    """Shapley values: of up to 12 players over all orders, of more over random orders.

    Orders: 2,500 / P, at least 2 and at most 200. The scores sum to the change for any number of orders.

    Source: Castro, Gómez & Tejada, Computers & Operations Research 2009.
    """
    _check_length(request, "shapley_sampling")

    def walk(game: Game) -> Estimate:
        if game.players <= MOST_ENUMERATED:
            return Estimate(_shapley_values(game))
        count = min(_MOST_ORDERS, max(_FEWEST_ORDERS, _ORDER_STEPS // game.players))
        rank = game.random.permuted(np.tile(np.arange(game.players), (count, 1)), axis=1)
        present = rank[:, np.newaxis] < np.arange(game.players + 1)[:, np.newaxis]  # (orders, P + 1, P)
        worth = game.worth(present.reshape(-1, game.players)).reshape(count, game.players + 1, -1)
        gains = np.take_along_axis(np.diff(worth, axis=1), rank[:, :, np.newaxis], axis=1)  # (orders, P, J)
        return Estimate(gains.mean(0).T, count, spread(_errors_of_mean(gains), count - 1).T)

    return _shapley(request, walk, "a draw is a random order of the tokens")


def kernel_shap(request: AttributionRequest) -> MethodResult:
    """Shapley values: of up to 12 players exactly, of more by least squares over coalitions drawn by their kernel.

    The scores are fitted under the constraint that they sum to the change. Coalitions: 4·P, at least 256 and at most
    4,000.

    Source: Lundberg & Lee, NeurIPS 2017.
    """
    _check_length(request, "kernel_shap")

    def fit(game: Game) -> Estimate:
        if game.players <= MOST_ENUMERATED:
            return Estimate(_shapley_values(game))
        count, sizes = _samples(game), np.arange(1, game.players)
        kernel = 1 / (sizes * (game.players - sizes))
        drawn = game.random.choice(sizes, count, p=kernel / kernel.sum())
        rank = game.random.permuted(np.tile(np.arange(game.players), (count, 1)), axis=1)
        ends = np.outer([False, True], np.ones(game.players, dtype=bool))
        worth = game.worth(np.vstack([ends, rank < drawn[:, np.newaxis]]))
        whole = worth[1] - worth[0]
        # scores that sum to `whole` are an equal share each and deviations that sum to 0: rows that sum to 0 give those
        share = drawn[:, np.newaxis] / game.players
        deviations, errors = _least_squares((rank < drawn[:, np.newaxis]) - share, worth[2:] - worth[0] - share * whole)
        scores = deviations + whole / game.players
        return Estimate(scores.T, count, spread(errors, count - game.players + 1).T)

    return _shapley(request, fit, "a draw is a random coalition of the tokens")


def lime(request: AttributionRequest) -> MethodResult:
    """Token i's coefficient in a ridge regression on coalitions, weighted by their similarity to the text.

    As its authors do for texts: weights exp(−d²/2w²) of the cosine distance d with w = 0.25, and a penalty of 1, which
    shrinks all scores a little towards 0. For up to 12 players all coalitions are used; else each player is kept with
    probability ½. Samples: as `kernel_shap`; all coalitions together have the same weight as that many.

    Source: Ribeiro, Singh & Guestrin, KDD 2016.
    """
    _check_length(request, "lime")

    def fit(game: Game) -> Estimate:
        count = _samples(game)
        drawn = game.players > MOST_ENUMERATED
        coalitions = game.random.random((count, game.players)) < 0.5 if drawn else _all_coalitions(game.players)
        distances = 1 - np.sqrt(coalitions.mean(1))
        weights = np.exp(-(distances**2) / (2 * _KERNEL_WIDTH**2)) * (count / len(coalitions))
        design = np.hstack([np.ones((len(coalitions), 1)), coalitions])
        penalty = np.append(0.0, np.full(game.players, _PENALTY))  # none on the intercept
        coefficients, errors = _least_squares(design, game.worth(coalitions), weights, penalty)
        if not drawn:
            return Estimate(coefficients[1:].T)
        return Estimate(coefficients[1:].T, count, spread(errors[1:], count - game.players - 1).T)

    result = _play_games(request, fit)
    notes = _notes(result, request.seed, "a draw is a random change of the text")
    return MethodResult(result.scores, result.steps, None, draws=result.draws, spread=result.spread, text_notes=notes)


def _shapley(request: AttributionRequest, estimate: Callable[[Game], Estimate], draw: str) -> MethodResult:
    result = _play_games(request, estimate)
    return MethodResult(
        result.scores,
        result.steps,
        adds_up(request, result.scores),
        draws=result.draws,
        spread=result.spread,
        text_notes=_notes(result, request.seed, draw),
    )


def _all_coalitions(players: int) -> Coalitions:
    """(2^P, P) all coalitions; number n holds the players whose bits it has."""
    return (np.arange(2**players)[:, np.newaxis] >> np.arange(players) & 1).astype(bool)


def _shapley_values(game: Game) -> Numbers:
    """(J, P) what each player adds to every coalition without it, a coalition of s weighing s! (P − s − 1)! / P!."""
    from scipy.special import comb  # which takes a while to load

    coalitions = _all_coalitions(game.players)
    worth, sizes = game.worth(coalitions), np.arange(game.players)
    weights = 1 / (game.players * comb(game.players - 1, sizes))
    values = []
    for player in range(game.players):
        has = coalitions[:, player]  # those that have it come in the order of those that lack it alone
        values.append(weights[coalitions[~has].sum(1)] @ (worth[has] - worth[~has]))
    return np.stack(values, axis=1)


def _errors_of_mean(gains: Numbers) -> Numbers:
    """(P, J) standard errors of the means of gains (S, P, J).

    In a few orders a player may never meet the cases in which it matters; its variance would then be underestimated. So
    the mean of all players' variances counts as one more draw of each (an empirical Bayes estimate: Smyth 2004).
    """
    count, variances = len(gains), gains.var(0, ddof=1)
    errors: Numbers = np.sqrt(((count - 1) * variances + variances.mean(0)) / count / count)
    return errors


def _least_squares(
    design: Numbers, values: Numbers, weights: Numbers | None = None, penalty: Numbers | None = None
) -> tuple[Numbers, Numbers]:
    """Coefficients (P, J) and their standard errors (HC3): rows are independent draws whose errors may differ in size.

    Args:
        design: (N, P).
        values: (N, J).
        weights: (N,), all 1 by default.
        penalty: (P,) of the squared coefficients, none by default.
    """
    weighted = design if weights is None else design * weights[:, np.newaxis]
    normal = design.T @ weighted + (0.0 if penalty is None else np.diag(penalty))
    hat = np.linalg.pinv(normal, rcond=1e-10, hermitian=True) @ weighted.T  # (P, N)
    coefficients = hat @ values
    leverage = np.einsum("np,pn->n", design, hat)
    # what a row says of the others is unknown where it alone determines a coefficient: then its error is unbounded
    residuals = (values - design @ coefficients) / np.maximum(1 - leverage, 1e-6)[:, np.newaxis]
    return coefficients, np.sqrt(hat**2 @ residuals**2)


@dataclass(frozen=True, eq=False)
class _GameResults:
    """Scores and spread (J, B, T), steps (J, B), draws and players (B,)."""

    scores: Tensor
    spread: Tensor
    steps: Tensor
    draws: Tensor
    players: Tensor


def _play_games(request: AttributionRequest, estimate: Callable[[Game], Estimate]) -> _GameResults:
    """Every text's game by itself; a token that is not a player scores exactly 0 and takes no time."""
    texts, shape = len(request.ids), (len(request.targets), *request.ids.shape)
    scores, away = torch.zeros(2, *shape, dtype=torch.float64)
    steps, (draws, players) = torch.zeros(shape[:2], dtype=torch.int64), torch.zeros(2, texts, dtype=torch.int64)
    for row in range(texts):
        game = Game(request.text(row))
        players[row] = game.players
        if not game.players:
            continue
        estimated, places = estimate(game), game.places.cpu()
        scores[:, row, places] = torch.from_numpy(estimated.scores)
        if estimated.spread is not None:
            away[:, row, places] = torch.from_numpy(estimated.spread)
        steps[:, row], draws[row] = game.steps, estimated.draws
    return _GameResults(scores, away, steps, draws, players)


def _notes(result: _GameResults, seed: int, draw: str) -> list[str]:
    """For each text: how its scores were sampled, or that they were not."""
    pairs = zip(result.draws.tolist(), result.players.tolist(), strict=True)
    return [
        f"{draw}; drawn with seed {seed}"
        if draws
        else f"not sampled: from all {2**players:,} coalitions of the tokens that differ from the baseline ({players})"
        for draws, players in pairs
    ]


def _samples(game: Game) -> int:
    return min(_MOST_SAMPLES, max(_FEWEST_SAMPLES, _SAMPLES_PER_TOKEN * game.players))


def _check_length(request: AttributionRequest, method: str) -> None:
    longest = request.ids.shape[1]
    if longest >= MOST_TOKENS:
        raise InputError(
            f"method='{method}' takes texts of fewer than {MOST_TOKENS:,} tokens, got one of {longest:,}; shorten it, "
            "or use a method that does not sample, such as 'exact', 'quadrature' or 'leave_one_out'"
        )
