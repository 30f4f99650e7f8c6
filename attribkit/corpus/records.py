"""Rows of tables, one after another in constant memory. A row that cannot be read has a reason instead of cells."""

import codecs
import csv
import io
import json
import lzma
import zlib
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from attribkit.corpus.sources import AnySource, Source, TableSource
from attribkit.data.label_cells import is_missing
from attribkit.data.readers import csv_delimiter, quotes_are_text, unclosed_quote, unclosed_sentence
from attribkit.errors import InputError
from attribkit.plurals import number_of

LINE = 2**24
"""Characters of the longest line and cell; what is longer is cut, so that no file can fill the memory."""
_SAMPLE = 2**20
_ROWS = 1_024


@dataclass(frozen=True)
class Record:
    """One row of a table.

    Attributes:
        cells: its values by column; None if the row could not be read.
        reason: why it could not.
    """

    cells: Mapping[str, Any] | None
    reason: str = ""


class Position(Protocol):
    """Something that is being read."""

    def tell(self) -> int:
        """How far."""
        ...


class _Table:
    """The rows of a table in memory."""

    def __init__(self, table: pd.DataFrame) -> None:
        self._table, self._read = table, 0

    def __iter__(self) -> Iterator[Record]:
        names = tuple(map(str, self._table.columns))
        for row in self._table.itertuples(index=False, name=None):
            self._read += 1
            cells = (None if is_missing(cell) else cell for cell in row)
            yield Record(dict(zip(names, cells, strict=True)))

    def tell(self) -> int:
        return self._read


@dataclass(frozen=True)
class OpenFile:
    """A file being read.

    Attributes:
        columns: their names; None where each row brings its own (JSONL).
        records: its rows.
        stored: the file beneath, whose position tells how far one has read; of a table in memory the rows read.
    """

    columns: tuple[str, ...] | None
    records: Iterator[Record]
    stored: Position


@contextmanager
def read(source: AnySource) -> Iterator[OpenFile]:
    """The rows of a file, which is open until the end.

    Raises:
        ValueError: on the call or while reading, if the file as a whole does not have the format of its name.
    """
    if isinstance(source, TableSource):
        table = _Table(source.table)
        yield OpenFile(tuple(map(str, source.table.columns)), iter(table), table)
        return
    with ExitStack() as stack:
        content, stored = stack.enter_context(source.open())
        columns: tuple[str, ...] | None
        try:
            if source.kind == ".parquet":
                columns, records = _parquet(content)
            else:
                # bytes that are not of the encoding become lone surrogates: only the row that holds them is lost
                line_end = "\n" if source.kind == ".jsonl" else ""
                buffered = io.BufferedReader(content)  # type: ignore[type-var]  # it has what a raw stream has
                encoding = source.encoding or _encoding(buffered.peek(2))
                text = io.TextIOWrapper(buffered, encoding=encoding, errors="surrogateescape", newline=line_end)
                stack.enter_context(text)
                if source.kind == ".jsonl":
                    columns, records = None, _jsonl(text)
                else:
                    columns, records = _delimited(text, source.kind, source.name)
        except _BROKEN as error:
            raise InputError(_sentence(source, error)) from error
        yield OpenFile(columns, _whole(records, source), stored)


def _encoding(begun: bytes) -> str:
    """Of a file that begins with these bytes."""
    return "utf-16" if begun.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"


_BROKEN = (UnicodeError, pa.ArrowException, OSError, EOFError, zlib.error, lzma.LZMAError)


def _sentence(source: Source, error: BaseException) -> str:
    reason = " ".join(str(error).split())[:200]
    return f"{source.name!r} is damaged or cut short ({reason}); fetch or write it again"


def _whole(records: Iterator[Record], source: Source) -> Iterator[Record]:
    try:
        yield from records
    except _BROKEN as error:
        raise InputError(_sentence(source, error)) from error


def _delimited(text: io.TextIOWrapper, kind: str, name: str) -> tuple[tuple[str, ...], Iterator[Record]]:
    begun = text.read(_SAMPLE)
    begun += text.readline(LINE)
    if not begun.strip():
        raise InputError(f"{name!r} is empty; it needs a first line of column names and rows below it")
    delimiter = "\t" if kind == ".tsv" else csv_delimiter(begun)
    literal = kind == ".tsv" and quotes_are_text(begun)
    csv.field_size_limit(max(csv.field_size_limit(), LINE))
    lines = _Lines(begun, text)
    rows = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE if literal else csv.QUOTE_MINIMAL)
    header = tuple(next(row for row in rows if row))
    if not literal and (number := unclosed_quote("".join(lines.taken), delimiter)):
        raise InputError(unclosed_sentence(number, name))
    return header, _rows(header, lines, rows, None if literal else delimiter, name)


class _Lines:
    """The lines of a file, of which some can be read again."""

    def __init__(self, begun: str, text: io.TextIOWrapper) -> None:
        self._begun, self._text = io.StringIO(begun, newline=""), text
        self._again: deque[str] = deque()
        self.number = 0
        self.taken: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._begun.readline() or self._text.readline(LINE)
        if not line:
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        return line

    def give_back(self, keep: int) -> None:
        """Read the lines taken after the first `keep` of them again."""
        back = self.taken[keep:]
        self._again.extendleft(reversed(back))
        self.number -= len(back)


def _rows(
    header: tuple[str, ...], lines: _Lines, rows: Iterator[list[str]], delimiter: str | None, name: str
) -> Iterator[Record]:
    """The rows below the header; `delimiter` is None where quotes have no meaning."""
    while True:
        lines.taken.clear()
        before, error = lines.number, None
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as raised:
            row, error = [], raised
        if delimiter and (opened := unclosed_quote("".join(lines.taken), delimiter)):
            lines.give_back(opened)  # so that only the row that opens it is lost
            yield Record(None, unclosed_sentence(before + opened, name))
        elif error is not None:
            yield Record(None, f"the line is no table row ({error})")
        elif len(row) == len(header):
            yield Record(dict(zip(header, row, strict=True)))
        elif row:
            yield Record(None, f"the row has {number_of(len(row), 'cell')}, the header {len(header)}")


def _jsonl(text: io.TextIOWrapper) -> Iterator[Record]:
    while line := text.readline(LINE):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Record(None, f"the line is not JSON ({error})")
            continue
        if isinstance(row, dict):
            yield Record(row)
        else:
            yield Record(None, f"the line must be a JSON object, got a {type(row).__name__}")


def _parquet(content: BinaryIO) -> tuple[tuple[str, ...], Iterator[Record]]:
    file = pq.ParquetFile(content, memory_map=False, pre_buffer=False)
    return tuple(file.schema_arrow.names), _batches(file)


def _batches(file: pq.ParquetFile) -> Iterator[Record]:
    for batch in file.iter_batches(_ROWS, use_threads=False):
        columns = {name: _cells(batch.column(name)) for name in batch.schema.names}
        for number in range(batch.num_rows):
            yield Record({name: cells[number] for name, cells in columns.items()})


def _cells(column: pa.Array) -> list[Any]:
    """Values; a string that is not UTF-8 comes with lone surrogates, as from the other formats."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        binary = pa.binary() if pa.types.is_string(column.type) else pa.large_binary()
        stored = column.view(binary).to_pylist()
        return [None if value is None else value.decode("utf-8", "surrogateescape") for value in stored]
    cells: list[Any] = column.to_pylist()
    return cells
