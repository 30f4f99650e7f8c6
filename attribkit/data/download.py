"""Downloads of named data sets, from the first place that has them.

A set is looked for in `$ATTRIBKIT_DATA/<name>/`, then in the cache (`$ATTRIBKIT_CACHE`, else the user's own cache
folder), and then fetched from its official source. What is fetched is checked against the published checksum, turned
into Parquet and only then put in its place: the cache holds a set whole or not at all. A download that breaks off
continues where it stopped.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pandas as pd

from attribkit.data.readers import SPLITS, listed, read_file
from attribkit.data.source import Source
from attribkit.errors import InputNotFoundError, StorageError
from attribkit.progress import Progress, shown


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
            raise InputNotFoundError(f"the data set {source.name!r} is not on this machine and {why}; {source.cure}")
        with shown(progress) as tell:
            _fetch(source, folder, tell)
    _clear(folder)
    return _read(source, folder)


def cache_folder() -> Path:
    """Where fetched data sets are kept: `$ATTRIBKIT_CACHE`, else the user's cache folder of this system."""
    if folder := os.environ.get("ATTRIBKIT_CACHE"):
        return Path(folder)
    import pooch  # which loads all of HTTP

    return Path(pooch.os_cache("attribkit"))


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
    from attribkit.data.fetch import fetch  # with what speaks HTTP, which few runs need

    for file in source.files:
        fetch(file, downloads, source.name, source.cure, progress)
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
