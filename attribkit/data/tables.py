"""Tables as they came, from a name, a path or an object in memory."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from attribkit.data.download import named_tables
from attribkit.data.eraser import is_eraser, read_eraser_folder
from attribkit.data.readers import SPLIT_OF_NAME, listed, missing, read_file, read_folder, shortened, table_suffix
from attribkit.data.registry import SOURCES, read_imdb
from attribkit.data.source import Source
from attribkit.data.synthetic import demo_reviews
from attribkit.errors import InputError, InputNotFoundError, InputTypeError, did_you_mean
from attribkit.progress import Progress

NAMED_SETS = (*SOURCES, "demo")


@dataclass(frozen=True)
class RawTables:
    """Tables as they came, before any cleaning.

    Attributes:
        name: what a data set made of them is called.
        source: what an error's sentence calls them.
        tables: by split; one without splits is "train".
        group: a column whose values should not be in two splits; None for none.
        notes: whole sentences on where they came from.
    """

    name: str
    source: str
    tables: Mapping[str, pd.DataFrame]
    group: str | None = None
    notes: tuple[str, ...] = ()


def is_file(data: object) -> bool:
    """Whether data are a file or a folder of files: a path, or a string that is no set's name."""
    return isinstance(data, Path) or (isinstance(data, str) and data not in NAMED_SETS)


def listed_alone(data: object) -> object:
    """A string, which is one text, as a list of one; other data as they are.

    Raises:
        ValueError: for a string that names a file which is there: as a text it would be explained without a word.
    """
    if not isinstance(data, str):
        return data
    if Path(data).suffix and len(data) < 250 and Path(data).is_file():
        raise InputError(
            f"a text was expected, got the name of a file, {data!r}; give pathlib.Path({data!r}) for its rows, or "
            f"[{data!r}] if these are the words"
        )
    return [data]


def encodings_of(encoding: str | None, *several: object) -> list[str | None]:
    """For each of several data the encoding, which only files have.

    Raises:
        ValueError: for an encoding, if none of them is a file.
    """
    files = [is_file(data) for data in several]
    if encoding is not None and not any(files):
        raise InputError(
            "`encoding` says how a file of texts is read, and none was given; leave it out, or give the file as a "
            "pathlib.Path"
        )
    return [encoding if file else None for file in files]


def find_tables(
    data: object,
    download: bool = True,
    progress: bool | Progress | None = None,
    encoding: str | None = None,
) -> RawTables:
    """Read the tables of a named set, a path or an object in memory.

    Args:
        data: a named set, a file, a folder, a table, a dict of tables by split, or a `Source`.
        download: whether a named set that is not on this machine may be downloaded.
        progress: of a download, as `attribkit.progress.shown` takes it.
        encoding: of a file or of the files in a folder; None to guess.

    Raises:
        FileNotFoundError: as `load_dataset`.
        ConnectionError: as `load_dataset`.
        ValueError: for a file that cannot be read.
    """
    encodings_of(encoding, data)
    if isinstance(data, pd.DataFrame):
        return RawTables("table", "a table in memory", {"train": data})
    if isinstance(data, Source):
        return RawTables(data.name, data.name, named_tables(data, download, progress), data.group)
    if isinstance(data, Mapping):
        return RawTables("tables", "tables in memory", _by_split(data))
    if not isinstance(data, (str, Path)):
        raise InputTypeError(
            f"a data set is a name, a path, a pandas table or a dict of tables by split, got {type(data).__name__}"
        )
    if data == "demo":
        return RawTables(
            "demo", "demo", demo_reviews(), notes=("The demo reviews are synthetic: drawn from a grammar.",)
        )
    if isinstance(data, str) and data in SOURCES:
        return find_tables(SOURCES[data], download, progress)
    path = Path(data).expanduser()
    if not os.path.exists(path):  # unlike Path.exists, False also for what no path can be, such as a whole text
        words = isinstance(data, str) and " " in data.strip() and table_suffix(path) is None
        if isinstance(data, str) and path.name == data and (words or not path.suffix):
            advice = "put texts themselves into a list" if words else "choose one of them or give a path"
            hint = did_you_mean(data.lower(), NAMED_SETS, advice)
            raise InputError(
                f"{shortened(data)} is neither a known data set ({listed(NAMED_SETS)}) nor a file or folder here{hint}"
            )
        raise InputNotFoundError(missing(path))
    name = path.resolve().name
    if path.is_file():
        return _noted(name.split(".")[0], name, {"train": read_file(path, encoding)})
    if (path / "train" / "urls_pos.txt").is_file():
        return RawTables(name, name, read_imdb(path), SOURCES["imdb"].group)
    if is_eraser(path):
        tables, notes = read_eraser_folder(path)
        return RawTables(name, name, tables, notes=notes)
    return _noted(name, name, read_folder(path, encoding))


def _noted(name: str, source: str, tables: Mapping[str, pd.DataFrame]) -> RawTables:
    """The tables of files, with what was noted on reading them."""
    notes = [note for table in tables.values() for note in table.attrs.pop("notes", ())]
    return RawTables(name, source, tables, notes=tuple(notes))


def _by_split(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    named: dict[str, pd.DataFrame] = {}
    for name, table in tables.items():
        split = SPLIT_OF_NAME.get(str(name).lower())
        if split is None or split in named:
            raise InputError(f"tables must be named 'train', 'validation' and 'test', each once, got {listed(tables)}")
        if not isinstance(table, pd.DataFrame):
            raise InputTypeError(f"the {split} table must be a pandas DataFrame, got {type(table).__name__}")
        named[split] = table
    return named
