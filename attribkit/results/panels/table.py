"""Words and numbers in rows and columns."""

from dataclasses import dataclass

from attribkit.errors import InputError
from attribkit.plurals import number_of
from attribkit.results.panels.arrays import nested

Cell = str | int | float | None


@dataclass(frozen=True)
class Bar:
    """A row's main number as a bar, with its interval if one is known: low ≤ value ≤ high."""

    value: float
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        ends = [end for end in (self.low, self.value, self.high) if end is not None]
        if not all(abs(end) < float("inf") for end in ends):
            raise InputError(f"a bar's numbers must be finite, got {self}; leave the bar out where there is none")
        if ends != sorted(ends) or (self.low is None) != (self.high is None):
            raise InputError(f"a bar needs low <= value <= high, or neither end, got {self}")


@dataclass(frozen=True)
class Table:
    """A small table.

    Attributes:
        title: what it shows.
        columns: the columns' names, with their units.
        rows: one cell per column each; None is drawn as "–".
        notes: sentences a reader must know.
        bars: one per row, or None for a row without; drawn after the first cell on an axis that all rows share, which
            is symmetric about 0 where any is negative. Empty for a table without bars. Formats that cannot draw them
            leave them out, so their numbers belong in cells as well.
        shades: for each cell how strongly it is shaded, from 0 to 1, or None; empty for a table without shades.

    Example:
        >>> import attribkit as ak
        >>> from attribkit.results.panels import Table
        >>> table = Table("Words", ("word", "score"), (("horrible", 5.6), ("great", -3.1)))
        >>> ak.Panels([table]).save("words.html").name
        'words.html'
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    bars: tuple[Bar | None, ...] = ()
    shades: tuple[tuple[float | None, ...], ...] = ()

    kind = "table"

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "rows", tuple(tuple(row) for row in self.rows))
        object.__setattr__(self, "notes", tuple(self.notes))
        object.__setattr__(self, "bars", tuple(None if bar is None else nested(Bar, bar) for bar in self.bars))
        object.__setattr__(self, "shades", tuple(tuple(row) for row in self.shades))
        wrong = next((row for row in self.rows if len(row) != len(self.columns)), None)
        if wrong is not None:
            raise InputError(f"each row needs {len(self.columns)} cells, got {len(wrong)}; give one per column")
        for row in self.rows:
            if any(isinstance(cell, float) and not abs(cell) < float("inf") for cell in row):
                raise InputError(f"a table's numbers must be finite, got the row {row}; write None for a missing one")
        if self.bars and len(self.bars) != len(self.rows):
            raise InputError(
                f"`bars` must hold one entry per row, got {len(self.bars)} for {number_of(len(self.rows), 'row')}"
            )
        if self.shades and [len(row) for row in self.shades] != [len(row) for row in self.rows]:
            raise InputError("`shades` must hold one entry per cell; give None for a cell without")
        if any(shade is not None and not 0 <= shade <= 1 for row in self.shades for shade in row):
            raise InputError("every shade must lie between 0 and 1")
