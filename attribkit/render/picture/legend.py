"""The scale of token scores with its numbers, and what the marks mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from attribkit.render.picture.canvas import MARGIN, Block, Canvas
from attribkit.render.picture.context import SMALL, DrawContext, clip
from attribkit.render.preparation import palette
from attribkit.render.preparation.captions import sides
from attribkit.render.preparation.intervals import caption
from attribkit.render.preparation.numbers import number
from attribkit.render.preparation.scales import Scale
from attribkit.render.preparation.sentences import limit, sentences
from attribkit.render.preparation.spans import has_unread
from attribkit.results.panels import TokenScores


class Mark(Enum):
    """What a cue shows before its words."""

    towards = auto()
    against = auto()
    unknown = auto()
    band = auto()
    sums = auto()
    unread = auto()
    none = auto()


@dataclass(frozen=True)
class LegendLine:
    """One line of the legend beside the scale."""

    mark: Mark
    words: str


def legend(
    aim: str, unit: str, scale: Scale, cues: Sequence[LegendLine], context: DrawContext, own: bool = False
) -> Block:
    """The scale with its numbers, and what the marks mean; `own`: every row has its own numbers."""
    width = 196.0
    left, below = (MARGIN, 50.0) if context.narrow else (MARGIN + width + 34, 0.0)
    towards, away = sides(unit)

    def draw(canvas: Canvas, top: float) -> None:
        if not scale.limit:
            canvas.text(MARGIN, top + 8, "Nothing to colour: every score is 0.", SMALL, canvas.inks.muted)
            return
        half = width / 2 - 6
        canvas.text(MARGIN, top + 8, clip(f"{away} {aim}", context, SMALL, half), SMALL, canvas.inks.muted)
        for_it = clip(f"{towards} {aim}", context, SMALL, half)
        canvas.text(MARGIN + width, top + 8, for_it, SMALL, canvas.inks.muted, align="right")
        cell = width / (2 * palette.STEPS + 1)
        for index, colour in enumerate(canvas.inks.ramp):
            canvas.box(MARGIN + index * cell, top + 12, cell + (0.4 if index < 2 * palette.STEPS else 0), 7, colour)
        for x, value, align in ((0.0, -scale.limit, "left"), (width / 2, 0.0, "center"), (width, scale.limit, "right")):
            shown = number(value, scale.limit) if value else "0"
            if own and value:
                shown = "−row’s scale" if value < 0 else "+row’s scale"
            canvas.text(MARGIN + x, top + 29, shown, SMALL, canvas.inks.muted, align=align)
        canvas.text(MARGIN + width / 2, top + 40, unit, SMALL, canvas.inks.muted, align="center")
        for row, cue in enumerate(cues):
            _cue(canvas, cue, left, top + below + 13.5 * row)

    return Block(max(44.0, below + 13.5 * len(cues) + 2) if scale.limit else 14.0, draw)


def _cue(canvas: Canvas, cue: LegendLine, x: float, top: float) -> None:
    mark = cue.mark
    if mark in (Mark.towards, Mark.against):
        sign = 1 if mark is Mark.towards else -1
        canvas.box(x, top, 26, 10, canvas.inks.colour(9 * sign), 1.5)
        canvas.box(x, top + 8.7 if sign > 0 else top, 26, 1.3, canvas.inks.towards if sign > 0 else canvas.inks.against)
    elif mark is Mark.unknown:
        canvas.line(x, top + 9, x + 26, top + 9, canvas.inks.muted, 0.9, dotted=True)
    elif mark is Mark.band:
        canvas.line(x, top + 5, x + 26, top + 5, canvas.inks.muted, 0.6)
        canvas.box(x + 11.4, top, 3.2, 5, canvas.inks.towards)
        canvas.box(x + 11.4, top + 5, 3.2, 3, canvas.inks.against)
        canvas.box(x + 9.8, top + 2.5, 6.4, 1, canvas.inks.ink)
    elif mark is Mark.sums:
        canvas.line(x + 13, top - 1, x + 13, top + 11, canvas.inks.faint, 0.8)
        canvas.box(x + 13, top - 1, 9, 5.5, canvas.inks.towards)
        canvas.box(x + 7, top + 5.5, 6, 5, canvas.inks.against)
    elif mark is Mark.unread:
        canvas.text(x + 13, top + 8, "grey", SMALL, canvas.inks.muted, align="center")
    canvas.text(x if mark is Mark.none else x + 33, top + 8, cue.words, SMALL, canvas.inks.muted)


def cues(text: str | None, panel: TokenScores) -> list[LegendLine]:
    """The marks that a panel's drawing uses, in the legend's order."""
    speaks = ("speaks for it", "speaks against it")
    towards, away = speaks if sides(panel.unit) == ("for", "against") else ("raises it", "lowers it")
    used = [
        LegendLine(Mark.towards, f"bar below a word: {towards}"),
        LegendLine(Mark.against, f"bar above a word: {away}"),
    ]
    if not panel.known.all():
        used.append(LegendLine(Mark.unknown, "dotted: a word the model does not know"))
    if has_unread(text, panel):
        used.append(LegendLine(Mark.unread, "not read by the model"))
    if caption(panel):
        used.append(LegendLine(Mark.band, f"band: {caption(panel)}"))
    end = limit(sentences(panel))
    if end:
        used.append(LegendLine(Mark.sums, f"in the margin: the sentences’ sums, up to ±{number(end, sign=False)}"))
    return used
