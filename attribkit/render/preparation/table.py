"""What all drawings of a table share: which columns are numbers, each cell in words, and the axis of its bars."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from attribkit.render.preparation.numbers import number
from attribkit.render.preparation.unicode import visible
from attribkit.results.panels import Bar, Panel, Table
from attribkit.results.panels.table import Cell

NOTHING = "–"

MOST = 240
"""Characters of a cell; the rest of a longer one is cut off, and an ellipsis says so."""


@dataclass(frozen=True)
class Bars:
    """The axis that a table's bars share: `zero` lies at that share of it, one unit is `unit` long."""

    zero: float
    unit: float

    @staticmethod
    def of(*panels: Table) -> "Bars":
        """The axis that holds every bar and its interval."""
        bars = [bar for panel in panels for bar in panel.bars if bar is not None]
        ends = [end for bar in bars for end in (bar.low, bar.value, bar.high) if end is not None]
        most = max((abs(end) for end in ends), default=0.0) or 1.0
        return Bars(0.5, 0.5 / most) if min(ends, default=0.0) < 0 else Bars(0.0, 1.0 / most)

    def at(self, value: float) -> float:
        """Where a value lies, from 0 to 1."""
        return self.zero + value * self.unit

    def span(self, bar: Bar) -> tuple[float, float]:
        """Where the bar begins and ends, from the left."""
        at = self.at(bar.value)
        return min(self.zero, at), max(self.zero, at)


def axes(panels: Iterable[Panel]) -> dict[int, Bars]:
    """One axis per table with bars, by the table's `id`; those of the same columns are compared and share one."""
    groups: dict[tuple[str, ...], list[Table]] = {}
    for panel in panels:
        if isinstance(panel, Table) and panel.bars:
            groups.setdefault(panel.columns, []).append(panel)
    return {id(table): Bars.of(*tables) for tables in groups.values() for table in tables}


def keyword(panel: Table, row: int, column: int) -> str:
    """What the examples of a table of words or phrases are examples of; empty for another table or column."""
    examples = column > 0 and panel.columns[0] in ("word", "phrase") and "interval" not in panel.columns[column]
    return str(panel.rows[row][0]) if examples else ""


def divided(cell: str, word: str) -> tuple[str, str, str]:
    """A cell before, at and after the first place of a word; all of it before where it does not occur."""
    place = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", cell, re.IGNORECASE) if word else None
    return (cell[: place.start()], place[0], cell[place.end() :]) if place else (cell, "", "")


def kept(cell: str, word: str, fits: Callable[[str], bool]) -> str:
    """The cell without so many of its first words that what fits holds the word whose example it is."""
    before, at, after = divided(cell, word)
    if not at:
        return cell
    start = before
    while start.split() and not fits(f"{start}{at}…"):
        start = f"… {' '.join(start.removeprefix('…').split()[1:])} ".replace("…  ", "… ")
        if start == "… ":
            break
    return f"{start}{at}{after}"


def numeric(panel: Table) -> list[bool]:
    """For each column whether it holds numbers only, and so is aligned to the right."""
    columns = zip(*panel.rows, strict=True) if panel.rows else ([] for _ in panel.columns)
    return [_is_numeric([cell for cell in column if cell is not None]) for column in columns]


def cells(panel: Table) -> list[list[str]]:
    """Each row's cells as they are shown: the numbers of a column to the same digits where their sizes allow it."""
    columns = [_column(column) for column in zip(*panel.rows, strict=True)]
    return [list(row) for row in zip(*columns, strict=True)]


def _is_numeric(column: list[Cell]) -> bool:
    return bool(column) and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in column)


def _column(column: tuple[Cell, ...]) -> list[str]:
    sizes = [abs(cell) for cell in column if isinstance(cell, float) and cell]
    # a column from 10⁻⁷ to 3 has no common digits: each number is then written at its own size
    together = bool(sizes) and max(sizes) <= 1e3 * min(sizes)
    size = max(min(sizes), max(sizes) / 10) if together else None  # the smallest must not give the largest many digits
    return [_words(cell, size) for cell in column]


def _words(cell: Cell, size: float | None) -> str:
    if cell is None:
        return NOTHING
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}".replace("-", "−")
    if isinstance(cell, float):
        return number(cell, size, sign=False)
    return visible(cell if len(cell) <= MOST else f"{cell[: MOST - 1].rstrip()}…", one_line=True)
