"""A table: words to the left, numbers to the right, bars beside the first cell, hairlines between the rows."""

from collections.abc import Iterator

from attribkit.plurals import number_of
from attribkit.render.picture.canvas import MARGIN, Block, Canvas, gap
from attribkit.render.picture.context import LINE, DrawContext, clip, prose, title
from attribkit.render.preparation import palette
from attribkit.render.preparation.table import Bars, cells, kept, keyword, numeric
from attribkit.render.preparation.unicode import visible
from attribkit.results.panels import Bar, Table

ROW, BETWEEN, AXIS = 15.0, 16.0, 90.0
"""Points: the height of a row, the space between columns, the width of the axis of the bars."""


def table(panel: Table, context: DrawContext) -> list[Block]:
    """Title, rows, notes."""
    most = max(1, int(context.lines * LINE / ROW))
    rest = len(panel.rows) - most
    notes = [
        *panel.notes,
        *([f"the picture ends here: {number_of(rest, 'more row is', 'more rows are')} not drawn"] if rest > 0 else []),
    ]
    return [
        title(panel.title, context),
        gap(2),
        _rows(panel, context, most),
        gap(5),
        *(prose(f"– {note}", context) for note in notes),
    ]


def texts(panel: Table, text: str | None) -> Iterator[str]:
    """Everything of the panel that a user may have written and the picture may show."""
    yield from (visible(t) for t in (panel.title, *panel.columns, *panel.notes))
    yield from (visible(cell) for row in panel.rows for cell in row if isinstance(cell, str))


def _rows(panel: Table, context: DrawContext, most: int) -> Block:
    if not panel.columns:
        return gap(0)
    right = numeric(panel)
    lines = cells(panel)[:most]
    size = 9.0 if len(panel.columns) <= 6 else 7.5
    widths = _widths(panel, lines, right, size, context)
    heads = [_broken(name, width, size, context) for name, width in zip(panel.columns, widths, strict=True)]
    beside = AXIS + BETWEEN if panel.bars else 0.0
    places = [MARGIN + sum(widths[:index]) + BETWEEN * index + beside * (index > 0) for index in range(len(widths))]
    axis = context.panel.axes.get(id(panel)) or Bars.of(panel)
    high = max(len(head) for head in heads)
    head_height = 1.35 * size * high + 4.5

    def write(canvas: Canvas, column: int, y: float, text: str, colour: str, label: str) -> None:
        room = widths[column]
        if label.startswith("row"):
            word = keyword(panel, int(label.split()[1]), column)
            text = kept(text, word, lambda part: context.fonts.width(context.fonts.fit(part), size) <= room)
        shown = clip(text, context, size, room)
        at, align = (places[column] + widths[column], "right") if right[column] else (places[column], "left")
        canvas.text(at, y, shown, size, colour, align=align, label=label)

    def draw(canvas: Canvas, top: float) -> None:
        for column, head in enumerate(heads):
            for index, words in enumerate(head):
                y = top + size + 1.35 * size * (index + high - len(head))
                write(canvas, column, y, words, canvas.inks.muted, f"head {column}")
        for index, line in enumerate(lines):
            y = top + head_height + ROW * index
            canvas.line(MARGIN, y, min(context.width - MARGIN, places[-1] + widths[-1]), y, canvas.inks.faint, 0.7)
            if panel.bars and panel.bars[index] is not None:
                _bar(canvas, y, panel.bars[index], axis, MARGIN + widths[0] + BETWEEN)
            for column, cell in enumerate(line):
                shade = panel.shades[index][column] if panel.shades else None
                if shade:
                    ground = canvas.inks.weight(round(0.8 * palette.STEPS * shade))
                    canvas.box(places[column] - 6, y + 0.5, widths[column] + 12, ROW - 1, ground, label="shade")
                write(canvas, column, y + 10.5, cell, canvas.inks.ink, f"row {index}")

    return Block(head_height + ROW * len(lines), draw)


def _bar(canvas: Canvas, y: float, bar: Bar | None, axis: Bars, left: float) -> None:
    """The bar from zero, the interval around its end, and the line of zero."""
    if bar is None:
        return
    start, end = axis.span(bar)
    colour = canvas.inks.towards if bar.value > 0 else canvas.inks.against
    canvas.box(left + AXIS * start, y + 4, AXIS * (end - start), 7, colour, label="bar")
    if bar.low is not None and bar.high is not None:
        low, high = (left + AXIS * axis.at(value) for value in (bar.low, bar.high))
        canvas.line(low, y + 7.5, high, y + 7.5, canvas.inks.ink, 0.9)
        for whisker in (low, high):
            canvas.line(whisker, y + 5, whisker, y + 10, canvas.inks.ink, 0.9)
    zero = left + AXIS * axis.zero
    canvas.line(zero, y + 1, zero, y + ROW - 1, canvas.inks.muted, 0.5)


def _widths(panel: Table, lines: list[list[str]], right: list[bool], size: float, context: DrawContext) -> list[float]:
    """What each column needs; where the page is too narrow heads break, then words are cut, then all give way."""

    def wide(text: str) -> float:
        return context.fonts.width(clip(text, context, size, context.inner), size) + 1

    body = [max((wide(line[column]) for line in lines), default=0.0) for column in range(len(panel.columns))]
    needed = [max(width, wide(name)) for width, name in zip(body, panel.columns, strict=True)]
    space = context.inner - BETWEEN * (len(needed) - 1) - (AXIS + BETWEEN if panel.bars else 0.0)
    if sum(needed) > space:
        longest = [max((wide(word) for word in name.split()), default=0.0) for name in panel.columns]
        needed = [max(width, word) for width, word in zip(body, longest, strict=True)]
    while sum(needed) > space:
        loose = [index for index, numbers in enumerate(right) if not numbers and needed[index] > 60]
        if not loose:
            return [max(1.0, width * space / sum(needed)) for width in needed]
        widest = max(loose, key=lambda index: needed[index])
        needed[widest] = max(59.0, needed[widest] - (sum(needed) - space), 0.8 * needed[widest])
    return needed


def _broken(text: str, width: float, size: float, context: DrawContext) -> list[str]:
    """A column's name in at most three lines."""
    lines = [""]
    for word in visible(text, one_line=True).split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and len(lines) < 3 and context.fonts.width(context.fonts.fit(longer), size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
