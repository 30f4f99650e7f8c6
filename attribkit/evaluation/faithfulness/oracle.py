"""The oracle bound: the best that any ranking of a text's tokens could do, to compare faithfulness figures with.

For a text of at most 12 tokens every subset is tried. Longer ones are searched: a beam of sets grows by the tokens
whose removal changes most at the time; what it finds is a lower bound of the best.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attribkit.evaluation.faithfulness.ablation import AblatedText, Keep

EXACT = 12
"""Tokens up to which all subsets are tried."""
WIDTH = 3
"""Sets that the beam keeps."""
STEPS = 3
"""In how many steps the beam goes from one bin to the next."""
_DONE = 1e-3
"""A probability so near to its limit leaves nothing worth looking for: the rest goes in one step per bin."""


def best_removed(text: AblatedText, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The smallest log p after removing so many tokens (P,), ascending; found by search if T > 12."""
    if len(text.ids) <= EXACT:
        return _by_subsets(text)[0][counts]
    return _by_beam(text, counts.tolist(), -1)


def best_kept(text: AblatedText, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The largest log p with so many tokens (P,), ascending, kept alone; found by search if T > 12."""
    if len(text.ids) <= EXACT:
        return _by_subsets(text)[1][len(text.ids) - counts]
    return _by_beam(text, (len(text.ids) - counts[::-1]).tolist(), +1)[::-1]


def _by_subsets(text: AblatedText) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(T + 1,) the smallest and the largest log p by the number of tokens removed."""
    length = len(text.ids)
    keep = (np.arange(2**length)[:, np.newaxis] >> np.arange(length)) % 2 == 1
    values, removed = text.log_p(keep), length - keep.sum(1)
    smallest, largest = np.full(length + 1, np.inf), np.full(length + 1, -np.inf)
    np.minimum.at(smallest, removed, values)
    np.maximum.at(largest, removed, values)
    return smallest, largest


def _by_beam(text: AblatedText, goals: Sequence[int], sign: int) -> NDArray[np.float64]:
    """The largest sign · log p found with so many tokens removed (P,), ascending, times the sign."""
    beam, removed, masks = np.ones((1, len(text.ids)), dtype=bool), 0, []
    order = None if text.quick else text.each(beam)[0]
    values = sign * text.guess(beam)
    for goal in goals:
        left = STEPS
        while removed < goal:
            done = np.exp(values.max()) > 1 - _DONE if sign > 0 else np.exp(-values.max()) < _DONE
            step = goal - removed if done else -(-(goal - removed) // left)
            gains = sign * (text.each(beam) if order is None else np.array([order[row] for row in beam]))
            beam = _expanded_beam(beam, gains, step)
            values = sign * text.guess(beam)
            best = np.argsort(-values, kind="stable")[:WIDTH]
            beam, values = beam[best], values[best]
            removed, left = removed + step, max(1, left - 1)
        masks.append(beam[0])
    return text.log_p(np.array(masks))  # by the network itself, whatever led here


def _expanded_beam(beam: Keep, gains: NDArray[np.float64], step: int) -> Keep:
    """Sets with `step` more tokens removed: the most promising ones of each, also with the last exchanged for the next.

    Args:
        beam: (N, T), True for the n tokens that each set keeps.
        gains: (N, n) how much is gained by removing each of them.
        step: how many tokens are removed.
    """
    grown = {}
    for keep, gain in zip(beam, gains, strict=True):
        places = np.flatnonzero(keep)[np.argsort(-gain, kind="stable")]
        for other in range(min(WIDTH, len(places) - step + 1)):
            smaller = keep.copy()
            smaller[places[: step - 1]] = False
            smaller[places[step - 1 + other]] = False
            grown[smaller.tobytes()] = smaller
    return np.array(list(grown.values()))
