"""Groups of occurrences of a word or phrase: their mean scores, with bootstrap intervals."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

_AT_ONCE = 2_000  # groups whose bootstrap means are held together


@dataclass(frozen=True, eq=False)
class Groups:
    """P occurrences of words or phrases in G groups.

    Attributes:
        group: (P,) int64 in 0 … G − 1.
        text: (P,) int64, the text of each occurrence.
        scores: (P,) float64.
        size: G.
        texts: N.
    """

    group: NDArray[np.int64]
    text: NDArray[np.int64]
    scores: NDArray[np.float64]
    size: int
    texts: int

    @cached_property
    def count(self) -> NDArray[np.int64]:
        """(G,) occurrences."""
        return np.bincount(self.group, minlength=self.size)

    @cached_property
    def text_count(self) -> NDArray[np.int64]:
        """(G,) texts with at least one."""
        return np.bincount(self._pairs[0], minlength=self.size)

    @cached_property
    def means(self) -> NDArray[np.float64]:
        """(G,) each group's mean score; 0 for a group without occurrences."""
        return np.bincount(self.group, self.scores, self.size) / np.maximum(self.count, 1)

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Each pair of a group and a text that occurs: the group, the text, and each occurrence's pair."""
        keys, pair = np.unique(self.group * self.texts + self.text, return_inverse=True)
        return keys // self.texts, keys % self.texts, pair

    def intervals(self, replicates: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(G,) twice: the 95 % percentile interval of each mean, by drawing whole texts with replacement.

        Occurrences in one text are not independent, so texts are drawn, not occurrences. In a draw without any
        occurrence of a group, its mean counts.

        Source: Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13; drawing whole clusters:
        Davison & Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8.
        """
        drawn = np.random.default_rng(seed).multinomial(self.texts, np.full(self.texts, 1 / self.texts), replicates)
        weights = drawn.T.astype(np.float32)
        counts, sums = self._by_text(np.ones(len(self.group))), self._by_text(self.scores)
        low, high = np.zeros_like(self.means), np.zeros_like(self.means)
        for first in range(0, self.size, _AT_ONCE):
            chunk = slice(first, min(first + _AT_ONCE, self.size))
            number, own = counts[chunk] @ weights, self.means[chunk, np.newaxis]
            means = np.where(number > 0, (sums[chunk] @ weights) / np.maximum(number, 1), own)
            low[chunk], high[chunk] = np.quantile(means, (0.025, 0.975), axis=1)
        # the mean itself lies within, even where the drawings of a few texts say otherwise
        return np.minimum(low, self.means), np.maximum(high, self.means)

    def _by_text(self, values: NDArray[np.float64]) -> csr_array:
        """(G, N) the values (P,) summed within each group and text."""
        groups, texts, pair = self._pairs
        return csr_array((np.bincount(pair, values).astype(np.float32), (groups, texts)), (self.size, self.texts))

    def nearest(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """(G,) of each group the occurrence whose score is nearest to its value (G,); −1 without occurrences."""
        distance = np.abs(self.scores - values[self.group])
        best = np.full(self.size, np.inf)
        np.minimum.at(best, self.group, distance)
        places = np.full(self.size, -1)
        hits = np.flatnonzero(distance == best[self.group])[::-1]  # so that of equal ones the first stays
        places[self.group[hits]] = hits
        return places

    def of(self, groups: NDArray[np.int64]) -> "Groups":
        """Only these groups, renumbered in the order given."""
        places = np.full(self.size, -1)
        places[groups] = np.arange(len(groups))
        chosen = places[self.group] >= 0
        return Groups(places[self.group[chosen]], self.text[chosen], self.scores[chosen], len(groups), self.texts)
