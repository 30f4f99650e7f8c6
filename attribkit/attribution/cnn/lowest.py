"""The compiled core of `bounds`: the smallest maximum of a filter after so many changes of its text.

The chain is that of `automaton`, its sums of products replaced by least sums: the fewest changes that leave no window
above a value, for each choice of the last K − 1 words.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.attribution.cnn.compiled import compiled

Array = NDArray[Any]


@compiled
def lowest(values: Array, order: Array, costs: Array, counts: Array, lowest_values: Array) -> None:
    """Fill lowest_values (F, Q) with the smallest maximum, at least 0, that at most so many changes can leave.

    Args:
        values: (F, W · 2 · H) of each entry, as `automaton.sweep` has them.
        order: (F, M) a filter's positive entries, the largest first, then one that is not positive.
        costs: (W, 2) changes that a word's absence costs, and its presence; ∞ where it is impossible.
        counts: (Q,) changes, ascending.
        lowest_values: (F, Q).
    """
    half = values.shape[1] // len(costs) // 2
    before, after = np.empty(half), np.empty(half)
    for number in range(len(values)):
        filter_values, falling = values[number], order[number]
        most = 0  # candidates: the values in order, and 0 after the last positive one
        while most < len(falling) and filter_values[falling[most]] > 0.0:
            most += 1
        good = 0
        for query in range(len(counts)):
            bad = most + 1
            while bad - good > 1:  # candidate `good` can be reached
                middle = (good + bad) // 2
                level = filter_values[falling[middle]] if middle < most else 0.0
                if _fewest(filter_values, level, costs, before, after) <= counts[query]:
                    good = middle
                else:
                    bad = middle
            lowest_values[number, query] = filter_values[falling[good]] if good < most else 0.0


@compiled
def _fewest(values: Array, level: float, costs: Array, before: Array, after: Array) -> float:
    """The fewest changes that leave no window above a level."""
    half = len(before)
    before[:] = np.inf
    before[0] = 0.0
    for place in range(len(costs)):
        after[:] = np.inf
        for state in range(half):
            for bit in range(2):
                entry = 2 * state + bit
                if values[place * 2 * half + entry] <= level:
                    new = entry & (half - 1)
                    after[new] = min(after[new], before[state] + costs[place, bit])
        before[:] = after
    lowest: float = before.min()
    return lowest
