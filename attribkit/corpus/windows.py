"""A corpus as windows: runs of rows, bounded in rows and in characters, the same every time."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa

from attribkit.corpus.records import OpenFile, Record, read
from attribkit.corpus.selection import Selection
from attribkit.corpus.sources import AnySource
from attribkit.data.columns import choose_columns, columns_of_pairs
from attribkit.data.readers import listed
from attribkit.errors import InputError
from attribkit.plurals import by_number, number_of
from attribkit.text.text_pair import KEYS, SEPARATOR

CHARACTERS = 2**20
"""Characters of text after which a window is closed, however few rows it has."""

SCHEMA = pa.schema(
    {
        "row": pa.int64(),
        "file": pa.string(),
        "key": pa.string(),
        "true_label": pa.string(),
        "text": pa.large_string(),
        "status": pa.string(),
        "reason": pa.string(),
    }
)
_FIRST_ROWS = 1_000
"""Rows of a JSONL file of which one must have the column of texts."""
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Columns:
    """The columns that are read: of the texts (guessed if None), of a key and of the true label, if any."""

    text: str | None = None
    key: str | None = None
    label: str | None = None


@dataclass(frozen=True)
class Window:
    """Rows that are explained together and become one part of the result.

    Attributes:
        number: its place among the windows, from 0.
        table: its rows, of `SCHEMA`; a row with a status cannot be explained, and says why.
        read: bytes of the corpus that had been read when it was closed.
    """

    number: int
    table: pa.Table
    read: int


@dataclass
class _OpenWindow:
    """A window being filled."""

    number: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    characters: int = 0
    seen: int = 0

    def add(self, row: dict[str, Any]) -> None:
        """Take a row."""
        self.rows.append(row)
        self.characters += len(row["text"] or "")

    def closed(self, read: int) -> Window:
        """What it holds; it is empty afterwards, and the next one."""
        window = Window(self.number, pa.Table.from_pylist(self.rows, SCHEMA), read)
        self.number, self.rows, self.characters = self.number + 1, [], 0
        return window


@dataclass(frozen=True)
class Plan:
    """What of a corpus is read, and how it is divided.

    Attributes:
        sources: its files, in order.
        columns: those that are read.
        selection: which rows are explained.
        rows: the most rows of a window.
    """

    sources: tuple[AnySource, ...]
    columns: Columns
    selection: Selection
    rows: int = 2_048

    def __post_init__(self) -> None:
        if self.rows < 1:
            raise InputError(f"`window` must be at least 1 row, got {self.rows}")

    def check(self) -> None:
        """Check that every file has the columns, and that a row is left to explain.

        Raises:
            ValueError: if a file cannot be read or lacks a column, or no row is left.
        """
        for source in self.sources:
            with read(source) as opened:
                _columns_of(self.columns, self.selection, opened.columns, source)
                if opened.columns is None:
                    _check_first_rows(self.columns, opened.records, source)
        if next(replace(self, rows=1).windows(), None) is None:
            raise InputError(
                "no row of the corpus was left to explain; check the input, and `where`, `sample` and `limit`"
            )

    def windows(self) -> Iterator[Window]:
        """All windows, in order; the same ones every time.

        Raises:
            ValueError: if a file as a whole cannot be read, or lacks a column.
        """
        filling, before, taken = _OpenWindow(), 0, 0
        for source in self.sources:
            with read(source) as opened:
                for row in self._chosen(opened, source, filling):
                    filling.add(row)
                    taken += 1
                    if len(filling.rows) == self.rows or filling.characters >= CHARACTERS:
                        yield filling.closed(before + opened.stored.tell())
                    if taken == self.selection.limit:
                        break
            before += source.size
            if taken == self.selection.limit:
                break
        if filling.rows:
            yield filling.closed(before)

    def _chosen(self, opened: OpenFile, source: AnySource, filling: "_OpenWindow") -> Iterator[dict[str, Any]]:
        """The file's rows that are explained; all of them are counted."""
        names = opened.columns
        columns, second = _columns_of(self.columns, self.selection, names, source)
        for record in opened.records:
            if not names and record.cells:
                names = tuple(record.cells)
                columns, second = _columns_of(self.columns, self.selection, names, source)
            number, filling.seen = filling.seen, filling.seen + 1
            if self.selection.takes(number, record.cells):
                yield _row(record, columns, second, number, source)


@dataclass(frozen=True)
class PendingWork:
    """What of a plan is left to do.

    Attributes:
        plan: the whole of it.
        failed: of each finished part, how many rows were not explained.
        retry: whether those are done again.
    """

    plan: Plan
    failed: Mapping[int, int]
    retry: bool = False

    def tasks(self) -> Iterator["Task"]:
        """Each window that is left, and whether only the rows of its part that failed are done again."""
        for window in self.plan.windows():
            failed = self.failed.get(window.number)
            if failed is None or (failed and self.retry):
                yield window, failed is not None


Task = tuple[Window, bool]


def _columns_of(
    columns: Columns, selection: Selection, names: tuple[str, ...] | None, source: AnySource
) -> tuple[Columns, str | None]:
    """The columns of this very file, and that of the second texts of pairs, if any; ValueError if it lacks one."""
    if names is None:  # each row brings its own
        return columns, None
    name = source.name
    text, second = columns_of_pairs(names, columns.text)
    if text is None and names:
        text = choose_columns(names, None, columns.label, repr(name), labelled=False).text
    if source.kind != ".jsonl":
        for option, wanted in (("text", text), ("text", second), ("key", columns.key), ("label", columns.label)):
            if wanted is not None and names.count(wanted) != 1:
                raise InputError(
                    f"{name!r} must have one column {wanted!r}, it has {listed(names)}; name it with `{option}`"
                )
        for wanted in selection.columns:
            if wanted not in names:
                raise InputError(f"`where` names the column {wanted!r}, but {name!r} has {listed(names)}; correct it")
    return Columns(text, columns.key, columns.label), second


def _check_first_rows(columns: Columns, records: Iterator[Record], source: AnySource) -> None:
    """Refuse a column of texts that none of the first rows has, where each row brings its own names."""
    rows = [record.cells for record in islice(records, _FIRST_ROWS) if record.cells is not None]
    names = tuple(dict.fromkeys(name for cells in rows for name in cells))
    for wanted in columns_of_pairs(names, columns.text):
        if rows and wanted is not None and wanted not in names:
            raise InputError(
                f"{source.name!r} must have a column {wanted!r}, its first {number_of(len(rows), 'row')} "
                f"{by_number(len(rows), 'has', 'have')} {listed(names)}; name it with `text`"
            )


def _row(record: Record, columns: Columns, second: str | None, number: int, source: AnySource) -> dict[str, Any]:
    """A row of `SCHEMA`."""
    row: dict[str, Any] = {"row": number, "file": source.name}
    cells = record.cells
    if cells is None:
        return row | {"status": "malformed", "reason": _shown(record.reason), "text": None}
    text, status, reason = _text_of(cells, columns.text, second)
    return row | {
        "key": _name(cells, columns.key),
        "true_label": _name(cells, columns.label),
        "text": text,
        "status": status,
        "reason": reason,
    }


def _text_of(
    cells: Mapping[str, Any], column: str | None, second: str | None
) -> tuple[str | None, str | None, str | None]:
    """A row's text, of a pair the string that stands for it; or None, and the status and reason of its fault."""
    cell = cells.get(str(column))
    parts = {str(column): cell} if second is None else {str(column): cell, second: cells.get(second)}
    if second is None and isinstance(cell, Mapping) and set(cell) == KEYS:
        parts = {f"{column}.{key}": cell[key] for key in ("text", "text_pair")}
    for name, part in parts.items():
        status, reason = _fault(part, name)
        if status is not None:
            return None, status, reason
    first, *others = map(str, parts.values())
    if others and SEPARATOR in first:
        return None, "not text", f"the first text of a pair holds {SEPARATOR!r}, which stands between the two"
    return SEPARATOR.join((first, *others)), None, None


def _fault(text: Any, column: str) -> tuple[str | None, str | None]:
    """Status and reason of a text that cannot be explained; (None, None) for every other."""
    if text is None or text != text:  # NaN, which tables know for nothing
        return "null", f"the column {column!r} holds nothing"
    if not isinstance(text, str):
        return "not text", f"the column {column!r} holds a {type(text).__name__}"
    if broken := _SURROGATE.search(text):
        byte = ord(broken.group()) - 0xDC00
        what = (
            f"the byte 0x{byte:02X}" if 0x80 <= byte <= 0xFF else f"half a surrogate pair, U+{ord(broken.group()):04X}"
        )
        return (
            "undecodable",
            f"{what} at position {broken.start()} is no UTF-8; if other rows fail so too, give `encoding`",
        )
    if not text.strip():
        return "empty", "the text holds no visible character"
    return None, None


def _name(cells: Mapping[str, Any], column: str | None) -> str | None:
    value = None if column is None else cells.get(column)
    if isinstance(value, (list, tuple, np.ndarray)):
        return _shown(json.dumps([str(part) for part in value], ensure_ascii=False))
    return None if value is None or value != value else _shown(str(value))


def _shown(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text)
