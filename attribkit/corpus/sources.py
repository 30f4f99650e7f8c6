"""The sources of a corpus: files, folders, globs and URLs, in one order, identified by a fingerprint."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, ClassVar, TypeAlias

import pandas as pd
from fsspec.compression import compr
from fsspec.core import get_compression, url_to_fs

from attribkit.data.encodings import check_encoding
from attribkit.data.intake import Rows
from attribkit.data.readers import SUFFIXES, listed, missing, table_suffix
from attribkit.data.tables import NAMED_SETS
from attribkit.data.text_tables import Data
from attribkit.errors import InputError, InputNotFoundError, InputTypeError
from attribkit.progress import Progress

_CHUNK = 2**20
_LOCAL = ("file:", "local:")


@dataclass(frozen=True)
class Source:
    """One file of a corpus.

    Attributes:
        path: where, as the file system knows it.
        url: where, with the file system's own name before it.
        kind: its format: ".csv", ".tsv", ".jsonl" or ".parquet".
        size: bytes, as they are stored.
        encoding: of its text; None for UTF-8, or UTF-16 if a byte order mark says so.
    """

    path: str
    url: str
    kind: str
    size: int
    encoding: str | None = None

    @property
    def name(self) -> str:
        """Its last part."""
        return PurePosixPath(self.path).name

    @contextmanager
    def open(self) -> Iterator[tuple[BinaryIO, BinaryIO]]:
        """Its bytes, unpacked, and the stored file beneath them, whose position tells how far it has been read."""
        name = get_compression(self.path, None if self.kind == ".parquet" else "infer")
        with _stored(self.url) as stored:
            yield compr[name](stored, mode="r") if name else stored, stored


@dataclass(frozen=True, eq=False)
class TableSource:
    """A table in memory, or of a named set, as one of the sources of a corpus.

    Attributes:
        name: what the rows' column `file` calls it.
        table: its rows.
    """

    name: str
    table: pd.DataFrame
    kind: ClassVar[str] = "table"

    @property
    def size(self) -> int:
        """How many rows: of these, not of bytes, progress is counted."""
        return len(self.table)

    def content(self) -> Iterator[bytes]:
        """The columns' names and every row's cells, for a hash."""
        yield repr(tuple(self.table.columns)).encode("utf-8", "surrogatepass")
        for row in self.table.itertuples(index=False, name=None):
            yield repr(row).encode("utf-8", "surrogatepass")


AnySource: TypeAlias = Source | TableSource
Corpus: TypeAlias = Data | Sequence[str | Path]
"""What a corpus may be: data in any of their forms, save that a list names files."""


def _stored(url: str) -> BinaryIO:
    """A file's bytes as they are stored."""
    fs, path = url_to_fs(url)
    return open(path, "rb") if url.startswith(_LOCAL) else fs.open(path, "rb")


def find_sources(
    inputs: Corpus, progress: bool | Progress | None = None, encoding: str | None = None
) -> list[AnySource]:
    """Every table that the inputs name, each once, in the order given; those of a folder or glob sorted by name.

    Args:
        inputs: a file, a folder, a glob or a URL that fsspec knows (s3://, gs://, https://, memory://); or several. A
            named set, or texts in memory other than a list, are one table: of several by split the one to measure on.
        progress: of a download of a named set, as `attribkit.progress.shown` takes it.
        encoding: of the files; None for UTF-8, or UTF-16 if a byte order mark says so.

    Raises:
        FileNotFoundError: if one names nothing.
        ValueError: if one is no table, or its address cannot be understood.
    """
    if encoding is not None:
        check_encoding(encoding)
        if not isinstance(inputs, (str, Path, list, tuple)) or (isinstance(inputs, str) and inputs in NAMED_SETS):
            raise InputError("`encoding` says how files are read, and the corpus is none; leave it out")
    if isinstance(inputs, pd.DataFrame):
        return [TableSource("table", inputs)]
    if not isinstance(inputs, (str, Path, list, tuple)) or (isinstance(inputs, str) and inputs in NAMED_SETS):
        rows = Rows.of(None, inputs, progress=progress)
        return [TableSource(rows.source or "table", rows.table)]
    several = [inputs] if isinstance(inputs, (str, Path)) else list(inputs)
    if not several:
        raise InputError("`data` must name at least one file, folder or URL, got none")
    if strange := next((name for name in several if not isinstance(name, (str, Path))), None):
        raise InputTypeError(
            f"a list of a corpus names files, folders and URLs, got {type(strange).__name__}; give texts as a table"
        )
    by_url: dict[str, Source] = {}
    for name in several:
        for source in _sources(str(name)):
            by_url.setdefault(source.url, replace(source, encoding=encoding))
    return list(by_url.values())


def _sources(name: str) -> list[Source]:
    try:
        fs, path = url_to_fs(name)
    except (ValueError, ImportError) as error:
        raise InputError(
            f"{name!r} is no address that can be read ({error}); give a file, a folder or a URL"
        ) from error
    if fs.isfile(path):
        paths = [path]
        if table_suffix(Path(path)) is None:
            raise InputError(
                f"a table must end in {', '.join(SUFFIXES)} (the first three also with .gz, .bz2, .xz), got "
                f"{PurePosixPath(path).name!r}; convert it to one of them"
            )
    elif fs.isdir(path):
        paths = [file for file in fs.find(path) if _is_table(file, path)]
    else:
        paths = [file for file in fs.glob(path) if fs.isfile(file) and _is_table(file, "")] if "*" in path else []
    if not paths:
        local = "file" in (fs.protocol if isinstance(fs.protocol, (tuple, list)) else (fs.protocol,))
        if local and not fs.exists(path) and "*" not in path:
            raise InputNotFoundError(missing(Path(path)))
        raise InputNotFoundError(f"{name!r} names no table ({', '.join(SUFFIXES)}); check the path")
    return [
        Source(file, fs.unstrip_protocol(file), str(table_suffix(Path(file))), int(fs.info(file)["size"] or 0))
        for file in sorted(paths)
    ]


def _is_table(path: str, folder: str) -> bool:
    """Whether a folder's file is a table and none of its parts below the folder is hidden."""
    below = PurePosixPath(path.removeprefix(folder)).parts
    return table_suffix(Path(path)) is not None and not any(part.startswith((".", "_")) for part in below)


def fingerprint(sources: Sequence[AnySource]) -> str:
    """A hash that changes with any file's content, or with their order.

    A local file is read for it, at a gigabyte a second; elsewhere what the file system says (entity tag, size, time) is
    used.
    """
    digest = hashlib.blake2b(digest_size=16)
    for source in sources:
        if isinstance(source, TableSource):
            for content in source.content():
                digest.update(content)
            continue
        fs, path = url_to_fs(source.url)
        digest.update(f"{source.kind}{source.size}".encode())
        if source.url.startswith((*_LOCAL, "memory:")):
            with _stored(source.url) as stream:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
        else:
            digest.update(str(fs.checksum(path)).encode())
    return digest.hexdigest()


def total_bytes(sources: Sequence[AnySource]) -> int:
    """Bytes of all files, as they are stored; of a table its rows."""
    return sum(source.size for source in sources)


def described(sources: Sequence[AnySource]) -> dict[str, Any]:
    """What the manifest holds about them."""
    names = [source.name for source in sources]
    return {"files": len(sources), "bytes": total_bytes(sources), "names": listed(names, 5)}
