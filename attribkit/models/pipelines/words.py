"""The words that a vectorizer reads in texts, and where they stand."""

import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.models.pipelines.alignment import Aligned
from attribkit.text.word_places import find_words

Ids = NDArray[np.int64]
Words = tuple[list[str], Ids, Ids]
"""Words as they are read, with the first and behind the last character of each in what is read."""

_USUAL = r"(?u)\b\w\w+\b"
_BASIC = 0x10000


def words_of(vectorizer: Any) -> Callable[[Sequence[Aligned]], list[Words]]:
    """What the vectorizer makes of texts: its words in order, stop words left out.

    Raises (the function returned):
        InputError: where the words of a tokenizer of the user's own do not stand in the text.
    """
    stop_words = vectorizer.get_stop_words()
    if vectorizer.tokenizer is not None:
        split = _by_search(vectorizer.tokenizer)
    elif vectorizer.token_pattern == _USUAL:
        split = _by_runs
    else:
        split = _by_pattern(re.compile(vectorizer.token_pattern))
    if stop_words is None:
        return split
    return lambda texts: [_without(stop_words, words) for words in split(texts)]


def _without(stop_words: frozenset[str], words: Words) -> Words:
    kept = [place for place, word in enumerate(words[0]) if word not in stop_words]
    return [words[0][place] for place in kept], words[1][kept], words[2][kept]


def _by_search(tokenize: Callable[[str], Sequence[str]]) -> Callable[[Sequence[Aligned]], list[Words]]:
    def split(texts: Sequence[Aligned]) -> list[Words]:
        results = []
        for text in texts:
            words = list(tokenize(text.read))
            spans = np.array(find_words(words, text.read), dtype=np.int64).reshape(-1, 2)
            results.append((words, spans[:, 0], spans[:, 1]))
        return results

    return split


def _by_pattern(pattern: re.Pattern[str]) -> Callable[[Sequence[Aligned]], list[Words]]:
    group = min(pattern.groups, 1)  # scikit-learn reads the group where there is one

    def split(texts: Sequence[Aligned]) -> list[Words]:
        results = []
        for text in texts:
            matches = list(pattern.finditer(text.read))
            spans = np.array([match.span(group) for match in matches], dtype=np.int64).reshape(-1, 2)
            results.append(([match.group(group) for match in matches], spans[:, 0], spans[:, 1]))
        return results

    return split


def _by_runs(texts: Sequence[Aligned]) -> list[Words]:
    """Runs of two letters, digits or underscores and more, found in all texts at once.

    It is the vectorizers' usual pattern, several times faster than by matches.
    """
    joined = "\n".join(text.read for text in texts)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    inside = np.zeros(len(codes) + 2, dtype=bool)
    inside[1:-1] = _in_word(codes)
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    starts, ends = edges[::2], edges[1::2]
    long = ends - starts >= 2
    inside[starts[~long] + 1] = False
    starts, ends = starts[long], ends[long]
    # several times faster than to cut out each
    words = np.where(inside[1:-1], codes, ord(" ")).astype("<u4").tobytes().decode("utf-32-le", "surrogatepass").split()
    firsts = np.cumsum([0, *(len(text.read) + 1 for text in texts)])
    bounds = np.searchsorted(starts, firsts)
    starts, ends = (places - np.repeat(firsts[:-1], np.diff(bounds)) for places in (starts, ends))
    cuts = bounds.tolist()
    return [(words[a:b], starts[a:b], ends[a:b]) for a, b in pairwise(cuts)]


def _in_word(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    if not len(codes) or int(codes.max()) < _BASIC:
        return _basic_words()[codes]
    rare = codes >= _BASIC
    inside = _basic_words()[np.where(rare, 0, codes)]
    each, place = np.unique(codes[rare], return_inverse=True)
    inside[rare] = np.array([chr(code).isalnum() for code in each.tolist()])[place]
    return inside


@cache
def _basic_words() -> NDArray[np.bool_]:
    """Which characters of the basic plane are letters, digits or underscores, as regular expressions see them."""
    return np.array([chr(code).isalnum() or code == ord("_") for code in range(_BASIC)])
