"""Every format that a result can be saved in: the one list from which `save`, its errors and help texts are made.

A new format is a module beside this one, with a function from the results to text or bytes, and a line of `FORMATS`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from attribkit.errors import InputError, InputTypeError

if TYPE_CHECKING:  # the list is read for help texts too, which must not wait for numpy
    from attribkit.results.panels import Drawable


class Savable(Protocol):
    """A result that can be saved: parts to draw one below the other, and its own JSON."""

    def parts(self) -> Sequence[Drawable]:
        """What is drawn, one below the other."""
        ...

    def answer(self) -> str | None:
        """The sentence that stands above them."""
        ...

    def to_html(self) -> str:
        """A page that needs nothing else."""
        ...

    def to_json(self) -> str:
        """Data that can be loaded again."""
        ...


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        suffix: of its files, in lower case.
        description: what such a file is for, in a few words.
        write: the whole file's content, of one result or of several.
        drawn: whether it is a picture, whose `write` takes `width`, `dpi` and `theme`.
    """

    suffix: str
    description: str
    write: Callable[..., str | bytes]
    drawn: bool = False


def _html(result: Savable) -> str:
    """Made by the result, which knows the sentence that answers its question."""
    return result.to_html()


def _latex(result: Savable) -> str:
    from attribkit.render import latex

    return latex.fragment(result.parts())


def _json(result: Savable) -> str:
    """Written by the result, which also reads it back."""
    return result.to_json()


def _csv(result: Any) -> bytes:
    """Made by the result, which knows its rows; a cell may hold half of a surrogate pair."""
    return str(result.to_csv()).encode("utf-8", "replace")


def _picture(format: str) -> Callable[[Any], bytes]:
    def write(result: Savable, **settings: Any) -> bytes:
        # matplotlib takes a second to import, and only pictures need it
        from attribkit.render import picture

        return picture.image(result.parts(), format, lead=result.answer(), **settings)

    return write


FORMATS: dict[str, Format] = {
    fmt.suffix: fmt
    for fmt in (
        Format(".html", "a page that needs nothing else", _html),
        Format(".png", "a picture", _picture("png"), drawn=True),
        Format(".svg", "a picture of shapes", _picture("svg"), drawn=True),
        Format(".pdf", "a picture for print", _picture("pdf"), drawn=True),
        Format(".json", "data that can be loaded again", _json),
        Format(".tex", "LaTeX to include in a paper", _latex),
    )
}


TABLE = {".csv": Format(".csv", "the rows as a table", _csv)}
"""Beside them, of a result that has more rows than it draws."""

NONE: Mapping[str, Format] = MappingProxyType({})


def suffixes() -> str:
    """The suffixes as a sentence names them: ".html, .png or .tex"."""
    *first, last = FORMATS
    return f"{', '.join(first)} or {last}"


def suffix_of(path: object, known: Iterable[str]) -> str:
    """The suffix of a file to write, in lower case.

    Raises:
        TypeError: for what is no path; the sentence lists the suffixes known.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise InputTypeError(f"a file name that ends in {' or '.join(known)} was expected, got {path!r}; name a file")
    return Path(path).suffix.lower()


def format_of(path: str | Path, own: Mapping[str, Format] = NONE) -> Format:
    """The format of a path, by its suffix in upper or lower case.

    Args:
        path: of a file to write.
        own: formats of the result beside those of all.

    Raises:
        TypeError: for what is no path.
        ValueError: for another suffix; the sentence lists those that there are.
    """
    known = {**FORMATS, **own}
    suffix = suffix_of(path, known)
    if suffix not in known:
        raise InputError(
            f"the file's suffix must be one of {', '.join(known)}, got {Path(path).name!r}; rename it, or write a "
            "table with to_frame()"
        )
    return known[suffix]


def content(
    result: Savable,
    path: str | Path,
    width: float | None = None,
    dpi: int | None = None,
    theme: str | None = None,
    own: Mapping[str, Format] = NONE,
) -> bytes:
    """The content of a file at `path`.

    Args:
        result: one, or several.
        path: its suffix decides the format.
        width: of a picture in inches, 4 to 40.
        dpi: pixels per inch of a picture, 20 to 1200.
        theme: "light" or "dark", of a picture.
        own: formats of the result beside those of all.

    Raises:
        ValueError: for a suffix without a format, or for settings of a picture where none is drawn.
    """
    chosen = format_of(path, own)
    settings = {name: value for name, value in (("width", width), ("dpi", dpi), ("theme", theme)) if value is not None}
    if settings and not chosen.drawn:
        pictures = ", ".join(picture.suffix for picture in FORMATS.values() if picture.drawn)
        raise InputError(
            f"`{next(iter(settings))}` is for pictures ({pictures}), got {Path(path).name!r}; leave it out"
        )
    written = chosen.write(result, **settings)
    return written.encode() if isinstance(written, str) else written
