"""Where the tokens of a slow tokenizer, one written in Python, stand in a text: found by how they are spelled."""

import re
from collections.abc import Sequence
from typing import Any

LOST = (
    "the tokenizer has no offsets: words are found in the text by how their tokens are spelled, and one spelled "
    "otherwise than there takes the characters that its neighbours leave"
)


def places_by_spelling(tokenizer: Any, text: str, ids: Sequence[int]) -> list[tuple[int, int]]:
    """Where each token starts and ends in the text; the end of the one before, where nothing is left for it.

    Words parted by white space are tokenized each by itself; where that gives the same tokens, none leaves its word.

    Args:
        tokenizer: a tokenizer of `transformers`.
        text: what it read.
        ids: (T,) what it made of it, without special tokens.
    """
    words = [match.span() for match in re.finditer(r"\S+", text)]
    counts, joined = [], []
    for start, end in words:
        own = tokenizer(text[start:end], add_special_tokens=False)["input_ids"]
        counts.append(len(own))
        joined += own
    if joined != list(ids):
        words, counts = [(0, len(text))], [len(ids)]
    pieces = [_plain(token) for token in tokenizer.convert_ids_to_tokens(list(ids))]
    places: list[tuple[int, int]] = []
    for (start, end), count in zip(words, counts, strict=True):
        places += _within(text, start, end, pieces[len(places) : len(places) + count])
    return places


def _plain(token: str) -> str:
    """A token without what marks the beginning, the middle or the end of a word."""
    marks = token.removeprefix("##").removeprefix("▁").removeprefix("Ġ").removesuffix("</w>").removesuffix("@@")
    return (marks or token).lower()


def _within(text: str, start: int, end: int, pieces: Sequence[str]) -> list[tuple[int, int]]:
    """The places of pieces in a part of a text, in their order; those not found share what lies between the others."""
    places: list[tuple[int, int]] = []
    waiting, done = 0, start
    lowered = "".join(low if len(low := letter.lower()) == 1 else letter for letter in text[start:end])
    for piece in pieces:
        place = lowered.find(piece, done - start) + start if piece else start - 1
        if place >= done and (waiting or not text[done:place].strip()):
            places += [(done, place)] * waiting + [(place, place + len(piece))]
            waiting, done = 0, place + len(piece)
        else:
            waiting += 1
    return [*places, *[(done, end)] * waiting]
