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
class Group:
    """Panels under one heading, closed until a reader opens it."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Section:
    """What answers one question of the reader.

    Attributes:
        anchor: a word for links, such as "global-importance".
        title: the question.
        short: the title in a table of contents.
        sentences: what the panels say, in words; or why there are none.
        panels: what is drawn, in order.
        groups: panels that a reader opens, group by group, below the others.
        picked: what the groups are told apart by, such as "label": a reader picks one of them, and the first is open;
            empty where each is opened by itself.
        rows: explained texts, drawn one below the other, each on a few lines.
        search: whether the rows are many and get a search box.
    """

    anchor: str
    title: str
    short: str
    sentences: tuple[str, ...] = ()
    panels: tuple[Panel, ...] = ()
    groups: tuple[Group, ...] = ()
    picked: str = ""
    rows: tuple[Drawable, ...] = ()
    search: bool = False

    @property
    def all_panels(self) -> tuple[Panel, ...]:
        """The panels, and then those of the groups."""
        return (*self.panels, *(panel for group in self.groups for panel in group.panels))


@dataclass(frozen=True)
class Document:
    """A page that answers first: a title, what it is about, the answer in a few sentences and figures, then sections.

    Attributes:
        title: of the page.
        sentences: what it is about, and what a reader must know of the data.
        figures: the most important numbers.
        sections: in order.
        answers: the answer in short, each with its figure.
        provenance: how it was made.
        kind: what the page is, in a few words above its title.
        facts: its model and data, in a few words each; the day is added where it is drawn.
    """

    title: str
    sentences: tuple[str, ...]
    figures: tuple[Figure, ...]
    sections: tuple[Section, ...]
    answers: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "Report on a text classifier"
    facts: tuple[str, ...] = ()
