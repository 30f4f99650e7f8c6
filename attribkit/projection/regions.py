"""The regions of a map, and the words that tell the texts of each from the rest."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import vq

from attribkit.results.panels import Region

READ = 2_000
"""Texts whose words are compared, at most."""

_TEXTS, _MOST = 25, 10  # texts for each region, and regions
_WORDS, _ROUNDS = 3, 30
_LEAST = 3  # texts of a region in which a word must occur
_SURE = 3.0  # standard errors: of the thousands of words of a text set many differ by two by chance
_PRIOR = 0.5  # texts that every word is taken to occur in beside those it does, so that none is 0
_WORD = re.compile(r"[^\W\d_]{3,}")


class RegionWords:
    """The words of up to `READ` of N texts, to name the regions of their maps by.

    Args:
        texts: (N,).
        seed: of the sample and of the regions.
    """

    def __init__(self, texts: Sequence[str], seed: int = 0) -> None:
        self._seed = seed
        self._rows = np.sort(np.random.default_rng(seed).permutation(len(texts))[:READ])
        self._words = [frozenset(_WORD.findall(texts[row].lower())) for row in self._rows.tolist()]

    def regions(self, points: NDArray[np.float64]) -> tuple[Region, ...]:
        """The parts of a map (N, D) by k-means, at most ten, the largest first.

        Each is named by the words whose log-odds of occurring in a text are surely higher there than in the rest; one
        without such a word is left out.
        """
        drawn = points[self._rows]
        count = min(_MOST, len(drawn) // _TEXTS)
        if count < 2:
            return ()
        middles = _middles(drawn, count, np.random.default_rng(self._seed))
        of, every = vq(drawn, middles)[0], vq(points, middles)[0]
        totals = Counter(word for words in self._words for word in words)
        regions = []
        for place in range(len(middles)):
            inside = Counter(word for words, own in zip(self._words, of == place, strict=True) if own for word in words)
            named = self._named(inside, totals, int((of == place).sum()))
            if named:
                own = every == place
                regions.append(Region(points[own].mean(0), int(own.sum()), named))
        return tuple(sorted(regions, key=lambda region: -region.count))

    def _named(self, inside: Counter[str], totals: Counter[str], texts: int) -> tuple[str, ...]:
        """The words that are surely more frequent in a region of so many texts."""
        words = sorted(word for word, count in inside.items() if count >= _LEAST)
        here = np.array([inside[word] for word in words])
        rest = np.array([totals[word] for word in words]) - here
        surely = surely_more(here, rest, texts, len(self._words) - texts)
        order = np.argsort(-surely, kind="stable")[:_WORDS]
        return tuple(words[place] for place in order.tolist() if surely[place] > _SURE)


def surely_more(inside: NDArray[np.int64], outside: NDArray[np.int64], texts: int, others: int) -> NDArray[np.float64]:
    """(V,) how many standard errors a word's log-odds of occurring in a text are higher in some texts than in others.

    The log-odds ratio with a prior, as in Monroe, Colaresi and Quinn, "Fightin' Words", 2008.

    Args:
        inside: (V,) of the `texts` how many hold each word.
        outside: (V,) of the `others` how many do.
        texts: how many there are.
        others: how many others.
    """
    a, b = inside + _PRIOR, outside + _PRIOR
    c, d = texts - inside + _PRIOR, others - outside + _PRIOR
    ratio = np.log(a) - np.log(c) - np.log(b) + np.log(d)
    surely: NDArray[np.float64] = ratio / np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return surely


def _middles(points: NDArray[np.float64], count: int, draw: np.random.Generator) -> NDArray[np.float64]:
    """(K, D) the middles of at most `count` groups of points, by Lloyd's iteration; none is without a point."""
    middles = _spread(points, count, draw)
    for _ in range(_ROUNDS):
        of, _ = vq(points, middles)
        before, middles = middles, np.array([points[of == place].mean(0) for place in np.unique(of)])
        if middles.shape == before.shape and np.allclose(middles, before):
            break
    return middles


def _spread(points: NDArray[np.float64], count: int, draw: np.random.Generator) -> NDArray[np.float64]:
    """(count, D) points to start from, each drawn the likelier the further it lies from those before it (k-means++)."""
    chosen = [points[draw.integers(len(points))]]
    nearest = np.full(len(points), np.inf)
    while len(chosen) < count:
        nearest = np.minimum(nearest, ((points - chosen[-1]) ** 2).sum(1))
        if not nearest.any():
            break
        chosen.append(points[draw.choice(len(points), p=nearest / nearest.sum())])
    return np.array(chosen)
