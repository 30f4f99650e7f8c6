"""The texts of a set that a model can read; the others are counted and listed, and the run goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError, InputTypeError
from attribkit.models.classifier import NOT_FINITE, Classifier, finite
from attribkit.text.tokenizer import Encoded, check_text
from attribkit.views.encoded_batch import EncodedBatch

_AT_ONCE = 1_000  # texts; the library's encodings hold far more than what is kept of them


@dataclass(frozen=True)
class Skipped:
    """A row that was left out, and why in a few words."""

    row: int
    reason: str


@dataclass(frozen=True, eq=False)
class Readable:
    """Those of a set's texts that a model can read.

    Attributes:
        reading: the N texts as the model reads them.
        rows: (N,) each one's number among the texts given, from 0.
        skipped: the others.
    """

    reading: EncodedBatch
    rows: NDArray[np.int64]
    skipped: tuple[Skipped, ...]

    @property
    def cut(self) -> int:
        """How many of the N texts are longer than what the model reads of a text."""
        return sum(one.total > len(one.ids) for one in self.reading.encoded)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what was left out or cut; none if nothing was."""
        notes = []
        if self.skipped:
            first = self.skipped[0]
            notes.append(
                f"{len(self.skipped):,} of {len(self.skipped) + len(self.rows):,} rows were left out, the first is row "
                f"{first.row}: {first.reason}"
            )
        if self.cut:
            notes.append(f"{self.cut:,} texts are longer than the model reads; only what it read counts")
        return tuple(notes)

    @staticmethod
    def of(model: Classifier, texts: Sequence[Any], batch_size: int | None = None) -> "Readable":
        """Read a set's texts, whatever stands among them.

        Raises:
            TypeError: for a single string where several texts are expected.
            ValueError: if the model can read none of them.
            RuntimeError: if the network's outputs are NaN or infinite for all of them.
        """
        if isinstance(texts, (str, bytes)):
            raise InputTypeError("several texts are needed, got one string; give a list of texts")
        texts, skipped = list(texts), []
        fit = []
        for row, text in enumerate(texts):
            reason = why_not(text)
            if reason is None:
                fit.append(row)
            else:
                skipped.append(Skipped(row, reason))
        encoded: list[Encoded] = []
        for start in range(0, len(fit), _AT_ONCE):
            encoded += model.tokenizer.encode([texts[row] for row in fit[start : start + _AT_ONCE]])
        pairs = list(zip(fit, encoded, strict=True))
        skipped += [Skipped(row, "it holds no token") for row, one in pairs if not len(one.ids)]
        pairs = [(row, one) for row, one in pairs if len(one.ids)]
        if not pairs:
            raise InputError(f"the model can read none of the {len(texts):,} texts given; check the column of texts")
        logits = model.logits([one.ids for _, one in pairs], batch_size)
        there = finite(logits)
        skipped += [Skipped(row, NOT_FINITE) for (row, _), ok in zip(pairs, there, strict=True) if not ok]
        pairs, logits = [pair for pair, ok in zip(pairs, there, strict=True) if ok], logits[there]
        reading = EncodedBatch(tuple(texts[row] for row, _ in pairs), tuple(one for _, one in pairs), logits)
        rows = np.array([row for row, _ in pairs])
        return Readable(reading, rows, tuple(sorted(skipped, key=lambda one: one.row)))


def why_not(text: object) -> str | None:
    """Why a cell holds no text to read; None if it does."""
    if not isinstance(text, str):
        return f"it is no string but {type(text).__name__}"
    if not text.strip():
        return "it is empty"
    try:
        check_text(text)
    except InputError as error:
        return str(error).partition(";")[0]
    return None
