"""Subwords joined to the words of the text, by the characters that they stand for."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_ASCII = re.compile(r"[0-9A-Za-z]+(?:'[0-9A-Za-z]+)*|[^\s]")
_APOSTROPHES = "'’"
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, Japanese and Chinese, which are written without spaces: there tokens are the words."""


@dataclass(frozen=True, eq=False)
class JoinedWords:
    """The words that the tokens of a text belong to.

    Attributes:
        word: (T,) the number of each token's word, which rises from 0 to W − 1.
        starts: (W,) where each word begins in the text, in characters.
        ends: (W,) where it ends.
        tokens: (W,) the words as the text spells them.
    """

    word: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    tokens: tuple[str, ...]

    def summed(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """(…, W) the sum of the scores (…, T) of each word's tokens."""
        sums: NDArray[np.float64] = np.add.reduceat(scores, self.firsts, axis=-1)
        return sums

    @property
    def firsts(self) -> NDArray[np.int64]:
        """(W,) each word's first token."""
        return np.searchsorted(self.word, np.arange(len(self.starts)))

    def every(self, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(W,) whether `known` (T,) holds of every token of a word."""
        return np.logical_and.reduceat(known, self.firsts)


def joined_words(text: str, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> JoinedWords:
    """The words of the tokens at these places of the text.

    A word is a run of letters, marks and digits, with the apostrophes inside it ("wasn't"); any other visible
    character is one by itself. A token that reaches over several of them joins them. A token that stands for no visible
    character, such as SentencePiece's lone space, belongs to the word after it, the last ones to the word before.

    Args:
        text: the text.
        starts: (T,) where each token begins, in characters; tokens in reading order, which may share characters.
        ends: (T,) where it ends.

    Example:
        >>> import numpy as np
        >>> from attribkit.text.joined_words import joined_words
        >>> words = joined_words("It wasn't", np.array([0, 3, 6, 7, 8]), np.array([2, 6, 7, 8, 9]))
        >>> words.word.tolist(), words.ends.tolist()
        ([0, 1, 1, 1, 1], [2, 9])
    """
    unit = _units(text)
    first, last = _covered(unit, starts, ends)
    seen = first >= 0
    count = int(unit.max(initial=-1)) + 1
    apart = np.ones(count, dtype=bool)  # whether a unit begins a word, rather than going on with the one before it
    for begin, end in zip(first[seen].tolist(), last[seen].tolist(), strict=True):
        apart[begin + 1 : end + 1] = False
    joined = np.where(seen, np.cumsum(apart)[first] if count else 0, -1)
    joined = np.maximum.accumulate(_filled(joined))
    distinct, word = np.unique(joined, return_inverse=True)
    begins, stops = _spans(text, word, len(distinct), starts, ends, seen)
    spelled = tuple(text[begin:stop] for begin, stop in zip(begins.tolist(), stops.tolist(), strict=True))
    return JoinedWords(word, begins, stops, spelled)


def _spans(
    text: str,
    word: NDArray[np.int64],
    count: int,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    seen: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each word begins and ends: at the first and last visible character of its tokens."""
    begins, stops = np.full(count, len(text)), np.zeros(count, dtype=np.int64)
    for token in np.flatnonzero(seen).tolist():
        start, end = int(starts[token]), int(ends[token])
        piece = text[start:end]
        start += len(piece) - len(piece.lstrip())
        end -= len(piece) - len(piece.rstrip())
        begins[word[token]] = min(begins[word[token]], start)
        stops[word[token]] = max(stops[word[token]], end)
    blank = stops <= begins
    begins[blank] = stops[blank] = 0  # of a text without a visible token
    return begins, stops


def _filled(joined: NDArray[np.int64]) -> NDArray[np.int64]:
    """Tokens of no word (−1) get that of the next token that has one; the last ones that of the token before."""
    filled = joined.copy()
    for token in range(len(filled) - 2, -1, -1):
        if filled[token] < 0:
            filled[token] = filled[token + 1]
    return filled


def _covered(
    unit: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(T,) the first and the last unit that each token covers; −1 for one that covers white space only."""
    first, last = np.full((2, len(starts)), -1, dtype=np.int64)
    for token, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        own = unit[start:end]
        own = own[own >= 0]
        if len(own):
            first[token], last[token] = own[0], own[-1]
    return first, last


def _units(text: str) -> NDArray[np.int64]:
    """(characters,) the number of the unit that each character belongs to, −1 for white space."""
    unit = np.full(len(text), -1, dtype=np.int64)
    if text.isascii():
        for number, match in enumerate(_ASCII.finditer(text)):
            unit[match.start() : match.end()] = number
        return unit
    number, inside = -1, False
    for place, character in enumerate(text):
        if _letter(character):
            number += not inside
            inside = True
        elif character.isspace():
            inside = False
            continue
        elif not (inside and character in _APOSTROPHES and _letter(text[place + 1 : place + 2])):
            number, inside = number + 1, False
        unit[place] = number
    return unit


@lru_cache(4096)
def _letter(character: str) -> bool:
    """Whether a character is a letter, mark or digit of a script whose words are spaced."""
    return bool(character) and unicodedata.category(character)[0] in "LMN" and not _UNSPACED.match(character)
