"""A heatmap in a terminal: the words with every row's value under them, in lines as long as the terminal is wide."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.style import Style
from rich.text import Text

from attribkit.render.preparation import heatmap as shared
from attribkit.render.preparation.unicode import shorten
from attribkit.render.terminal_style import style
from attribkit.results.panels import Heatmap, HeatmapRow


@dataclass(frozen=True)
class TerminalColumns:
    """The words with every row's value under them, in lines as long as the terminal is wide."""

    panel: Heatmap
    written: Sequence[str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        names = shared.shown_names(self.panel.rows)
        values = [[shared.value(self.panel, row, i) for row in self.panel.rows] for i in range(len(self.written))]
        widths = [max(map(cell_len, (word, *column))) + 2 for word, column in zip(self.written, values, strict=True)]
        side = min(max(map(cell_len, names)), options.max_width // 3) + 1
        first = 0
        while first < len(self.written):
            last = first + 1
            while last < len(self.written) and side + sum(widths[first : last + 1]) <= options.max_width:
                last += 1
            yield from self._lines(
                range(first, last), [shorten(name, side - 1) for name in names], values, widths, side
            )
            first = last

    def _lines(
        self, shown: range, names: list[str], values: list[list[str]], widths: list[int], side: int
    ) -> Iterator[Text]:
        """One line of words, and a line for each row."""
        head = Text(" " * side)
        for i in shown:
            head.append(" " * (widths[i] - cell_len(self.written[i])) + self.written[i])
        yield head
        for place, (name, row) in enumerate(zip(names, self.panel.rows, strict=True)):
            line = Text(name + " " * (side - cell_len(name)), Style(dim=True))
            for i in shown:
                value = values[i][place]
                line.append(" " * (widths[i] - cell_len(value)), Style(dim=False))
                line.append(value, _cell_style(self.panel, row, i))
            yield line


def _cell_style(panel: Heatmap, row: HeatmapRow, token: int) -> Style:
    if row.signed:
        return Style(dim=False) + style(float(row.values[token]), shared.limit(panel, row))
    strong = shared.limit(panel, row) and float(row.values[token]) >= 0.6 * shared.limit(panel, row)
    return Style(dim=False, bold=bool(strong), reverse=True if strong else None)
