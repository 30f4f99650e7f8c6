"""Where the words of a text stand in it, for a splitter that returns the words alone."""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from attribkit.errors import InputError

Span = tuple[int, int]

# Thai, Lao, Burmese, Khmer, kana and Han are written without spaces: there every place is a border
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")

_MOST_PATHS = 64  # more are met only where a text repeats one word, now alone, now inside others, a hundred times


def find_words(words: Sequence[str], text: str, *, truncated: bool = False) -> list[Span]:
    """The span of each word, in order, ignoring case: of all ways to place them one with the most at word borders.

    A splitter may drop words, so the first place that spells a word may be the inside of another: "impressive" in
    "Unimpressive". It may also cut words ("did", "n't"), so a word may have no place at borders at all. Of ways with as
    many words at borders each word stands as early as it can.

    Args:
        words: as a splitter returns them.
        text: the text.
        truncated: whether the text goes on behind the last of these words.

    Raises:
        InputError: for a word that the text does not hold behind the word before it.
    """
    spans = _earliest(words, text)
    if _cover(spans, text, truncated) or all(_at_borders(span, text) for span in spans):
        return spans
    return _most_at_borders(words, text)


def _earliest(words: Sequence[str], text: str) -> list[Span]:
    spans: list[Span] = []
    for word in words:
        cursor = spans[-1][1] if spans else 0
        match = re.compile(re.escape(word), re.IGNORECASE).search(text, cursor)
        if match is None or not word:
            raise InputError(
                f"each word that `split` returns must stand in the text in order, got {word!r}; return the words as "
                "they are written, or (word, start, end) with the characters that each was made of"
            )
        spans.append(match.span())
    return spans


def _cover(spans: Sequence[Span], text: str, truncated: bool) -> bool:
    """Whether nothing but spaces stands between the words: then there is no other way to place them."""
    ends = [(0, 0), *spans] if truncated else [(0, 0), *spans, (len(text), len(text))]
    return not any(text[end:start].strip() for (_, end), (start, _) in pairwise(ends))


def _at_borders(span: Span, text: str) -> bool:
    return _is_border(span[0], text) and _is_border(span[1], text)


def _is_border(place: int, text: str) -> bool:
    return place in (0, len(text)) or not (_in_word(text[place - 1]) and _in_word(text[place]))


def _in_word(character: str) -> bool:
    in_word = character == "_" or unicodedata.category(character)[0] in "LMN"
    return in_word and not _UNSPACED.match(character)


class _Path(NamedTuple):
    """The words so far: how many stand inside others, where the last one stands, and the path before it."""

    inside: int
    span: Span
    before: "_Path | None"


def _most_at_borders(words: Sequence[str], text: str) -> list[Span]:
    """By dynamic programming: for each number of words inside others only the path that ends first can be the best."""
    everywhere = {word: _occurrences(word, text) for word in set(words)}
    borders = {word: [span for span in spans if _at_borders(span, text)] for word, spans in everywhere.items()}
    paths = [_Path(0, (0, 0), None)]
    for word in words:
        reached = [
            _Path(path.inside + inside, spans[next_place], path)
            for path in paths
            for inside, spans in enumerate((borders[word], everywhere[word]))
            if (next_place := bisect_left(spans, (path.span[1], 0))) < len(spans)
        ]
        paths = []
        for path in sorted(reached, key=lambda path: (path.inside, path.span[1])):
            if not paths or path.span[1] < paths[-1].span[1]:
                paths.append(path)
        # the last one ends first: if any can place the words to come, it can
        paths = paths if len(paths) <= _MOST_PATHS else [*paths[: _MOST_PATHS - 1], paths[-1]]
    spans, path = [], paths[0]
    while path.before is not None:
        spans.append(path.span)
        path = path.before
    return spans[::-1]


def _occurrences(word: str, text: str) -> list[Span]:
    return [match.span(1) for match in re.finditer(f"(?=({re.escape(word)}))", text, re.IGNORECASE)]
