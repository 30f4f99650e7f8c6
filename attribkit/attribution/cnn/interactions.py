"""The Shapley interaction index of every pair of a text CNN's words, exactly.

How much more, or less, two words do together than apart, averaged over the coalitions of the others (Grabisch &
Roubens, "An Axiomatic Approach to the Concept of Interaction among Players in Cooperative Games", 1999):

    I_ij = Σ_S |S|! (T − |S| − 2)! / (T − 1)! · (v(S ∪ ij) − v(S ∪ i) − v(S ∪ j) + v(S))    over S without i and j.

In the multilinear extension (`shapley`) it is ∫₀¹ ∂²E/∂p_i∂p_j dq at p = q. E is linear in each p_i, so

    ∂²E/∂p_i∂p_j = (∂E/∂p_j − ∂E/∂p_j at p_i = 0) / q :

a pass more for each word, with that word absent. ⌈T/2⌉ nodes are exact, and `shapley.nodes` are enough here too, for
the integrand is a polynomial of a lower degree with coefficients of twice the size.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from attribkit.attribution.cnn.filters import ClosedForm
from attribkit.attribution.cnn.game import Game, Numbers, games
from attribkit.attribution.cnn.shapley import expectations_and_slopes, gauss_legendre, nodes, ways
from attribkit.attribution.outputs import Target


def shapley_interactions(
    network: ClosedForm, ids: Tensor, mask: Tensor, baseline: Tensor | None, targets: Sequence[Target]
) -> Tensor:
    """The index of every pair: (J, B, T, T) float64, symmetric, 0 on the diagonal, at padding and at null words.

    It takes T times as long as the Shapley values. Arguments and errors as those of `shapley.shapley_values`.
    """
    along = ways(network, targets, "Shapley interactions")
    interactions = np.zeros((len(targets), *ids.shape, ids.shape[1]))
    for row, game in enumerate(games(network, ids, mask, baseline)):
        length = len(game.free)
        interactions[:, row, :length, :length] = _pairs(game, along[:, row])
    return torch.from_numpy(interactions)


def shapley_interactions_of(
    network: ClosedForm, ids: Tensor, mask: Tensor, baseline: Tensor | None, targets: Sequence[Target], word: int
) -> Tensor:
    """The index of one word with every other of a single text (B = 1): (J, T), in the time of two Shapley values."""
    along = ways(network, targets, "Shapley interactions")
    (game,) = games(network, ids, mask, baseline)
    return torch.from_numpy(_rows(game, along[:, 0], [word])[:, 0])


def _pairs(game: Game, along: Numbers) -> Numbers:
    """(J, T, T) of one text; along (J, N) what each filter's feature gives each target."""
    length, free = len(game.free), np.flatnonzero(game.free)
    interactions = np.zeros((len(along), length, length))
    interactions[:, free] = _rows(game, along, free.tolist())
    return (interactions + interactions.swapaxes(1, 2)) / 2


def _rows(game: Game, along: Numbers, words: Sequence[int]) -> Numbers:
    """(J, R, T) the index of each of R words with all."""
    length = len(game.free)
    chances, weights = gauss_legendre(nodes(int(game.free.sum())))
    rule = (weights / chances)[np.newaxis]
    chance = np.broadcast_to(chances, (length, len(chances)))
    whole = along @ expectations_and_slopes(game, chance, rule)[1][0]
    rows = np.zeros((len(along), len(words), length))
    for row, word in enumerate(words):
        if not game.free[word]:
            continue
        without, known = chance.copy(), np.full(length, -1, dtype=np.int8)
        without[word], known[word] = 0.0, 0
        rows[:, row] = whole - along @ expectations_and_slopes(game, without, rule, known)[1][0]
        rows[:, row, word] = 0.0
    rows[:, :, ~game.free] = 0.0
    return rows
