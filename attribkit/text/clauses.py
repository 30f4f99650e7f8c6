"""Where the clauses of a sentence begin: behind a comma, semicolon, colon or dash, and at a bracket."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attribkit.text.sentences import sentence_spans

_BORDER = re.compile(r"[,;:،؛)\]]['\"”’»]*\s|\s(?=[(\[])|\s-\s|–\s|—|--+|[、，；：]")


def sentence_starts(text: str, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first token of each sentence, of the part of the text that its tokens cover.

    Args:
        text: the text.
        starts: (T,) where each token begins, in characters, in reading order.
        ends: (T,) where it ends.

    Returns:
        (S,) places among the tokens, beginning with 0; empty without tokens.
    """
    if not len(starts):
        return np.zeros(0, dtype=np.int64)
    first = int(starts[0])
    spans = sentence_spans(text[first : int(ends[-1])])
    return _first_tokens([start + first for start, _ in spans], starts)


def clause_starts(text: str, starts: NDArray[np.int64], sentences: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first token of each clause; every sentence begins one.

    Args:
        text: the text.
        starts: (T,) where each token begins, in characters, in reading order.
        sentences: (S,) the first token of each sentence.

    Returns:
        (C,) places among the tokens, rising; each of `sentences` is among them.
    """
    if not len(starts):
        return np.zeros(0, dtype=np.int64)
    first = int(starts[0])
    borders = [first, *(match.end() for match in _BORDER.finditer(text, first, int(starts[-1]) + 1))]
    return np.union1d(_first_tokens(borders, starts), sentences).astype(np.int64)


def _first_tokens(borders: Sequence[int], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    part = np.searchsorted(borders, starts, side="right")
    return np.flatnonzero(np.diff(part, prepend=-1))
