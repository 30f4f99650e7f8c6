"""Readers of files and folders of labelled texts; the meaning of columns is decided later."""

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import re
import warnings
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa

from attribkit.data.encodings import decode
from attribkit.errors import InputError, InputNotFoundError, did_you_mean
from attribkit.plurals import number_of

SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
SPLITS = ("train", "validation", "test")
SPLIT_OF_NAME = {
    **{name: "train" for name in ("train", "training")},
    **{name: "validation" for name in ("validation", "valid", "val", "dev", "development")},
    **{name: "test" for name in ("test", "testing")},
}
_UNPACK: Mapping[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
}
_UNLABELLED = "unsup"
_PLAIN = ("", ".txt")
"""Suffixes of a file that is a text: many collections have none."""
_OTHER_PROGRAMS: Mapping[str, str] = {
    **dict.fromkeys((".xlsx", ".xls", ".ods"), "save the sheet as CSV"),
    **dict.fromkeys(
        (".pdf", ".docx", ".doc", ".html"), "write the text of each into a .txt file in a folder per label"
    ),
}
"""What to do with the files of other programs."""


def listed(names: Iterable[object], most: int = 10) -> str:
    """Names in quotes for an error message, cut after `most` of them."""
    shown = [repr(str(name)) for name in names]
    rest = len(shown) - most
    return ", ".join(shown[:most]) + (f" and {rest:,} more" if rest > 0 else "") if shown else "nothing"


def shortened(name: object, end: bool = False) -> str:
    """A name in quotes, cut where it is as long as a text; of a path the end tells more."""
    shown = str(name)
    cut = f"…{shown[-80:]}" if end else f"{shown[:80]}…"
    return repr(shown if len(shown) <= 80 else cut)


def read_file(path: Path, encoding: str | None = None) -> pd.DataFrame:
    """Read a .csv, .tsv, .jsonl or .parquet file; the text formats may be compressed (.gz, .bz2, .xz).

    CSV and TSV cells stay strings: the word `null` is a text, the label `01` stays `01`. An empty cell is an empty
    string. A guessed encoding is said in the table's `attrs["notes"]`.

    Args:
        path: the file.
        encoding: of a text format, as `attribkit.data.encodings.decode` takes it.

    Raises:
        FileNotFoundError: if there is no such file; the message names those in its folder.
        ValueError: if the suffix is not supported or the content is not what the suffix promises.
    """
    if not path.is_file():
        raise InputNotFoundError(missing(path))
    kind = table_suffix(path)
    if kind == ".parquet":
        try:
            return pd.read_parquet(path)
        except (ValueError, OSError, pa.ArrowException) as error:
            raise InputError(
                f"{path.name!r} is not a readable Parquet file; write it anew or fetch it again"
            ) from error
    if kind is None:
        raise InputError(
            f"a table must end in {', '.join(SUFFIXES)} (the first three also with {', '.join(_UNPACK)}), "
            f"got {path.name!r}; {_OTHER_PROGRAMS.get(path.suffix.lower(), 'convert it to one of them')}"
        )
    content, notes = read_text(path, encoding)
    table = _jsonl(content, path.name) if kind == ".jsonl" else _delimited(content, kind, path.name)
    table.attrs["notes"] = notes
    return table


def table_suffix(path: Path) -> str | None:
    """The table format that a file name promises, or None."""
    name = path.name.lower()
    for packed in _UNPACK:
        name = name.removesuffix(packed)
    suffix = Path(name).suffix
    if suffix == ".parquet" and name != path.name.lower():
        return None
    return suffix if suffix in SUFFIXES else None


def read_text(path: Path, encoding: str | None = None) -> tuple[str, list[str]]:
    """The text of a plain or compressed file, and notes, as `attribkit.data.encodings.decode` gives them."""
    content = path.read_bytes()
    if unpack := _UNPACK.get(path.suffix.lower()):
        try:
            content = unpack(content)
        except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
            raise InputError(f"{path.name!r} is a broken compressed file ({error}); fetch or pack it again") from error
    return decode(content, path.name, encoding)


def missing(path: Path) -> str:
    """One sentence on a path that does not exist: what its folder holds, and the most similar name."""
    folder = path.parent
    if not os.path.isdir(folder):
        return (
            f"there is no {shortened(path.name)}, for its folder {shortened(folder, end=True)} does not exist; "
            "check the path"
        )
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    hint = did_you_mean(path.name, names, "name one of them or correct the folder")
    return f"there is no {shortened(path.name)} in the folder {shortened(folder)}, which holds {listed(names)}{hint}"


def _jsonl(content: str, name: str) -> pd.DataFrame:
    rows = []
    for number, line in enumerate(content.split("\n"), 1):  # splitlines() would also cut at U+2028 within a text
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"line {number:,} of {name!r} is not JSON ({error}); correct or remove it") from error
        if not isinstance(row, dict):
            raise InputError(
                f"line {number:,} of {name!r} must be a JSON object, got a {type(row).__name__}; correct it"
            )
        rows.append(row)
    # dtype=object: pandas' own strings refuse the lone surrogates that JSON can spell, before anyone could count them
    columns = list(dict.fromkeys(key for row in rows for key in row))
    return pd.DataFrame({key: pd.Series([row.get(key) for row in rows], dtype=object) for key in columns})


def _delimited(content: str, suffix: str, name: str) -> pd.DataFrame:
    if not content.strip():
        raise InputError(f"{name!r} is empty; it needs a first line of column names and rows below it")
    delimiter = "\t" if suffix == ".tsv" else csv_delimiter(content)
    quoting: Literal[0, 3] = csv.QUOTE_NONE if suffix == ".tsv" and quotes_are_text(content) else csv.QUOTE_MINIMAL
    if quoting == csv.QUOTE_MINIMAL and (number := unclosed_quote(content, delimiter)):
        raise InputError(unclosed_sentence(number, name))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(
                io.StringIO(content),
                sep=delimiter,
                quoting=quoting,
                dtype=str,
                keep_default_na=False,
                index_col=False,  # else rows longer than the header would silently turn a column into the index
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError) as error:
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise InputError(
            f"{name!r} is not a regular table ({reason}); quote cells that hold the separator, a quote or a line break"
        ) from error


def csv_delimiter(content: str) -> str:
    """The delimiter of a CSV file: a comma, or another one in the header line."""
    header = content.lstrip("\n\r").split("\n", 1)[0]
    return next((mark for mark in (",", ";", "\t") if mark in header), ",")


def quotes_are_text(content: str) -> bool:
    """Whether a TSV file is written without quoting, so that a lone `"` is a character of the text.

    Read as quoting, a lone quote at the start of a cell would swallow whole rows up to the next one. In a file whose
    lines all have as many tabs as the header no line break is quoted; an odd number of quotes on one of its lines then
    cannot be quoting.
    """
    lines = [line for line in content.split("\n") if line.strip()]
    tabs = lines[0].count("\t")
    return all(line.count("\t") == tabs for line in lines) and any(line.count('"') % 2 for line in lines)


def unclosed_quote(content: str, delimiter: str) -> int | None:
    """The line, from 1, of the first cell whose quote is never closed, so that it swallows the rows after it; or None.

    Never closed: not by the end, or lines later by a quote that does not end a cell, thus one that opens another.
    """
    borders = rf"{delimiter}\r\n"
    cells = rf'(?:\A|(?<=[{borders}]))"[^"]*+(?:""[^"]*+)*+(?P<end>"|\Z)(?P<beyond>[^{borders}]?)'
    for cell in re.finditer(cells, content):
        if not cell["end"] or (cell["beyond"] and "\n" in cell[0]):
            return content.count("\n", 0, cell.start()) + 1
    return None


def unclosed_sentence(number: int, name: str) -> str:
    """What is wrong with a line that `unclosed_quote` gives, and the cure."""
    return (
        f"line {number:,} of {name!r} opens a quote that is never closed and swallows the rows after it; close it, or "
        'write a quote that belongs to the text twice ("") in a quoted cell'
    )


def read_folder(folder: Path, encoding: str | None = None) -> dict[str, pd.DataFrame]:
    """Read `train.*`, `validation.*` and `test.*` files, or `label/*.txt`, or `train/label/*.txt` and its like.

    The texts under a label may also be files without a suffix.

    `valid`, `val` and `dev` mean validation. A folder of labels alone is one table, called `train`.

    Raises:
        FileNotFoundError: if the folder holds none of these layouts.
        ValueError: if two files claim one split, or one cannot be read.
    """
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        split = SPLIT_OF_NAME.get(path.name.split(".")[0].lower())
        if split is None or not path.is_file() or table_suffix(path) is None:
            continue
        if split in files:
            raise InputError(
                f"{files[split].name!r} and {path.name!r} both claim to be the {split} split; keep one of them"
            )
        files[split] = path
    if files:
        return {split: read_file(path, encoding) for split, path in files.items()}
    parts = {SPLIT_OF_NAME[path.name.lower()]: path for path in _folders(folder) if path.name.lower() in SPLIT_OF_NAME}
    tables = (
        {split: _label_folders(path, encoding) for split, path in parts.items()}
        if parts
        else {"train": _label_folders(folder, encoding)}
    )
    if not any(len(table) for table in tables.values()):
        raise InputNotFoundError(_no_layout(folder))
    return tables


def _no_layout(folder: Path) -> str:
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    suffixes = (path.suffix.lower() for path in sorted(folder.glob("**/*")) if path.is_file())
    advice = next((_OTHER_PROGRAMS[suffix] for suffix in suffixes if suffix in _OTHER_PROGRAMS), None)
    return (
        f"the folder {folder.name!r} should hold train.* and test.* tables ({', '.join(SUFFIXES)}) or one folder "
        f"of .txt files per label, but it holds {listed(names)}; {advice or 'arrange it so or name a file in it'}"
    )


def _folders(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]


def _label_folders(folder: Path, encoding: str | None) -> pd.DataFrame:
    """One row per text in `label/`; `id` is the file's path in `folder`. A folder of unlabelled texts is left alone."""
    rows, notes = [], []
    for label in _folders(folder):
        paths = sorted(label.iterdir()) if label.name != _UNLABELLED else []
        for path in paths:
            if path.suffix.lower() in _PLAIN and path.is_file() and not path.name.startswith("."):
                text, guessed = read_text(path, encoding)
                rows.append((text, label.name, f"{label.name}/{path.name}"))
                notes += guessed
    table = pd.DataFrame(rows, columns=["text", "label", "id"], dtype="str")
    if len(notes) > 1:
        notes = [f"{number_of(len(notes), 'text is', 'texts are')} not in UTF-8; {notes[0]}"]
    table.attrs["notes"] = notes
    return table
