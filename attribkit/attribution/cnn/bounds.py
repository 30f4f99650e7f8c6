"""Proved bounds of a text CNN's output when so many words are replaced by their baseline, or only so many are kept.

Comprehensiveness is what the output loses when the k most important words are removed; beyond a few words the best
ranking is unknown, so a search only says how much *at least* can be lost. This says how much *at most*. For one filter
the extremes are found exactly:

- the greatest maximum: the largest value of a window in which at most k words are absent;
- the least maximum: the smallest v for which at most k absent words leave no window above v, by bisection over the
  values that windows take, each checked by the automaton of `shapley` with fewest changes instead of probabilities.

z = b + Σ_f w_f h_f is then at least b + Σ w_f · (the least h_f where w_f > 0, else the greatest): every filter may
choose its own k words, so no set of k words can do worse. That is a bound and not always attained. With k words kept
instead of removed, it bounds sufficiency in the same way.

**By pencil.** One filter, K = 1, W = 1, bias 0, zero baseline, words worth 3, 2, 1: one removal leaves 2 at least, two
leave 1; as there is only one filter, the bound is attained.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.attribution.cnn.filters import ClosedForm
from attribkit.attribution.cnn.game import Game, Numbers, directions, games
from attribkit.attribution.cnn.shapley import core, falling, free_bias, run_in_threads, tasks, ways
from attribkit.attribution.outputs import Target
from attribkit.errors import InputError


def output_bounds(
    network: ClosedForm,
    ids: Tensor,
    mask: Tensor,
    baseline: Tensor | None,
    targets: Sequence[Target],
    counts: Sequence[int],
    kept: bool = False,
) -> tuple[Tensor, Tensor]:
    """Bounds (J, B, Q) each, lower and upper, of every scalar over all ways to remove at most so many words.

    The upper bound of comprehensiveness is S(text) minus the lower one.

    Args:
        network: as for `shapley.shapley_values`.
        ids: as for `shapley.shapley_values`.
        mask: as for `shapley.shapley_values`.
        baseline: as for `shapley.shapley_values`.
        targets: as for `shapley.shapley_values`.
        counts: Q numbers of words, 0 or more.
        kept: whether over all ways to keep at most so many words instead.
    """
    if any(count < 0 for count in counts):
        raise InputError(f"`counts` must be numbers of words, 0 or more, got {list(counts)}")
    distinct, back = np.unique(np.asarray(counts, dtype=np.int64), return_inverse=True)
    constant = np.stack([directions(target, free_bias(network), "bounds") for target in targets])  # (J, B)
    along = ways(network, targets, "bounds")
    bounds = np.empty((2, *constant.shape, len(distinct)))
    for row, game in enumerate(games(network, ids, mask, baseline)):
        least, greatest = feature_bounds(game, distinct, kept)
        up, down = np.maximum(along[:, row], 0.0), np.minimum(along[:, row], 0.0)
        bounds[0, :, row] = constant[:, row, np.newaxis] + up @ least + down @ greatest
        bounds[1, :, row] = constant[:, row, np.newaxis] + up @ greatest + down @ least
    lower, upper = torch.from_numpy(bounds[..., back])
    return lower, upper


def feature_bounds(game: Game, counts: NDArray[np.int64], kept: bool) -> tuple[Numbers, Numbers]:
    """(N, Q) each: the smallest and the largest value of each filter's feature after at most so many changes.

    Args:
        game: of one text.
        counts: (Q,) changes, ascending: words removed, or words kept.
        kept: whether words are kept.
    """
    filters, length = game.filters, len(game.free)
    least = np.zeros((len(filters.widths), filters.most, len(counts)))
    greatest = np.zeros_like(least)
    compiled = core("lowest")

    def fill(task: tuple[int, slice]) -> None:
        kernel, columns = task
        values = game.values(kernel, columns)
        windows = values.shape[1]
        costs = np.zeros((windows, 2))
        costs[:length, 0 if not kept else 1] = game.free
        costs[length:, 1] = np.inf
        costs[:length, 1][~game.free] = np.inf
        flat = values.reshape(len(values), -1)
        low = np.empty((len(values), len(counts)))
        compiled.lowest(flat, falling(flat), costs, counts, low)
        least[kernel, columns] = low
        changed = _changes(game, kernel, kept)
        for number, count in enumerate(counts):
            reached = np.where(changed <= count, values, -np.inf).reshape(len(values), -1)
            greatest[kernel, columns, number] = np.maximum(reached.max(1), 0.0)

    if length:
        run_in_threads(fill, list(tasks(game)))
    return least.reshape(-1, len(counts)), greatest.reshape(-1, len(counts))


def _changes(game: Game, kernel: int, kept: bool) -> Numbers:
    """(W, 2^K) how many of a window's free words each choice removes, or keeps."""
    windows, width = game.windows(kernel), game.width(kernel)
    free = np.zeros((windows, width))
    for back in range(width):
        shifted = game.free[: windows - back]
        free[back : back + len(shifted), back] = shifted
    present = (np.arange(2**width)[:, np.newaxis] >> np.arange(width)) & 1  # (2^K, K)
    return free @ (present if kept else 1 - present).T
