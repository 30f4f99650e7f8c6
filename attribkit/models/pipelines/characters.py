"""The n-grams of characters that a vectorizer reads in a text, and the characters of the text that they are made of."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.models.pipelines.alignment import Aligned

_SPACES, _WORD = re.compile(r"\s\s+"), re.compile(r"\S+")

Ids = NDArray[np.int64]
Grams = tuple[list[str], Ids, Ids]
"""n-grams, with the first and the last character of the text that each is made of."""


def grams_of(vectorizer: Any, text: Aligned) -> Grams:
    """The n-grams of a vectorizer with `analyzer="char"` or `"char_wb"`."""
    collapsed, place = _collapsed(text)
    low, high = vectorizer.ngram_range
    return (_within_words if vectorizer.analyzer == "char_wb" else _throughout)(collapsed, place, low, high)


def _collapsed(text: Aligned) -> tuple[str, Ids]:
    """The text with one space for several, and the place in the text of each of its characters."""
    place = np.arange(len(text.read)) if text.source is None else text.source
    kept, spaces = np.ones(len(text.read), dtype=bool), list(_SPACES.finditer(text.read))
    for run in spaces:
        kept[run.start() + 1 : run.end()] = False
    return _SPACES.sub(" ", text.read) if spaces else text.read, place[kept]


def _throughout(text: str, place: Ids, low: int, high: int) -> Grams:
    grams: list[str] = []
    firsts, lasts = [], []
    for size in range(low, min(high, len(text)) + 1):
        count = len(text) - size + 1
        grams += [text[start : start + size] for start in range(count)]
        firsts.append(place[:count])
        lasts.append(place[size - 1 :])
    return grams, _joined(firsts), _joined(lasts)


def _within_words(text: str, place: Ids, low: int, high: int) -> Grams:
    """Each word with a space before and behind; the spaces are none of the text, so they count for its ends."""
    grams: list[str] = []
    firsts: list[int] = []
    lasts: list[int] = []
    for match in _WORD.finditer(text):
        padded, begin, last = f" {match.group()} ", match.start(), match.end() - match.start() - 1
        for size in range(low, high + 1):
            for start in range(max(1, len(padded) - size + 1)):
                grams.append(padded[start : start + size])
                firsts.append(begin + min(max(start - 1, 0), last))
                lasts.append(begin + min(max(start + size - 2, 0), last))
            if len(padded) <= size:  # a short word is read once
                break
    return grams, place[np.array(firsts, dtype=np.int64)], place[np.array(lasts, dtype=np.int64)]


def _joined(parts: list[Ids]) -> Ids:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
