"""A table in a terminal: columns as wide as their content, and what has no room beside them on lines below its row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderableType
from rich.style import Style
from rich.table import Table as Grid
from rich.text import Text

from attribkit.render.preparation.table import cells, kept, keyword, numeric
from attribkit.render.preparation.unicode import visible
from attribkit.results.panels import Table

ROWS = 50
"""Rows of a table that are printed."""

BETWEEN, READABLE = 2, 24
"""Cells between two columns, and the fewest in which a sentence is read."""

DIM = Style(dim=True)


@dataclass(frozen=True)
class TerminalTable:
    """The rows of a panel, fitted to the width of what they are printed on."""

    panel: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        heads = [visible(name, one_line=True) for name in self.panel.columns]
        rows = cells(self.panel)[:ROWS]
        if not heads:
            return
        numbers = numeric(self.panel)
        needed = [
            max(map(cell_len, (*column, *head.split())), default=0) for head, *column in zip(heads, *rows, strict=True)
        ]
        columns, below = _fitted(needed, numbers, options.max_width)
        if columns is None:  # even the numbers have no room: rich breaks them over lines
            yield _wrapped(heads, rows, numbers)
            return
        yield from _head([heads[c] for c in columns], columns, numbers)
        for place, row in enumerate(rows):
            words = [keyword(self.panel, place, c) for c in range(len(row))]
            yield _line([_around(row[c], words[c], columns[c]) for c in columns], columns, numbers, Style())
            for c in below:
                room = options.max_width - 6 - cell_len(heads[c])
                yield Text(f"    {heads[c]}: {_cut(_around(row[c], words[c], room), room)}", DIM)


def _fitted(needed: Sequence[int], numbers: Sequence[bool], width: int) -> tuple[dict[int, int] | None, list[int]]:
    """The widths of the columns that stand beside each other, and the columns that are told below each row."""
    loose = [c for c in range(1, len(needed)) if not numbers[c]]
    fixed = sum(needed[c] + BETWEEN for c in range(len(needed)) if c not in loose) - BETWEEN
    if fixed > width:
        return None, []
    # a column of words gets what is left, and at least what can be read
    shares = {c: min(needed[c], (width - fixed) // len(loose) - BETWEEN) for c in loose}
    below = [c for c in loose if shares[c] < min(needed[c], READABLE)]
    return {c: shares.get(c, needed[c]) for c in range(len(needed)) if c not in below}, below


def _head(heads: Sequence[str], columns: dict[int, int], numbers: Sequence[bool]) -> Iterator[Text]:
    """The columns' names, broken at their words, the last lines of all beside each other."""
    broken = [_broken(head, width) for head, width in zip(heads, columns.values(), strict=True)]
    high = max(map(len, broken))
    for k in range(high):
        line = [words[k - high + len(words)] if k >= high - len(words) else "" for words in broken]
        yield _line(line, columns, numbers, DIM)


def _broken(head: str, width: int) -> list[str]:
    lines = [""]
    for word in head.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and cell_len(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _line(written: Sequence[str], columns: dict[int, int], numbers: Sequence[bool], style: Style) -> Text:
    parts = []
    for text, (column, width) in zip(written, columns.items(), strict=True):
        cut = _cut(text, width)
        air = " " * (width - cell_len(cut))
        parts.append(air + cut if numbers[column] else cut + air)
    return Text((" " * BETWEEN).join(parts).rstrip(), style)


def _around(text: str, word: str, width: int) -> str:
    return kept(text, word, lambda part: cell_len(part) <= width)


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else f"{set_cell_size(text, max(0, width - 1)).rstrip()}…"


def _wrapped(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[bool]) -> Grid:
    grid = Grid(box=None, pad_edge=False, header_style="dim", padding=(0, BETWEEN, 0, 0))
    for head, number in zip(heads, numbers, strict=True):
        grid.add_column(Text(head), justify="right" if number else "left")
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    return grid
