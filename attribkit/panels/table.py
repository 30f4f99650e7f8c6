"""Words and numbers in rows and columns."""

from dataclasses import dataclass

Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """A small table.

    Attributes:
        title: what it shows.
        columns: the columns' names, with their units.
        rows: one cell per column each; None is drawn as "–".
        notes: sentences a reader must know.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    kind = "table"

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "rows", tuple(tuple(row) for row in self.rows))
        object.__setattr__(self, "notes", tuple(self.notes))
        wrong = next((row for row in self.rows if len(row) != len(self.columns)), None)
        if wrong is not None:
            raise ValueError(f"each row needs {len(self.columns)} cells, got {len(wrong)}; give one per column")
        for row in self.rows:
            if any(isinstance(cell, float) and not abs(cell) < float("inf") for cell in row):
                raise ValueError(f"a table's numbers must be finite, got the row {row}; write None for a missing one")
