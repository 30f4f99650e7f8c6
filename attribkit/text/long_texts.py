"""What becomes of a text that is longer than a model reads: it is refused, cut, or read in windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.plurals import by_number

Long = Literal["refuse", "cut", "windows"]

_SHARED = 4
"""Unless a stride is given, a window shares one part in so many with the window before it."""


class CutTextsWarning(UserWarning):
    """Some texts were longer than the model reads, and were cut, as `long="cut"` asks.

    What holds tokens with their places says so itself: an explanation, a corpus. For what has numbers alone, such as
    predictions, it is warned of.
    """


@dataclass(frozen=True)
class LongTexts:
    """What a model does with texts that are longer than it reads.

    Attributes:
        how: "refuse"; "cut" to what the tokenizer keeps; "windows": overlapping ones, whose outputs are averaged.
        room: the most tokens of one text, special ones not counted; None for no limit.
        stride: how many tokens a window shares with the window before it, as the tokenizers of `transformers` call it.

    Example:
        >>> from attribkit.text.long_texts import LongTexts
        >>> LongTexts("windows", room=10, stride=4).spans(20)
        [(0, 10), (6, 16), (12, 20)]
        >>> LongTexts("windows", room=10, stride=4).spans(10)
        [(0, 10)]
    """

    how: Long = "refuse"
    room: int | None = None
    stride: int = 0

    @staticmethod
    def of(how: str, room: int | None, stride: int | None) -> "LongTexts":
        """Check what a user asks for; a stride of None is a quarter of a window.

        Raises:
            InputError: for another way, a stride without windows, or one that is as long as a window.
        """
        way = checked_long(how, stride)
        if way != "windows" or room is None:
            return LongTexts(way, room)
        stride = room // _SHARED if stride is None else stride
        if not 0 <= stride < room:
            raise InputError(
                f"`stride` is what two windows share: 0 to {room - 1:,} tokens expected, for the model reads {room:,} "
                f"beside the special ones, got {stride:,}"
            )
        return LongTexts(way, room, stride)

    def reads(self, tokens: int) -> bool:
        """Whether the model reads a text of so many tokens at once."""
        return self.room is None or tokens <= self.room

    def spans(self, tokens: int) -> list[tuple[int, int]]:
        """The first token of each window of a text, and the one after its last; one window for what is read at once."""
        if self.room is None or self.how != "windows" or tokens <= self.room:
            return [(0, tokens)]
        step = self.room - self.stride
        starts = range(0, tokens - self.stride, step)
        return [(start, min(start + self.room, tokens)) for start in starts]

    def windows(self, ids: Sequence[NDArray[np.int64]]) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
        """The windows of all texts of token ids in a row, and (N,) how many each text has."""
        spans = [self.spans(len(row)) for row in ids]
        parts = [row[start:end] for row, of_text in zip(ids, spans, strict=True) for start, end in of_text]
        return parts, np.array([len(of_text) for of_text in spans], dtype=np.int64)

    @property
    def sentence(self) -> str:
        """What is done, as the model's summary says it."""
        if self.room is None:
            return "read whole, whatever their length"
        longer = f"longer than {self.room:,} tokens:"
        if self.how == "refuse":
            return f"{longer} refused"
        return f"{longer} cut, and said" if self.how == "cut" else f"{longer} {self._averaged}"

    def note(self, tokens: int, total: int) -> tuple[str, ...]:
        """What a reader of the scores of a text must know, of which so many of all its tokens were read."""
        if self.how == "cut" and total > tokens:
            return (f"cut: {tokens:,} of the text's {total:,} tokens {by_number(tokens, 'was', 'were')} read",)
        windows = len(self.spans(tokens))
        return (f"read in {windows:,} {self._averaged}",) if windows > 1 else ()

    @property
    def _averaged(self) -> str:
        return (
            f"windows of {self.room:,} tokens, each sharing {self.stride:,} with the one before; the answer is that of "
            "the mean of their outputs"
        )


def averaged(values: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(N, H) the mean of the rows of each text's windows (W, H), of which it has so many."""
    firsts = np.append(0, np.cumsum(counts)[:-1])
    means: NDArray[np.float64] = np.add.reduceat(values, firsts, dtype=np.float64) / counts[:, np.newaxis]
    return means


def checked_long(how: str, stride: int | None) -> Long:
    """The way itself, if there is such a one, and the stride belongs to it.

    Raises:
        InputError: if not.
    """
    for way in get_args(Long):
        if way == how:
            if stride is not None and how != "windows":
                raise InputError(f"`stride` belongs to long='windows', got long={how!r}; leave it out")
            checked: Long = way
            return checked
    raise InputError(f"`long` must be one of {', '.join(map(repr, get_args(Long)))}, got {how!r}")
