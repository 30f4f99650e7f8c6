"""Texts with their labels, if those are known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from attribkit.data.readable import tokenise
from attribkit.plurals import by_number, number_of
from attribkit.text.encoded import TextEncoder


@dataclass(frozen=True, eq=False)
class LabelledTexts:
    """Texts and, if they are known, their labels.

    Attributes:
        texts: (N,).
        labels: (N,) names, "" where unknown; empty if all are.
        notes: whole sentences on where they come from and what was left out.
        total: how many there were before a sample was drawn; 0 if none was.
        numbers: (N,) the users' numbers of the rows; empty if they are counted from 0.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    total: int = 0
    numbers: tuple[int, ...] = ()

    def sampled(self, most: int, seed: int) -> "LabelledTexts":
        """At most so many of them, in their order, drawn by the seed; a note says so."""
        if len(self.texts) <= most:
            return self
        rows = sample_rows(np.arange(len(self.texts)), most, seed).tolist()
        note = (
            f"{most:,} of {number_of(len(self.texts), 'text')} {by_number(most, 'is', 'are')} shown, drawn with seed "
            f"{seed}"
        )
        return replace(self.only(rows, note), total=len(self.texts))

    def readable(self, tokenizer: TextEncoder) -> tuple["LabelledTexts", list[NDArray[np.int64]]]:
        """The texts in which the tokenizer finds a token, and their ids; a note says how many were left out.

        Raises:
            TypeError: for a text that is no string; the sentence names it.
            ValueError: for a broken text; the sentence names it.
        """
        read = tokenise(tokenizer, self.texts, self.numbers or None, refuse="text")
        return self.only(read.places.tolist(), *read.notes), list(read.ids)

    def only(self, places: Sequence[int], *notes: str) -> "LabelledTexts":
        """The texts at these places; the notes say why the others are left out."""
        if len(places) == len(self.texts):
            return self
        return replace(
            self,
            texts=tuple(self.texts[place] for place in places),
            labels=tuple(self.labels[place] for place in places) if self.labels else (),
            numbers=tuple(self.numbers[place] for place in places) if self.numbers else (),
            notes=(*self.notes, *notes),
        )


def sample_rows(rows: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    """At most so many of the rows, in their order, drawn by the seed."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
