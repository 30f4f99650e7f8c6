"""What a picture draws with: its measures, its fonts, and the blocks of words that every kind of panel uses."""

from collections.abc import Sequence
from dataclasses import dataclass

from attribkit.render import palette
from attribkit.render.layout import Context, visible
from attribkit.render.picture.canvas import Block, Sheet
from attribkit.render.picture.fonts import Letters

WIDTH = 560.0
MARGIN = 30.0
INNER = WIDTH - 2 * MARGIN

TEXT, SMALL, NOTE = 11.5, 8.0, 7.5
LINE = 21.0

INKS = palette.LIGHT


@dataclass(frozen=True)
class Room:
    """What a picture has to draw with: its fonts, how many lines of one text it may hold, and what is drawn beside."""

    letters: Letters
    lines: int
    context: Context


def prose(
    text: str, room: Room, size: float = SMALL, width: float = INNER, x: float = MARGIN, colour: str = ""
) -> Block:
    """A sentence of ours, broken into lines."""
    letters = room.letters
    from_words = visible(text, one_line=True).split(" ")
    lines: list[str] = [""]
    for word in from_words:
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and letters.width(letters.fit(longer), size) > width:
            lines.append(word)
        else:
            lines[-1] = longer

    def draw(sheet: Sheet, top: float) -> None:
        for index, line in enumerate(lines):
            sheet.text(x, top + size * (1.1 + 1.5 * index), clip(line, room, size, width), size, colour or INKS.muted)

    return Block(1.5 * size * len(lines) + 1, draw)


def clip(text: str, room: Room, size: float, width: float, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it is wider than `width` points."""
    shown = room.letters.fit(visible(text, one_line=True))
    if room.letters.width(shown, size, bold) <= width:
        return shown
    # a character is at least a tenth of its size wide, so a longer head cannot fit
    shown = shown[: int(10 * width / size) + 1]
    while shown and room.letters.width(shown + "…", size, bold) > width:
        shown = shown[:-1]
    return shown + "…"


def rule() -> Block:
    """A hairline over the whole width."""
    return Block(1, lambda sheet, top: sheet.line(MARGIN, top, WIDTH - MARGIN, top, INKS.faint, 0.7))


def beside(left: Sequence[Block], right: Block) -> Block:
    """Blocks under each other, and another one beside them on the right."""

    def draw(sheet: Sheet, top: float) -> None:
        right.draw(sheet, top)
        for block in left:
            block.draw(sheet, top)
            top += block.height

    return Block(max(sum(block.height for block in left), right.height), draw)
