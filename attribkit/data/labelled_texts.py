"""Texts with the labels that are known of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.text.tokenizer import TextEncoder, check_text


@dataclass(frozen=True, eq=False)
class LabelledTexts:
    """Texts and, where they are known, their labels.

    Attributes:
        texts: (N,).
        labels: (N,) names, "" where unknown; empty if all are.
        notes: whole sentences on where they come from and what was left out.
        total: how many there were before a sample was drawn; 0 if none was.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    total: int = 0

    def sampled(self, most: int, seed: int) -> "LabelledTexts":
        """At most so many of them, in their order, drawn by the seed; a note says so."""
        if len(self.texts) <= most:
            return self
        rows = drawn(np.arange(len(self.texts)), most, seed).tolist()
        note = f"{most:,} of {len(self.texts):,} texts are shown, drawn with seed {seed}"
        return LabelledTexts(
            tuple(self.texts[row] for row in rows),
            tuple(self.labels[row] for row in rows) if self.labels else (),
            (*self.notes, note),
            len(self.texts),
        )

    def readable(self, tokenizer: TextEncoder) -> tuple["LabelledTexts", list[NDArray[np.int64]]]:
        """Those in which the tokenizer finds a token, and their ids; a note says how many it does not."""
        given = [row for row, text in enumerate(self.texts) if not isinstance(text, str) or text.strip()]
        found = tokenizer.ids([_checked(row, self.texts[row]) for row in given])
        kept = [row for row, one in zip(given, found, strict=True) if len(one)]
        ids = [one for one in found if len(one)]
        if len(kept) == len(self.texts):
            return self, ids
        return self.only(kept, f"{len(self.texts) - len(kept):,} texts hold no token and were left out"), ids

    def only(self, rows: Sequence[int], note: str) -> "LabelledTexts":
        """Those of these rows; the note says why not the others."""
        labels = tuple(self.labels[row] for row in rows) if self.labels else ()
        texts = tuple(self.texts[row] for row in rows)
        return replace(self, texts=texts, labels=labels, notes=(*self.notes, note))


def drawn(rows: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    """At most so many of the rows, in their order, drawn by the seed."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def _checked(row: int, text: str) -> str:
    try:
        return check_text(text)
    except InputError as error:
        raise type(error)(f"text {row}: {error}") from error
