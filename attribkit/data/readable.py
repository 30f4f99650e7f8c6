"""The rows that a tokenizer can read, with their tokens, and the reasons why others are skipped."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError, TooLongError
from attribkit.plurals import by_number, number_of
from attribkit.text.encode import read_each
from attribkit.text.encoded import Encoded, TextEncoder, check_text

_AT_ONCE = 1_000  # texts; the tokenizers library's encodings hold far more than the ids that are kept of them
EMPTY = "it is empty"
NO_TOKEN = "it holds no token"


class SkippedRowsWarning(UserWarning):
    """Some rows of a table were left out; the sentence says how many, and why the first."""


class Skipped(NamedTuple):
    """A row that was left out: its number among the rows given, from 0, and the reason in a few words."""

    row: int
    reason: str


def skipped_sentence(skipped: Sequence[Skipped], total: int) -> str:
    """How many of the rows given were left out, and why the first of them."""
    first = skipped[0]
    which = by_number(len(skipped), "was left out, row", "were left out, the first is row")
    return f"{len(skipped):,} of {number_of(total, 'row')} {which} {first.row}: {first.reason}"


@dataclass(frozen=True, eq=False)
class TokenisedRows:
    """The rows that a tokenizer can read, with their tokens.

    Attributes:
        places: (N,) int64, their places among the rows given.
        rows: (N,) int64, the users' numbers of the rows.
        texts: (N,).
        ids: (N,) their tokens.
        encoded: (N,) the tokens with their spans, if those were asked for; else empty.
        skipped: the other rows, by number.
        given: how many rows there were.
    """

    places: NDArray[np.int64]
    rows: NDArray[np.int64]
    texts: tuple[str, ...]
    ids: tuple[NDArray[np.int64], ...]
    encoded: tuple[Encoded, ...]
    skipped: tuple[Skipped, ...]
    given: int

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence on the rows left out; empty if there are none."""
        return (skipped_sentence(self.skipped, self.given),) if self.skipped else ()

    def only(self, mask: NDArray[np.bool_], reason: str) -> "TokenisedRows":
        """The rows (N,) that are kept; the others are skipped for this reason."""
        if mask.all():
            return self
        chosen = np.flatnonzero(mask).tolist()
        others = [Skipped(row, reason) for row in self.rows[~mask].tolist()]
        return replace(
            self,
            places=self.places[mask],
            rows=self.rows[mask],
            texts=tuple(self.texts[place] for place in chosen),
            ids=tuple(self.ids[place] for place in chosen),
            encoded=tuple(self.encoded[place] for place in chosen) if self.encoded else (),
            skipped=tuple(sorted((*self.skipped, *others))),
        )


def tokenise(
    tokenizer: TextEncoder,
    texts: Iterable[object],
    numbers: Iterable[int] | None = None,
    *,
    spans: bool = False,
    refuse: str | None = None,
) -> TokenisedRows:
    """Tokenise the texts that can be read.

    Args:
        tokenizer: what reads them.
        texts: cells of any kind.
        numbers: the users' numbers of the rows; None counts them from 0.
        spans: whether the tokens' spans are wanted, which takes many times longer.
        refuse: what an error's sentence calls a row, such as "text", if one that holds no string, or half of a
            surrogate pair, is refused instead of skipped.

    Raises:
        TypeError: for a cell of a type that is refused.
        ValueError: for a cell that is refused.
    """
    cells = list(texts)
    rows = np.arange(len(cells)) if numbers is None else np.fromiter(numbers, dtype=np.int64, count=len(cells))
    reasons = [why_unreadable(cell) for cell in cells]
    if refuse is not None:
        for place, reason in enumerate(reasons):
            if reason not in (None, EMPTY):
                _refuse(cells[place], f"{refuse} {rows[place]}")
    readable = [place for place, reason in enumerate(reasons) if reason is None]
    ids: list[NDArray[np.int64]] = []
    encoded: list[Encoded] = []
    read: list[int] = []
    reads: Callable[[Sequence[str]], Sequence[Any]]
    reads = tokenizer.encode if spans else tokenizer.ids
    for start in range(0, len(readable), _AT_ONCE):
        portion = readable[start : start + _AT_ONCE]
        own = [str(cells[place]) for place in portion]
        entries: list[Any] = read_each(reads, own)
        for place, entry in zip(portion, entries, strict=True):
            if isinstance(entry, TooLongError):
                reasons[place] = str(entry).partition(";")[0]
                continue
            read.append(place)
            if isinstance(entry, Encoded):
                encoded.append(entry)
            else:
                ids.append(entry)
    tokenised = TokenisedRows(
        places=np.array(read, dtype=np.int64),
        rows=rows[read],
        texts=tuple(str(cells[place]) for place in read),
        ids=tuple(entry.ids for entry in encoded) if spans else tuple(ids),
        encoded=tuple(encoded),
        skipped=tuple(Skipped(int(row), why) for row, why in zip(rows, reasons, strict=True) if why is not None),
        given=len(cells),
    )
    return tokenised.only(np.array([len(row_ids) > 0 for row_ids in tokenised.ids], dtype=bool), NO_TOKEN)


def why_unreadable(cell: object) -> str | None:
    """The reason why a cell holds no readable text; None if it does."""
    if not isinstance(cell, str):
        return f"it is no string but {type(cell).__name__}"
    if not cell.strip():
        return EMPTY
    try:
        check_text(cell)
    except InputError as error:
        return str(error).partition(";")[0]
    return None


def _refuse(cell: object, name: str) -> None:
    try:
        check_text(cell)
    except InputError as error:
        raise type(error)(f"{name}: {error}") from error
