"""Phrases: recurring runs of two and three words, with the sums of their scores."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.evaluation.importance.groups import Groups
from attribkit.evaluation.importance.occurrences import Occurrences

SAYS_MORE = 1.25
"""By this factor a phrase must outdo each of its parts to be worth a line of its own."""


@dataclass(frozen=True, eq=False)
class Ngrams:
    """G recurring runs of L tokens.

    Attributes:
        words: (G, L) int64, places among the vocabulary.
        groups: their occurrences, each scored by the sum of its tokens' scores there.
        first: (P,) int64, the token at which each occurrence begins.
        alone: (G,) the sum of the words' own means, wherever they stand.
        largest: (G,) the size of the largest mean among its parts.
    """

    words: NDArray[np.int64]
    groups: Groups
    first: NDArray[np.int64]
    alone: NDArray[np.float64]
    largest: NDArray[np.float64]

    @property
    def tells(self) -> NDArray[np.bool_]:
        """(G,) whether its mean exceeds each of its parts' by `SAYS_MORE`; True for words, which have no parts."""
        return np.abs(self.groups.means) >= SAYS_MORE * self.largest


def find_words(tokens: Occurrences, least: int) -> Ngrams:
    """The words that occur in at least `least` texts and hold a letter or digit."""
    written = np.array([any(map(str.isalnum, word)) for word in tokens.words] + [False])
    first = np.flatnonzero(written[tokens.word])
    groups = Groups(tokens.word[first], tokens.text[first], tokens.scores[first], len(tokens.words), len(tokens.texts))
    frequent = np.flatnonzero(groups.text_count >= least)
    first = first[np.isin(groups.group, frequent)]
    groups = groups.of(frequent)
    return Ngrams(frequent[:, np.newaxis], groups, first, groups.means, np.zeros_like(groups.means))


def find_longer(tokens: Occurrences, shorter: Ngrams, words: Ngrams, least: int) -> Ngrams:
    """Runs one token longer than `shorter` that occur in at least `least` texts; each of their parts recurs itself.

    Args:
        tokens: every token of the texts.
        shorter: recurring runs of one token less.
        words: recurring words.
        least: in how many texts a run must occur.
    """
    length = shorter.words.shape[1] + 1
    begins = np.full(len(tokens.word) + 1, -1)  # which of the shorter ones begins at each token
    begins[shorter.first] = shorter.groups.group
    first = shorter.first[begins[shorter.first + 1] >= 0]
    # the second part begins in the same text, and so do all the tokens between
    first = first[tokens.text[first] == tokens.text[np.minimum(first + length - 1, len(tokens.text) - 1)]]
    keys, group = np.unique(begins[first] * shorter.groups.size + begins[first + 1], return_inverse=True)
    scores = sum((tokens.scores[first + shift] for shift in range(length)), np.zeros(len(first)))
    groups = Groups(group, tokens.text[first], scores, len(keys), len(tokens.texts))
    frequent = np.flatnonzero(groups.text_count >= least)
    first, groups = first[np.isin(group, frequent)], groups.of(frequent)
    left, right = keys[frequent] // shorter.groups.size, keys[frequent] % shorter.groups.size
    spelt = np.concatenate((shorter.words[left], shorter.words[right][:, -1:]), axis=1)
    own = np.zeros(len(tokens.words))
    own[words.words[:, 0]] = words.groups.means
    parts = np.maximum(np.abs(shorter.groups.means), shorter.largest)
    return Ngrams(spelt, groups, first, own[spelt].sum(1), np.maximum(parts[left], parts[right]))
