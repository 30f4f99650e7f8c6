"""What drawing needs: measures, fonts, and blocks of words for every kind of panel."""

from collections.abc import Sequence
from dataclasses import dataclass

from attribkit.render.picture.canvas import Block, Canvas
from attribkit.render.picture.fonts import FontSet
from attribkit.render.preparation import palette
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.unicode import visible

WIDTH = 560.0
MARGIN = 30.0
INNER = WIDTH - 2 * MARGIN

TEXT, SMALL, NOTE = 11.5, 8.0, 7.5
LINE = 21.0

INKS = palette.LIGHT


@dataclass(frozen=True)
class DrawContext:
    """What drawing needs: the fonts, the most lines of one text, and what is drawn beside."""

    fonts: FontSet
    lines: int
    panel: PanelContext


def prose(
    text: str, context: DrawContext, size: float = SMALL, width: float = INNER, x: float = MARGIN, colour: str = ""
) -> Block:
    """A sentence of this package, broken into lines."""
    fonts = context.fonts
    from_words = visible(text, one_line=True).split(" ")
    lines: list[str] = [""]
    for word in from_words:
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and fonts.width(fonts.fit(longer), size) > width:
            lines.append(word)
        else:
            lines[-1] = longer

    def draw(canvas: Canvas, top: float) -> None:
        for index, line in enumerate(lines):
            canvas.text(
                x, top + size * (1.1 + 1.5 * index), clip(line, context, size, width), size, colour or INKS.muted
            )

    return Block(1.5 * size * len(lines) + 1, draw)


def clip(text: str, context: DrawContext, size: float, width: float, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it is wider than `width` points."""
    shown = context.fonts.fit(visible(text, one_line=True))
    if context.fonts.width(shown, size, bold) <= width:
        return shown
    # a character is at least a tenth of its size wide, so a longer head cannot fit
    shown = shown[: int(10 * width / size) + 1]
    while shown and context.fonts.width(shown + "…", size, bold) > width:
        shown = shown[:-1]
    return shown + "…"


def rule() -> Block:
    """A hairline over the whole width."""
    return Block(1, lambda canvas, top: canvas.line(MARGIN, top, WIDTH - MARGIN, top, INKS.faint, 0.7))


def beside(left: Sequence[Block], right: Block) -> Block:
    """Blocks under each other, and another one beside them on the right."""

    def draw(canvas: Canvas, top: float) -> None:
        right.draw(canvas, top)
        for block in left:
            block.draw(canvas, top)
            top += block.height

    return Block(max(sum(block.height for block in left), right.height), draw)
