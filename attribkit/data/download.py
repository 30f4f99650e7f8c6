"""Downloads of named data sets, from the first place that has them.

A set is looked for in `$ATTRIBKIT_DATA/<name>/`, then in the cache (`$ATTRIBKIT_CACHE`, else the user's own cache
folder), and then fetched from its official source. What is fetched is checked against the published checksum, turned
into Parquet and only then put in its place: the cache holds a set whole or not at all. A download that breaks off
continues where it stopped.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pooch
import requests
from urllib3.exceptions import HTTPError

from attribkit.data.readers import SPLITS, listed, read_file
from attribkit.errors import DownloadError, InputNotFoundError, StorageError
from attribkit.progress import Progress, shown

_ATTEMPTS = 5
_TIMEOUT = (10, 60)  # seconds to connect, and to wait for more bytes
_CHUNK = 1 << 16


@dataclass(frozen=True)
class RemoteFile:
    """A file to fetch: the name to keep it under, its address, and its published checksum as `algorithm:hexdigest`."""

    name: str
    url: str
    checksum: str


@dataclass(frozen=True)
class Source:
    """Where a named data set comes from.

    `read` turns a folder of the official files into tables by split; `by_hand` ends the sentence "put … into the
    folder" for those who must download the set themselves; `files` is empty for a set that is not published; `group`
    names the column whose values may not be in two splits.
    """

    name: str
    read: Callable[[Path], Mapping[str, pd.DataFrame]]
    by_hand: str
    files: tuple[RemoteFile, ...] = ()
    group: str | None = None
    citation: str = ""
    licence: str = "none stated"


def named_tables(
    source: Source, download: bool = True, progress: bool | Progress | None = None
) -> dict[str, pd.DataFrame]:
    """The tables of a named set, by split, from the first place that has it.

    Args:
        source: where the set comes from.
        download: whether it may be downloaded.
        progress: as `attribkit.progress.shown` takes it.

    Raises:
        FileNotFoundError: if the set is not on this machine and may not or cannot be downloaded, or its folder lacks
            the files.
        ConnectionError: if the server cannot be reached or breaks off; the part that was received is kept for the next
            call.
        OSError: if the checksum is wrong (the file is deleted) or the cache cannot be written.
        ValueError: if a file does not have the expected layout.
    """
    if root := os.environ.get("ATTRIBKIT_DATA"):
        if not Path(root).is_dir():
            raise InputNotFoundError(f"ATTRIBKIT_DATA names {root!r}, which is not a folder; correct or unset it")
        if (folder := Path(root) / source.name).is_dir():
            return _read(source, folder)
    folder = cache_folder() / source.name
    if not folder.is_dir():
        if not (download and source.files):
            why = "may not be downloaded (`download=False`)" if source.files else "is published nowhere"
            raise InputNotFoundError(
                f"the data set {source.name!r} is not on this machine and {why}; {_by_hand(source)}"
            )
        with shown(progress) as tell:
            _fetch(source, folder, tell)
    _clear(folder)
    return _read(source, folder)


def cache_folder() -> Path:
    """Where fetched data sets are kept: `$ATTRIBKIT_CACHE`, else the user's cache folder of this system."""
    return Path(os.environ.get("ATTRIBKIT_CACHE") or pooch.os_cache("attribkit"))


def _by_hand(source: Source) -> str:
    return f"put {source.by_hand} into the folder {source.name!r} of a folder that ATTRIBKIT_DATA names"


def _read(source: Source, folder: Path) -> dict[str, pd.DataFrame]:
    """Tables from Parquet files, as the cache holds them, or from the official files."""
    paths = {split: folder / f"{split}.parquet" for split in SPLITS}
    if paths["train"].is_file():
        return {split: read_file(path) for split, path in paths.items() if path.is_file()}
    try:
        return dict(source.read(folder))
    except FileNotFoundError as error:
        names = sorted(entry.name for entry in folder.iterdir())
        raise InputNotFoundError(
            f"the folder {str(folder)!r} lacks files of the data set {source.name!r}, it holds {listed(names)}; "
            f"put {source.by_hand} into it"
        ) from error


def _fetch(source: Source, folder: Path, progress: Progress) -> None:
    """Download the official files, check them, and put them as Parquet into `folder` in one step."""
    downloads = folder.parent / "downloads" / source.name
    try:
        downloads.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"the cache folder {str(folder.parent)!r} cannot be written ({error.strerror}); "
            "name another by ATTRIBKIT_CACHE"
        ) from error
    for file in source.files:
        _download(source, file, downloads, progress)
    tables = source.read(downloads)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{source.name}-") as temporary:
        whole = Path(temporary) / source.name
        whole.mkdir()
        for split, table in tables.items():
            table.to_parquet(whole / f"{split}.parquet", index=False)
        try:
            os.replace(whole, folder)
        except OSError:
            if not folder.is_dir():  # where it is one, another process was first: the set is there all the same
                raise


def _clear(folder: Path) -> None:
    """Remove what fetching a set needed, now that it is in its place; also what a fetch that was killed left behind."""
    for left in (folder.parent / "downloads" / folder.name, *folder.parent.glob(f".{folder.name}-*")):
        shutil.rmtree(left, ignore_errors=True)


def _download(source: Source, file: RemoteFile, folder: Path, progress: Progress) -> None:
    """Fetch one file through pooch, which skips it if it is there and lets none with a wrong checksum in its place."""
    part = folder / f"{file.name}.part"

    def downloader(url: str, output_file: str, _pooch: object) -> None:
        _complete(source, file, part, progress)
        os.replace(part, output_file)

    pooch.retrieve(file.url, file.checksum, file.name, folder, downloader=downloader)


def _complete(source: Source, file: RemoteFile, part: Path, progress: Progress) -> None:
    """Bring `part` to the whole file: go on where it stops, or begin anew if it proves to be another file's."""
    for _ in range(_ATTEMPTS):
        had = _size(part)
        try:
            _append(file, part, progress)
        except requests.RequestException as error:
            if _size(part) == had:
                raise DownloadError(
                    f"the data set {source.name!r} cannot be fetched from {file.url} ({_reason(error)}); "
                    f"try again later{_kept(part)}, or {_by_hand(source)}"
                ) from error
            continue
        if _checksum(part, file.checksum) == file.checksum:
            return
        part.unlink()
        if had == 0:
            raise StorageError(
                f"what {file.url} sent does not have the published checksum {file.checksum} and was deleted; "
                f"try again later, or {_by_hand(source)}"
            )
    raise DownloadError(f"{file.url} broke off {_ATTEMPTS} times; try again later{_kept(part)}, or {_by_hand(source)}")


def _append(file: RemoteFile, part: Path, progress: Progress) -> None:
    """One request for what `part` lacks. Without a range the server sends the whole, which then replaces the part."""
    start = _size(part)
    # A compressed answer would make byte positions meaningless.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with requests.get(file.url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            return  # nothing lies beyond the part: it is whole or not of this file, and the checksum tells which
        response.raise_for_status()
        resumed = response.headers.get("Content-Range", "").startswith(f"bytes {start}-") if start else False
        length = response.headers.get("Content-Length")
        whole = int(length) + start * resumed if length and length.isdigit() else None
        done = start * resumed
        with part.open("ab" if resumed else "wb") as output:
            try:
                # read1 hands over what has come; iter_content loses a chunk's beginning where the rest breaks off.
                while chunk := response.raw.read1(_CHUNK):
                    output.write(chunk)
                    done += len(chunk)
                    progress(done, whole or done, f"fetching {file.name}")
            except HTTPError as error:
                raise requests.ConnectionError(str(error)) from error
    if whole is not None and _size(part) < whole:
        raise requests.ConnectionError(f"{_size(part):,} of {whole:,} bytes came")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _kept(part: Path) -> str:
    return f" (the {_size(part):,} bytes that came are kept and the rest will be asked for)" if _size(part) else ""


def _checksum(path: Path, like: str) -> str:
    algorithm = like.partition(":")[0]
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


def _reason(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"the server answered {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return "the server did not answer in time"
    return "the connection failed"
