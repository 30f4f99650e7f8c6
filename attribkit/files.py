"""Files that are written whole or not at all, and folders that are locked."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from attribkit.errors import InputIsFolderError, InputNotFoundError

try:
    import fcntl
except ImportError:  # Windows, where folders cannot be locked
    fcntl = None  # type: ignore[assignment]  # a module elsewhere


def write_whole(path: str | Path, content: bytes) -> Path:
    """Write `content` to `path` so that a reader sees the old file or the new one, never a part.

    Something that is no file, such as /dev/stdout, is written to directly, for it cannot be replaced.

    Returns:
        the path.

    Raises:
        FileNotFoundError: if the folder does not exist.
        OSError: if it cannot be written.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise InputNotFoundError(f"the folder {str(path.parent)!r} does not exist; make it first")
    if path.is_dir():
        raise InputIsFolderError(f"a file name was expected, but {str(path)!r} is a folder; name a file in it")
    if path.exists() and not path.is_file():
        with open(path, "wb") as file:
            file.write(content)
        return path
    partial = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is not None:
            error.filename = str(path)  # the file that the user knows of
        raise
    return path


@contextmanager
def locked(folder: Path, shared: bool = False) -> Iterator[None]:
    """Keep other processes of this toolkit from using a folder, or with `shared` only from changing it, meanwhile.

    The system lifts the lock when the process ends, for whatever reason. A folder that cannot be locked (on Windows, on
    some network drives) is used without a lock.
    """
    place = os.open(folder, os.O_RDONLY) if fcntl is not None and folder.is_dir() else None
    try:
        if place is not None:
            with suppress(OSError):
                fcntl.flock(place, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        if place is not None:
            os.close(place)
