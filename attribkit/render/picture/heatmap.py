"""A heatmap: seaborn's cells in lines of aligned columns, the words under them, a colour bar for each row."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from attribkit.plurals import number_of
from attribkit.render.picture.canvas import MARGIN, Block, Canvas, gap
from attribkit.render.picture.context import LINE, SMALL, DrawContext, clip, prose, title
from attribkit.render.preparation import heatmap as shared
from attribkit.render.preparation.numbers import number
from attribkit.render.preparation.spans import words
from attribkit.render.preparation.unicode import shorten, visible
from attribkit.results.panels import Heatmap, HeatmapRow

CELL, WIDEST, LABEL, BETWEEN = 15.0, 64.0, 13.0, 9.0
"""Points: a cell's height, the widest cell, the words' height, the space between lines of columns."""

_BASELINE = 8.0
"""Points from the cells down to the words' baseline."""

NAMES, _SCALE = 104.0, 150.0
"""The widest column of the rows' names; the width of a row's colours."""


def heatmap(panel: Heatmap, context: DrawContext) -> list[Block]:
    """Title, strip, colour bars unless all heatmaps share them, agreement, notes."""
    blocks = [title(panel.title, context), gap(4)]
    strip, caveat = _strip(panel, context)
    notes = [*caveat, *shared.caveats(panel)]
    blocks += [strip, gap(4), *([] if context.panel.ends else colour_bars(panel, context))]
    if panel.agreements:
        blocks += [
            gap(4),
            *(prose(line, context, 9.0, colour=context.inks.ink) for line in shared.agreements(panel)),
        ]
        blocks += [prose(shared.RANKS, context)]
    return [*blocks, *(prose(f"– {note}", context) for note in notes)]


def texts(panel: Heatmap, text: str | None) -> Iterator[str]:
    """Everything of the panel that a user may have written and the picture may show."""
    yield from (visible(t) for t in (panel.title, *panel.notes, *(row.name for row in panel.rows)))
    if text is None or (panel.starts == panel.ends).any():
        yield from (visible(token) for token in panel.tokens)


def _strip(panel: Heatmap, context: DrawContext) -> tuple[Block, list[str]]:
    """The lines of columns, and a sentence if the picture ends before the text does."""
    count = len(panel.tokens)
    if not count:
        return gap(0), []
    written = [context.fonts.fit(shorten(word, 40) or "·") for word in words(context.panel.text, panel)]
    names = shared.shown_names(panel.rows)
    side = 0.0
    if len(names) > 1:
        side = min(NAMES, max(context.fonts.width(context.fonts.fit(name), SMALL) for name in names)) + 8
    short = count <= shared.SHORT
    size, columns = _columns(written, context, context.inner - side, short)
    cell = min(WIDEST, (context.inner - side) / columns)
    step = CELL * len(names) + LABEL + BETWEEN
    lines = [range(first, min(count, first + columns)) for first in range(0, count, columns)]
    most = max(1, int(context.lines * LINE / step))
    rest = sum(len(line) for line in lines[most:])

    def draw(canvas: Canvas, top: float) -> None:
        for line in lines[:most]:
            for index, name in enumerate(names if side else ()):
                shown = clip(name, context, SMALL, side - 6)
                canvas.text(MARGIN, top + CELL * (index + 0.5) + 2.8, shown, SMALL, canvas.inks.muted)
            plot = canvas.axes(MARGIN + side, top, cell * len(line), CELL * len(names))
            _cells(canvas, plot, panel, line, short, context.panel.ends)
            below = top + CELL * len(names)
            for place, token in enumerate(line):
                x = MARGIN + side + cell * place
                # not as matplotlib's tick labels: each brings four more things to lay out, and none of them is drawn
                shown, small = _fitted(written[token], context, size, cell - 2)
                ink = context.inks.ink
                canvas.text(x + cell / 2, below + _BASELINE, shown, small, ink, align="center", label=f"column {token}")
                if not panel.known[token]:
                    canvas.line(x + 4, below + 11.5, x + cell - 4, below + 11.5, canvas.inks.muted, 0.9, dotted=True)
            top += step

    caveat = (
        f"the picture ends here: {number_of(rest, 'more token is', 'more tokens are')} not drawn; the HTML shows "
        "more of them"
    )
    return Block(step * len(lines[:most]), draw), [caveat] if rest else []


def _columns(written: Sequence[str], context: DrawContext, width: float, short: bool) -> tuple[float, int]:
    """The words' size and the columns of a line: a smaller size where it saves a line, all lines about as long."""
    count = len(written)
    options = []
    for size in (SMALL, 7.0, 6.5):
        widths = sorted(context.fonts.width(word, size) for word in written)
        # a few long words are set smaller or cut rather than that every column be as wide
        wanted = max(widths[int(0.95 * (count - 1))] + 5, 34.0 if short else 22.0)
        lines = -(-count // max(1, int(width // min(wanted, WIDEST))))
        options.append((lines, -size))
    lines, size = min(options)
    return -size, -(-count // lines)


def _cells(canvas: Canvas, plot: Axes, panel: Heatmap, line: range, short: bool, ends: shared.Ends) -> None:
    # here and not above: seaborn takes seconds to import and brings pyplot, of which we use nothing
    import seaborn

    data = np.array([row.values[line.start : line.stop] for row in panel.rows])
    for index, row in enumerate(panel.rows):
        hidden = np.ones(data.shape, dtype=bool)
        hidden[index] = False
        low, high = shared.ends(panel, row, ends)
        numbers = [[shared.value(panel, row, t, ends) for t in line] for row in panel.rows] if short else None
        with _without_drawing(canvas.figure):
            seaborn.heatmap(
                data,
                ax=plot,
                mask=hidden,
                vmin=low if high else -1.0,
                vmax=high or 1.0,
                cmap=ListedColormap(shared.colours(row, canvas.inks)),
                cbar=False,
                annot=numbers,
                fmt="",
                annot_kws={"size": 6.5, "color": canvas.inks.ink, "parse_math": False},
                linewidths=0.5,
                linecolor=canvas.inks.faint,
                xticklabels=False,
                yticklabels=False,
            )
        plot.collections[-1].set(label=f"row {index}", clip_on=False)


def _fitted(word: str, context: DrawContext, size: float, width: float) -> tuple[str, float]:
    """A word under its cell, and its size; one that is too wide is set smaller before it is cut."""
    small = next((s for s in (size, 7.0, 6.0) if context.fonts.width(word, s) <= width), 6.0)
    return clip(word, context, small, width), small


@contextmanager
def _without_drawing(figure: Figure) -> Iterator[None]:
    """A canvas that draws nothing: seaborn would draw the whole figure to see whether its tick labels overlap."""
    canvas = figure.canvas
    figure.set_canvas(FigureCanvasBase(Figure()))
    try:
        yield
    finally:
        figure.set_canvas(canvas)


def colour_bars(panel: Heatmap, context: DrawContext) -> list[Block]:
    """Each row's name, colours and ends, up to three beside each other."""
    rows = panel.rows
    most = max(1, min(3, int((context.inner + 20) / (_SCALE + 20))))
    return [_scale_line(panel, rows[first : first + most], context) for first in range(0, len(rows), most)]


def _scale_line(panel: Heatmap, rows: Sequence[HeatmapRow], context: DrawContext) -> Block:
    width, between = _SCALE, max(20.0, (min(context.inner, 500.0) - 3 * _SCALE) / 2)

    def draw(canvas: Canvas, top: float) -> None:
        for index, row in enumerate(rows):
            x = MARGIN + index * (width + between)
            name = f"{row.name} ({row.unit})"
            canvas.text(x, top + 8, clip(name, context, SMALL, width), SMALL, canvas.inks.muted)
            low, high = shared.ends(panel, row, context.panel.ends)
            if not high:
                canvas.text(x, top + 19, "every value is 0", SMALL, canvas.inks.muted)
                continue
            ramp = shared.colours(row, canvas.inks)
            cell = width / len(ramp)
            for place, colour in enumerate(ramp):
                canvas.box(x + place * cell, top + 12, cell + (0.4 if place < len(ramp) - 1 else 0), 6, colour)
            marks = ((0.0, low, "left"), (0.5, 0.0, "center"), (1.0, high, "right"))
            for share, value, align in marks if row.signed else (marks[0], marks[2]):
                shown = number(value, high, sign=row.signed) if value else "0"
                canvas.text(x + share * width, top + 28, shown, SMALL, canvas.inks.muted, align=align)

    return Block(36, draw)
