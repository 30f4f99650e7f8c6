r"""Texts that occur more than once, exactly or nearly, without comparing all pairs.

A text is read as its words, lower-cased; its shingles are all stretches of five words (of a shorter text, its words).
Two texts are the same if their words are, and near if the Jaccard index of their shingles, |A ∩ B| / |A ∪ B|, is at
least a threshold. Candidates are found by MinHash: the smallest of a random hash over a text's shingles is the same for
two texts with the probability of their Jaccard index. Of 64 hashes in 16 bands of 4, two texts are compared if they
agree on a whole band: at an index of 0.8 they are with a probability of 1 − (1 − 0.8⁴)¹⁶ > 0.999.
(Broder, "On the resemblance and containment of documents", 1997.)
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WORDS = 5
_HASHES, _BANDS = 64, 16
_SHINGLES_AT_ONCE = 200_000
_WORD = re.compile(r"\w+")
_PRIME = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Pair:
    """Two texts that are the same or nearly so.

    Attributes:
        first: the place of one.
        second: that of the other, larger.
        jaccard: of their shingles; 1 for the same words.
    """

    first: int
    second: int
    jaccard: float


def duplicates(texts: Sequence[str], least: float = 0.8) -> list[Pair]:
    """Pairs of texts that are the same or nearly so, in the order of their places.

    Of more than two copies each is paired with the first.

    Args:
        texts: N strings.
        least: the smallest Jaccard index that counts as near.
    """
    known: dict[str, int] = {}  # each word's hash, computed once
    shingles = [_shingles(text, known) for text in texts]
    keys = [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in shingles]
    firsts: dict[bytes, int] = {}
    pairs = []
    for place, key in enumerate(keys):
        if len(shingles[place]) and firsts.setdefault(key, place) != place:
            pairs.append(Pair(firsts[key], place, 1.0))
    own = [place for place, key in enumerate(keys) if firsts.get(key) == place]
    for first, second in _candidates([shingles[place] for place in own]):
        index = jaccard(shingles[own[first]], shingles[own[second]])
        if index >= least:
            pairs.append(Pair(own[first], own[second], index))
    return sorted(pairs, key=lambda pair: (pair.first, pair.second))


def jaccard(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> float:
    """|A ∩ B| / |A ∪ B| of two sorted sets of hashes."""
    both = len(np.intersect1d(first, second, assume_unique=True))
    return both / max(len(first) + len(second) - both, 1)


def _shingles(text: str, known: dict[str, int]) -> NDArray[np.uint64]:
    """The distinct hashes of a text's stretches of words, sorted; empty for a text without words."""
    words = _WORD.findall(text.casefold())
    for word in words:
        if word not in known:
            known[word] = _hash(word)
    numbers = np.array([known[word] for word in words], dtype=np.uint64)
    if not len(numbers):
        return numbers
    size = min(WORDS, len(numbers))
    rolled = np.zeros(len(numbers) - size + 1, dtype=np.uint64)
    for place in range(size):  # modulo 2 ** 64, as a polynomial of the words' hashes
        rolled = rolled * _PRIME + numbers[place : place + len(rolled)]
    distinct: NDArray[np.uint64] = np.unique(rolled)
    return distinct


def _hash(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "little")


def _candidates(shingles: Sequence[NDArray[np.uint64]]) -> Iterator[tuple[int, int]]:
    """Pairs of places that agree on a band, each once; only neighbours among those that share a band's key."""
    if len(shingles) < 2:
        return
    signatures = _signatures(shingles).reshape(len(shingles), _BANDS, -1)
    seen: set[tuple[int, int]] = set()
    for band in range(_BANDS):
        keys = signatures[:, band].copy().view(f"V{8 * signatures.shape[2]}").ravel()
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        same = np.flatnonzero(ordered[1:] == ordered[:-1])
        for place in same.tolist():
            pair = (int(order[place]), int(order[place + 1]))
            if pair not in seen:
                seen.add(pair)
                yield pair


def _signatures(shingles: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """(N, 64) the smallest of each random hash over a text's shingles."""
    random = np.random.default_rng(0)
    factors = random.integers(1, 2**63, _HASHES, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    signatures = np.zeros((len(shingles), _HASHES), dtype=np.uint64)
    start = 0
    while start < len(shingles):
        stop, count = start, 0
        while stop < len(shingles) and (stop == start or count + len(shingles[stop]) <= _SHINGLES_AT_ONCE):
            count += len(shingles[stop])
            stop += 1
        together = np.concatenate(shingles[start:stop])
        begins = np.cumsum([0, *(len(row) for row in shingles[start : stop - 1])])
        for number, factor in enumerate(factors):
            mixed = together * factor
            mixed ^= mixed >> np.uint64(29)
            mixed *= factor
            signatures[start:stop, number] = np.minimum.reduceat(mixed, begins)
        start = stop
    return signatures
