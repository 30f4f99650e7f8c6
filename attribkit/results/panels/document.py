"""A page that is read from top to bottom: figures, then sections of sentences, panels and explained texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from attribkit.results.panels.kinds import Drawable, Panel


@dataclass(frozen=True)
class Figure:
    """One figure of a report: its name, its value in words or digits, and what it means."""

    name: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Section:
    """What answers one question of the reader.

    Attributes:
        anchor: a word for links, such as "global-importance".
        title: the question.
        short: the title in a table of contents.
        sentences: what the panels say, in words; or why there are none.
        panels: what is drawn, in order.
        rows: explained texts, drawn one below the other, each on a few lines.
        search: whether the rows are many and get a search box.
    """

    anchor: str
    title: str
    short: str
    sentences: tuple[str, ...] = ()
    panels: tuple[Panel, ...] = ()
    rows: tuple[Drawable, ...] = ()
    search: bool = False


@dataclass(frozen=True)
class Document:
    """A title, a few sentences and figures, then the sections; `provenance` says how it was made."""

    title: str
    sentences: tuple[str, ...]
    figures: tuple[Figure, ...]
    sections: tuple[Section, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)
