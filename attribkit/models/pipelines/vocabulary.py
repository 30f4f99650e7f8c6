"""Which feature each n-gram of words is, by a vectorizer's vocabulary or its hash."""

from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.utils import murmurhash3_32

Ids = NDArray[np.int64]
Columns = tuple[Ids, Ids | None]
"""The feature of each n-gram, −1 for none; and the signs with which they are counted, None where all are 1."""

_BASE = 0x9E3779B97F4A7C15  # odd, so that multiplying by it loses nothing
_AT_ONCE = 2**13  # words whose characters fit into a processor's cache
_SPACE = np.uint64(ord(" ") + 1)
Hashes = NDArray[np.uint64]


def lookup_of(vectorizer: Any) -> Callable[[Sequence[str]], Columns]:
    """From strings to the vectorizer's features, read anew at each call."""
    return _by_hash(vectorizer) if isinstance(vectorizer, HashingVectorizer) else _by_name(vectorizer)


def ngram_columns(vectorizer: Any, words: Sequence[str], sizes: Sequence[int]) -> dict[int, Columns]:
    """The features of the n-grams of a sequence of words, joined by spaces, for each size.

    Where there are more of them than features, the strings of the n-grams are never made: they are compared by 64-bit
    hashes, which are made from those of their words. Another n-gram with a feature's hash would be seen, as any wrong
    feature, where the closed form is compared with the pipeline's own answer.
    """
    names = None if isinstance(vectorizer, HashingVectorizer) else vectorizer.vocabulary_
    if names is not None and len(sizes) * len(words) > len(names) and (index := _Index.of(names)) is not None:
        return {size: (columns, None) for size, columns in index.ngrams(words, sizes).items()}
    lookup = lookup_of(vectorizer)
    return {size: lookup(_joined(words, size)) for size in sizes}


def _joined(words: Sequence[str], size: int) -> Sequence[str]:
    return words if size == 1 else list(map(" ".join, zip(*(words[start:] for start in range(size)), strict=False)))


def _by_name(vectorizer: Any) -> Callable[[Sequence[str]], Columns]:
    def lookup(grams: Sequence[str]) -> Columns:
        return np.fromiter(map(vectorizer.vocabulary_.get, grams, repeat(-1)), np.int64, len(grams)), None

    return lookup


def _by_hash(vectorizer: Any) -> Callable[[Sequence[str]], Columns]:
    """As `sklearn.feature_extraction.FeatureHasher` places and signs its features."""

    def lookup(grams: Sequence[str]) -> Columns:
        hashes = np.fromiter((murmurhash3_32(gram, seed=0) for gram in grams), np.int64, len(grams))
        signs = np.where(hashes >= 0, 1, -1) if vectorizer.alternate_sign else None
        return np.abs(hashes) % vectorizer.n_features, signs

    return lookup


class _Index:
    """A vocabulary by the hashes of its n-grams: sorted, with the places where each beginning of a hash starts."""

    def __init__(self, hashes: Hashes, columns: Ids) -> None:
        bits = max(1, len(hashes).bit_length())
        self.shift = np.uint64(64 - bits)
        counts = np.bincount((hashes >> self.shift).view(np.int64), minlength=2**bits)
        self.starts = np.append(0, np.cumsum(counts))
        self.hashes, self.of_place = np.append(hashes, np.uint64(0)), np.append(columns, -1)

    @staticmethod
    def of(vocabulary: Mapping[str, int]) -> "_Index | None":
        """None if two of its n-grams have the same hash."""
        hashes, _ = _hashes(list(vocabulary))
        order = np.argsort(hashes)
        hashes = hashes[order]
        if bool((hashes[1:] == hashes[:-1]).any()):
            return None
        return _Index(hashes, np.fromiter(vocabulary.values(), np.int64, len(vocabulary))[order])

    def ngrams(self, words: Sequence[str], sizes: Sequence[int]) -> dict[int, Ids]:
        """For each size the features of N − size + 1 n-grams of N words, −1 for none."""
        of_words, shifts = _hashes(words)
        grams, shift = of_words, shifts
        columns = {}
        for size in range(1, max(sizes) + 1):
            if size > 1:  # one word more behind a space
                count = max(0, len(words) - size + 1)
                behind = shift[:count] * np.uint64(_BASE)
                grams = grams[:count] + _SPACE * shift[:count] + behind * of_words[size - 1 :]
                shift = behind * shifts[size - 1 :]
            if size in sizes:
                columns[size] = self.columns(grams)
        return columns

    def columns(self, hashes: Hashes) -> Ids:
        """(K,) the feature of each hash, −1 for none."""
        buckets = (hashes >> self.shift).view(np.int64)
        places, ends = self.starts[buckets], self.starts[buckets + 1]
        columns = np.where(places < ends, np.where(self.hashes[places] == hashes, self.of_place[places], -1), -1)
        rest = np.flatnonzero((columns < 0) & (places + 1 < ends))
        while len(rest):
            places[rest] += 1
            same = self.hashes[places[rest]] == hashes[rest]
            columns[rest[same]] = self.of_place[places[rest[same]]]
            rest = rest[~same & (places[rest] + 1 < ends[rest])]
        return columns


def _hashes(words: Sequence[str]) -> tuple[Hashes, Hashes]:
    """Of each word Σ (its i-th character + 1)·baseⁱ modulo 2⁶⁴, and base to the power of its length."""
    hashes = np.empty((2, len(words)), dtype=np.uint64)
    for start in range(0, len(words), _AT_ONCE):
        hashes[:, start : start + _AT_ONCE] = _hashes_of_few(words[start : start + _AT_ONCE])
    return hashes[0], hashes[1]


def _hashes_of_few(words: Sequence[str]) -> tuple[Hashes, Hashes]:
    codes = np.frombuffer("".join(words).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    ends = np.cumsum(lengths)
    powers = np.full(int(lengths.max(initial=0)) + 1, _BASE, dtype=np.uint64)
    powers[0] = 1
    np.cumprod(powers, out=powers)
    places = np.arange(len(codes)) - np.repeat(ends - lengths, lengths)
    sums = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum((codes + np.uint64(1)) * powers[places], out=sums[1:])
    return sums[ends] - sums[ends - lengths], powers[lengths]
