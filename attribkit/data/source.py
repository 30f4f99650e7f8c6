"""Where named data sets come from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd


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

    @property
    def cure(self) -> str:
        """What to do where the set cannot be fetched."""
        return f"put {self.by_hand} into the folder {self.name!r} of a folder that ATTRIBKIT_DATA names"
