"""A table: words to the left, numbers to the right, hairlines between the rows."""

from collections.abc import Iterator

from attribkit.panels import Table
from attribkit.render.layout import visible
from attribkit.render.picture.room import INKS, INNER, LINE, MARGIN, WIDTH, Room, clip, prose
from attribkit.render.picture.sheet import Block, Sheet, gap
from attribkit.render.table import cells, numeric

ROW, BETWEEN = 15.0, 16.0
"""Points: the height of a row, the space between columns."""


def table(panel: Table, room: Room) -> list[Block]:
    """Title, rows, notes."""
    most = max(1, int(room.lines * LINE / ROW))
    rest = len(panel.rows) - most
    notes = [*panel.notes, *([f"the picture ends here: {rest:,} more rows are not drawn"] if rest > 0 else [])]
    title = Block(22, lambda sheet, top: _title(sheet, top, panel, room))
    return [title, _rows(panel, room, most), gap(5), *(prose(f"– {note}", room) for note in notes)]


def texts(panel: Table, text: str | None) -> Iterator[str]:
    """Everything of the panel that a user may have written and the picture may show."""
    yield from (visible(t) for t in (panel.title, *panel.columns, *panel.notes))
    yield from (visible(cell) for row in panel.rows for cell in row if isinstance(cell, str))


def _title(sheet: Sheet, top: float, panel: Table, room: Room) -> None:
    sheet.text(MARGIN, top + 12, clip(panel.title, room, 12, INNER, bold=True), 12, INKS.ink, bold=True)


def _rows(panel: Table, room: Room, most: int) -> Block:
    if not panel.columns:
        return gap(0)
    right = numeric(panel)
    lines = cells(panel)[:most]
    size = 9.0 if len(panel.columns) <= 6 else 7.5
    widths = _widths(panel, lines, right, size, room)
    heads = [_broken(name, width, size, room) for name, width in zip(panel.columns, widths, strict=True)]
    places = [MARGIN + sum(widths[:index]) + BETWEEN * index for index in range(len(widths))]
    high = max(len(head) for head in heads)
    head_height = 1.35 * size * high + 4.5

    def write(sheet: Sheet, column: int, y: float, text: str, colour: str, label: str) -> None:
        shown = clip(text, room, size, widths[column])
        at, align = (places[column] + widths[column], "right") if right[column] else (places[column], "left")
        sheet.text(at, y, shown, size, colour, align=align, label=label)

    def draw(sheet: Sheet, top: float) -> None:
        for column, head in enumerate(heads):
            for index, words in enumerate(head):
                y = top + size + 1.35 * size * (index + high - len(head))
                write(sheet, column, y, words, INKS.muted, f"head {column}")
        for index, line in enumerate(lines):
            y = top + head_height + ROW * index
            sheet.line(MARGIN, y, min(WIDTH - MARGIN, places[-1] + widths[-1]), y, INKS.faint, 0.7)
            for column, cell in enumerate(line):
                write(sheet, column, y + 10.5, cell, INKS.ink, f"row {index}")

    return Block(head_height + ROW * len(lines), draw)


def _widths(panel: Table, lines: list[list[str]], right: list[bool], size: float, room: Room) -> list[float]:
    """What each column needs; where the page is too narrow heads break, then words are cut, then all give way."""

    def wide(text: str) -> float:
        return room.letters.width(clip(text, room, size, INNER), size) + 1

    body = [max((wide(line[column]) for line in lines), default=0.0) for column in range(len(panel.columns))]
    needed = [max(width, wide(name)) for width, name in zip(body, panel.columns, strict=True)]
    space = INNER - BETWEEN * (len(needed) - 1)
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


def _broken(text: str, width: float, size: float, room: Room) -> list[str]:
    """A column's name in at most three lines."""
    lines = [""]
    for word in visible(text, one_line=True).split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and len(lines) < 3 and room.letters.width(room.letters.fit(longer), size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
