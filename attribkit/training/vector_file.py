"""Files of word vectors, plain or compressed, read line by line; every error names its line."""

import codecs
import gzip
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError, InputIsFolderError, InputNotFoundError
from attribkit.progress import Progress

_LONGEST = 2**20
_SEPARATORS = re.compile(rb"[\t ]{2,}|\t")  # all but single spaces, so that GloVe's own lines stay as they are
_DECIMAL = re.compile(rb"[-+]?\d*\.\d+(?:[eE][-+]?\d+)?\Z")


def entries(lines: Iterator[bytes]) -> Iterator[tuple[int, bytes, bytes]]:
    """Line number, word and unparsed numbers of every line; the width is that of the first line that is no header.

    Spaces and tabs, however many in a row, are one separator; a byte order mark is no part of the first word.

    Raises:
        ValueError: for a line that is not a word followed by the right number of numbers; the sentence names it.
    """
    size = 0
    for number, line in enumerate(lines, start=1):
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        line = _SEPARATORS.sub(b" ", line).rstrip(b" \r\n")
        if not line:
            continue
        if not size:
            pieces = line.split(b" ")
            if number == 1 and len(pieces) == 2 and all(piece.isdigit() for piece in pieces):
                continue  # word2vec's header: how many words, how wide
            size = _width(pieces, number)
        spaces = line.count(b" ")
        word = line[: line.index(b" ")] if spaces == size else line.rsplit(b" ", size)[0]
        # a word may contain spaces, but one that ends in a decimal number is a line with too many of them
        if spaces < size or (spaces > size and _DECIMAL.search(word.rsplit(b" ", 1)[-1])):
            decoded(line, number)
            raise InputError(
                f"each line must be a word and {size} numbers, as the first line is, but line {number} has {spaces}; "
                "get the file anew or remove the line"
            )
        yield number, word, line[len(word) + 1 :]


def _width(pieces: list[bytes], number: int) -> int:
    """How many numbers end the first line; its word may contain spaces."""
    decoded(b" ".join(pieces), number)
    size = 0
    while size < len(pieces) - 1 and _is_number(pieces[-1 - size]):
        size += 1
    if not size:
        raise InputError(
            f"a file of word vectors was expected, each line a word and its numbers, but line {number} is "
            f"{b' '.join(pieces)[:40].decode(errors='replace')!r}; give a text file such as glove.6B.300d.txt"
        )
    return size


def _is_number(piece: bytes) -> bool:
    try:
        float(piece)
    except ValueError:
        return False
    return True


def decoded(line: bytes, number: int) -> str:
    """A line, or a part of it, as text.

    Raises:
        ValueError: if it is not UTF-8.
    """
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise InputError(
            f"a file of word vectors must be UTF-8 text, but line {number} is not; give the text format, not the "
            "binary one, or convert it with iconv"
        ) from error


def vector(word: bytes, numbers: bytes, number: int) -> NDArray[np.float32]:
    """The numbers of a line.

    Raises:
        ValueError: if one is none, or not finite.
    """
    try:
        vector = np.array([float(piece) for piece in numbers.split(b" ")], dtype=np.float32)
    except ValueError as error:
        raise InputError(
            f"the vector of {word.decode()!r} in line {number} must be numbers ({error}); get the file anew or remove "
            "the line"
        ) from error
    if not np.isfinite(vector).all():
        raise InputError(
            f"the vector of {word.decode()!r} in line {number} holds NaN or infinity; get the file anew or remove "
            "the line"
        )
    return vector


@contextmanager
def opened(path: Path, progress: Progress) -> Iterator[Iterator[bytes]]:
    """The lines of a plain or compressed file; an error in it becomes one sentence."""
    archive, member = (
        (path.parent, path.name) if path.parent.suffix == ".zip" and path.parent.is_file() else (path, None)
    )
    if archive.is_dir():
        raise InputIsFolderError(
            f"a file of word vectors was expected, but {str(path)!r} is a folder; name a file in it"
        )
    if not archive.is_file():
        raise InputNotFoundError(f"there is no file of word vectors {str(path)!r}; check the path")
    with archive.open("rb") as raw:
        try:
            with _uncompressed(raw, archive, member) as file:
                yield _with_progress(_lines(file), raw, archive, progress)
        except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error) as error:
            raise InputError(f"{archive.name} is damaged or cut short ({error}); get the file anew") from error


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """The lines; ValueError for one without end, which would fill the memory."""
    number = 0
    while line := file.readline(_LONGEST):
        number += 1
        if len(line) == _LONGEST:
            raise InputError(
                f"each line must be a word and its numbers, but line {number} is longer than {_LONGEST:,} bytes; give "
                "a text file such as glove.6B.300d.txt"
            )
        yield line


def _uncompressed(raw: IO[bytes], path: Path, member: str | None) -> IO[bytes]:
    if path.suffix == ".gz":
        return gzip.open(raw)  # type: ignore[return-value]  # reads bytes, whatever the stubs call it
    if path.suffix != ".zip":
        return raw
    archive = zipfile.ZipFile(raw)
    names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
    if member is None and len(names) == 1:
        member = names[0]
    if member not in names:
        raise InputError(
            f"{path.name} holds {', '.join(names) or 'nothing'}; name the one to read as {path.name}/"
            f"{names[0] if names else 'file.txt'}"
        )
    return archive.open(member)


def _with_progress(lines: Iterator[bytes], raw: IO[bytes], path: Path, progress: Progress) -> Iterator[bytes]:
    """The lines; the progress counts the bytes of the stored file."""
    size, what = path.stat().st_size, f"reading {path.name}"
    for number, line in enumerate(lines):
        if number % 4096 == 0:
            progress(min(raw.tell(), size), size, what)
        yield line
    progress(size, size, what)
