"""One file over HTTP: it goes on where an earlier try broke off, and is checked against its published checksum."""

import hashlib
import os
from pathlib import Path

import pooch
import requests
from urllib3.exceptions import HTTPError

from attribkit.data.source import RemoteFile
from attribkit.errors import DownloadError, StorageError
from attribkit.progress import Progress

_ATTEMPTS = 5
_TIMEOUT = (10, 60)  # seconds to connect, and to wait for more bytes
_CHUNK = 1 << 16


def fetch(file: RemoteFile, folder: Path, name: str, cure: str, progress: Progress) -> None:
    """Fetch one file through pooch, which skips it if it is there and lets none with a wrong checksum in its place.

    Args:
        file: what to fetch.
        folder: where to put it.
        name: of the data set.
        cure: what to do if that fails.
        progress: as `attribkit.progress.Progress` says.

    Raises:
        ConnectionError: if the server cannot be reached or breaks off; what came is kept for the next call.
        OSError: if the checksum is wrong; the file is deleted.
    """
    part = folder / f"{file.name}.part"

    def downloader(url: str, output_file: str, _pooch: object) -> None:
        _complete(file, part, name, cure, progress)
        os.replace(part, output_file)

    pooch.get_logger().setLevel("WARNING")  # what it does is told by `progress`
    pooch.retrieve(file.url, file.checksum, file.name, folder, downloader=downloader)


def _complete(file: RemoteFile, part: Path, name: str, cure: str, progress: Progress) -> None:
    """Bring `part` to the whole file: go on where it stops, or begin anew if it proves to be another file's."""
    for _ in range(_ATTEMPTS):
        had = _size(part)
        try:
            _append(file, part, progress)
        except requests.RequestException as error:
            if _size(part) == had:
                raise DownloadError(
                    f"the data set {name!r} cannot be fetched from {file.url} ({_reason(error)}); "
                    f"try again later{_kept(part)}, or {cure}"
                ) from error
            continue
        if _checksum(part, file.checksum) == file.checksum:
            return
        part.unlink()
        if had == 0:
            raise StorageError(
                f"what {file.url} sent does not have the published checksum {file.checksum} and was deleted; "
                f"try again later, or {cure}"
            )
    raise DownloadError(f"{file.url} broke off {_ATTEMPTS} times; try again later{_kept(part)}, or {cure}")


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
