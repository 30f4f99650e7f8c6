"""What drawing needs: measures, fonts, and blocks of words for every kind of panel."""

from collections.abc import Sequence
from dataclasses import dataclass

from attribkit.render.picture.canvas import MARGIN, Block, Canvas
from attribkit.render.picture.fonts import FontSet
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.palette import Scheme
from attribkit.render.preparation.unicode import visible

WIDTH, NARROW = 560.0, 430.0
"""Points: a picture's width unless another is asked for, and the width within the margins below which what else stands
beside each other stands one below the other."""

TEXT, SMALL, NOTE = 11.5, 8.0, 7.5
LINE = 21.0


@dataclass(frozen=True)
class DrawContext:
    """What drawing needs.

    Attributes:
        fonts: those for everything that is written.
        lines: the most of one text.
        panel: what is drawn beside the panel, and the scales.
        width: of the picture, in points.
        inks: its colours.
    """

    fonts: FontSet
    lines: int
    panel: PanelContext
    width: float
    inks: Scheme

    @property
    def inner(self) -> float:
        """The width within the margins, in points."""
        return self.width - 2 * MARGIN

    @property
    def narrow(self) -> bool:
        """Whether there is no room for what else stands side by side."""
        return self.inner < NARROW


def prose(
    text: str,
    context: DrawContext,
    size: float = SMALL,
    width: float | None = None,
    x: float = MARGIN,
    colour: str = "",
) -> Block:
    """A sentence of this package, broken into lines."""
    width = context.inner if width is None else width
    lines = broken(visible(text, one_line=True), context, size, width)

    def draw(canvas: Canvas, top: float) -> None:
        for index, line in enumerate(lines):
            canvas.text(x, top + size * (1.1 + 1.5 * index), line, size, colour or canvas.inks.muted)

    return Block(1.5 * size * len(lines) + 1, draw)


def broken(text: str, context: DrawContext, size: float, width: float, bold: bool = False) -> list[str]:
    """The text's lines, broken at its spaces; a word wider than a line is cut."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and context.fonts.width(context.fonts.fit(longer), size, bold) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return [clip(line, context, size, width, bold) for line in lines]


def title(text: str, context: DrawContext) -> Block:
    """What is drawn below it."""
    lines = broken(visible(text, one_line=True), context, 12, context.inner, bold=True)

    def draw(canvas: Canvas, top: float) -> None:
        for index, line in enumerate(lines):
            canvas.text(MARGIN, top + 12 + 16 * index, line, 12, canvas.inks.ink, bold=True)

    return Block(4 + 16.0 * len(lines), draw)


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
    return Block(1, lambda canvas, top: canvas.line(MARGIN, top, canvas.width - MARGIN, top, canvas.inks.faint, 0.7))


def beside(left: Sequence[Block], right: Block) -> Block:
    """Blocks under each other, and another one beside them on the right."""

    def draw(canvas: Canvas, top: float) -> None:
        right.draw(canvas, top)
        for block in left:
            block.draw(canvas, top)
            top += block.height

    return Block(max(sum(block.height for block in left), right.height), draw)
