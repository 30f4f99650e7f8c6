"""What a corpus is read from: files, folders, globs and URLs, in one order, known again by a fingerprint."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from fsspec.compression import compr
from fsspec.core import get_compression, url_to_fs

from attribkit.data.readers import SUFFIXES, listed, missing, table_suffix
from attribkit.errors import InputError, InputNotFoundError

_CHUNK = 2**20
_LOCAL = ("file:", "local:")


@dataclass(frozen=True)
class Source:
    """One file of a corpus.

    Attributes:
        path: where, as the file system knows it; url: where, with the file system's own name before it.
        kind: its format: ".csv", ".tsv", ".jsonl" or ".parquet".
        size: bytes, as they are stored.
    """

    path: str
    url: str
    kind: str
    size: int

    @property
    def name(self) -> str:
        """Its last part."""
        return PurePosixPath(self.path).name

    @contextmanager
    def open(self) -> Iterator[tuple[BinaryIO, BinaryIO]]:
        """Its bytes, unpacked, and the stored bytes beneath them, whose position tells how far one has read."""
        name = get_compression(self.path, None if self.kind == ".parquet" else "infer")
        with _stored(self.url) as stored:
            yield compr[name](stored, mode="r") if name else stored, stored


def _stored(url: str) -> BinaryIO:
    """A file's bytes as they are stored."""
    fs, path = url_to_fs(url)
    return open(path, "rb") if url.startswith(_LOCAL) else fs.open(path, "rb")


def find_sources(inputs: str | Path | Sequence[str | Path]) -> list[Source]:
    """Every table that the inputs name, each once, in the order given; a folder's and a glob's sorted by name.

    Args:
        inputs: a file, a folder, a glob or a URL that fsspec knows (s3://, gs://, https://, memory://); or several.

    Raises:
        FileNotFoundError: if one names nothing.
        ValueError: if one is no table, or its address cannot be understood.
    """
    several = [inputs] if isinstance(inputs, (str, Path)) else list(inputs)
    if not several:
        raise InputError("`input` must name at least one file, folder or URL, got none")
    found: dict[str, Source] = {}
    for one in several:
        for source in _sources(str(one)):
            found.setdefault(source.url, source)
    return list(found.values())


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
        paths = [one for one in fs.find(path) if _is_table(one, path)]
    else:
        paths = [one for one in fs.glob(path) if fs.isfile(one) and _is_table(one, "")] if "*" in path else []
    if not paths:
        local = "file" in (fs.protocol if isinstance(fs.protocol, (tuple, list)) else (fs.protocol,))
        if local and not fs.exists(path) and "*" not in path:
            raise InputNotFoundError(missing(Path(path)))
        raise InputNotFoundError(f"{name!r} names no table ({', '.join(SUFFIXES)}); check the path")
    return [
        Source(one, fs.unstrip_protocol(one), str(table_suffix(Path(one))), int(fs.info(one)["size"] or 0))
        for one in sorted(paths)
    ]


def _is_table(path: str, folder: str) -> bool:
    """Whether a folder's file is a table and none of its parts below the folder is hidden."""
    below = PurePosixPath(path.removeprefix(folder)).parts
    return table_suffix(Path(path)) is not None and not any(part.startswith((".", "_")) for part in below)


def fingerprint(sources: Sequence[Source]) -> str:
    """A hash that changes with any file's content, or with their order.

    A local file is read for it, at a gigabyte a second; elsewhere the file system's own word (entity tag, size, time)
    is taken.
    """
    digest = hashlib.blake2b(digest_size=16)
    for source in sources:
        fs, path = url_to_fs(source.url)
        digest.update(f"{source.kind}{source.size}".encode())
        if source.url.startswith((*_LOCAL, "memory:")):
            with _stored(source.url) as stream:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
        else:
            digest.update(str(fs.checksum(path)).encode())
    return digest.hexdigest()


def total_bytes(sources: Sequence[Source]) -> int:
    """Bytes of all files, as they are stored."""
    return sum(source.size for source in sources)


def described(sources: Sequence[Source]) -> dict[str, Any]:
    """What the manifest says of them."""
    names = [source.name for source in sources]
    return {"files": len(sources), "bytes": total_bytes(sources), "names": listed(names, 5)}
