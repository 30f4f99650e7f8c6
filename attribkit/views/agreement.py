"""The rank agreement of several measures of the same tokens."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from attribkit.plurals import number_of
from attribkit.rank_correlation import kendall
from attribkit.results.panels import Agreement, HeatmapRow

TOP = 5


def agree(rows: Sequence[HeatmapRow], top: int = TOP) -> tuple[Agreement, ...]:
    """For each pair of rows, Kendall's τ-b of the sizes of their values, and how many strongest tokens they share.

    Signs are left out, for attention has none. Of equally strong tokens the earlier counts as stronger among the `top`;
    a text of fewer tokens has a smaller `top`.
    """
    return tuple(_pair(first, second, top) for first, second in combinations(rows, 2))


def _pair(first: HeatmapRow, second: HeatmapRow, top: int) -> Agreement:
    sizes = [np.abs(row.values) for row in (first, second)]
    top = min(top, len(sizes[0]))
    tau = kendall(*sizes)
    if np.isnan(tau):  # nothing is ranked: a constant row, or a single token
        return Agreement(first.name, second.name, None, None, top)
    shared = len(set(_strongest(sizes[0], top)) & set(_strongest(sizes[1], top)))
    return Agreement(first.name, second.name, tau, shared, top)


def _strongest(sizes: NDArray[np.float64], count: int) -> list[int]:
    strongest: list[int] = np.argsort(-sizes, kind="stable")[:count].tolist()
    return strongest


def in_words(pair: Agreement, signs: tuple[int, int] | None = None) -> str:
    """One plain sentence on the rank correlation of two rows.

    Args:
        pair: their agreement.
        signs: at how many tokens their signs differ, and of how many; None where one has no signs.
    """
    opposite, scored = signs or (0, 0)
    what = "the sizes of their scores" if opposite else "these words"
    names = f"{pair.first} and {pair.second}"
    if pair.tau is None:
        return f"{names} cannot be compared: one of them gives every word the same"
    words = (
        (0.8, f"rank {what} almost alike"),
        (0.5, f"rank {what} much alike"),
        (0.2, f"agree on {what} only in part"),
        (-0.5, f"rank {what} differently"),
        (-1.1, f"rank {what} in opposite ways"),
    )
    sentence = next(text for least, text in words if pair.tau >= least)
    tau = f"{pair.tau:.2f}".replace("-", "−")
    apart = f"; their signs differ at {opposite:,} of {number_of(scored, 'word')}" if opposite else ""
    return f"{names} {sentence}: τ = {tau}{apart}"
