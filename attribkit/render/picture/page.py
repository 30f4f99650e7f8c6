"""The whole picture: the prediction, the panels one under the other or texts in rows, as tall as a picture may be."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from matplotlib.figure import Figure

from attribkit.errors import InputError
from attribkit.plurals import by_number, number_of
from attribkit.render.picture.canvas import (
    MARGIN,
    Block,
    Canvas,
    default_style,
    gap,
    paginated,
    stack,
    write,
    write_pages,
)
from attribkit.render.picture.context import LINE, SMALL, WIDTH, DrawContext, prose
from attribkit.render.picture.fonts import MISSING, FontSet
from attribkit.render.picture.kinds import DRAW, TEXTS
from attribkit.render.picture.prediction import heading
from attribkit.render.picture.rows import rows
from attribkit.render.preparation import palette
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.head import facts
from attribkit.render.preparation.prediction import detail, headline, true_words
from attribkit.render.preparation.ranking import likeliest_first
from attribkit.render.preparation.scales import scales
from attribkit.render.preparation.table import axes
from attribkit.render.preparation.unicode import quoted, visible
from attribkit.results.panels import Drawable, TokenScores

FORMATS = ("png", "svg", "pdf")

TALLEST = 7200.0
"""Points: 100 inches. A longer picture says what it leaves out."""

A4 = (595.28, 841.89)
"""Points: the width and height of a page."""

NARROWEST, WIDEST = 4.0, 40.0
"""Inches."""

THEMES = {"light": palette.LIGHT, "dark": palette.DARK}

PIXELS, AREA = 60_000, 100_000_000
"""The most pixels on the longer side, below what Agg can draw, and in all, so that a picture fits in memory."""

ROW_LINES = 40
"""Lines of each text where several stand in rows."""

_AROUND = 700.0
"""Points kept for everything but the text when one text is drawn."""

_BESIDE = 200.0
"""Points kept on a page for everything but one text."""


def image(
    explanations: Sequence[Drawable],
    format: str,
    *,
    width: float | None = None,
    dpi: int = 150,
    theme: str = "light",
    lead: str | None = None,
) -> bytes:
    """The picture as the bytes of a file, the same bytes for the same explanations.

    Args:
        explanations: at least one; several stand in rows, in a PDF without `width` on pages of A4.
        format: "png", "svg" or "pdf".
        width: of the picture in inches, 4 to 40; 7.8 if not given.
        dpi: pixels per inch, 20 to 1200.
        theme: "light" or "dark".
        lead: a sentence that stands above all but a single text, with the model, the data and the day.

    Raises:
        ValueError: for another format, width, dpi or theme, or no explanation.
    """
    if format not in FORMATS:
        raise InputError(f"`format` must be one of {', '.join(FORMATS)}, got {format!r}")
    description = _description(explanations)
    if format == "pdf" and width is None and len(explanations) > 1:
        return write_pages(pages(explanations, dpi, theme, lead), description)
    return write(figure(explanations, width=width, dpi=dpi, theme=theme, lead=lead), format, description)


def figure(
    explanations: Sequence[Drawable],
    dpi: int = 150,
    *,
    width: float | None = None,
    theme: str = "light",
    lead: str | None = None,
) -> Figure:
    """The picture as a matplotlib figure of its own, unknown to pyplot.

    Raises:
        ValueError: for a width outside 4 to 40 inches, a dpi outside 20 to 1200, another theme, or no explanation.
    """
    _check(explanations, width, dpi, theme)
    points = WIDTH if width is None else 72 * width
    tallest = min(TALLEST, 72 * PIXELS / dpi, 72 * AREA / (points / 72 * dpi * dpi))
    lines = max(10, int((tallest - _AROUND) / LINE))
    several = len(explanations) > 1
    context, absent = _context(explanations, points, min(lines, ROW_LINES) if several else lines, theme, lead)
    with default_style():
        blocks = _masthead(explanations, lead, context)
        blocks += _in_rows(explanations, context, tallest) if several else _in_full(explanations[0], context, tallest)
        blocks += absent
        canvas = Canvas(points, sum(block.height for block in blocks) + 2 * MARGIN, context.fonts, context.inks, dpi)
        stack(canvas, blocks)
    return canvas.figure


def pages(
    explanations: Sequence[Drawable], dpi: int = 150, theme: str = "light", lead: str | None = None
) -> list[Figure]:
    """The rows on as many pages of A4 as they need, each row on one of them; the legend comes first.

    Raises:
        ValueError: as `figure`.
    """
    _check(explanations, None, dpi, theme)
    (wide, high), foot = A4, 22.0
    room = high - 2 * MARGIN - foot
    context, absent = _context(explanations, wide, int((room - _BESIDE) / LINE), theme, lead)
    figures = []
    with default_style():
        groups, legend = rows(explanations, context)
        sheets = paginated([_masthead(explanations, lead, context) + legend, *groups, absent], room)
        for number, blocks in enumerate(sheets, 1):
            canvas = Canvas(wide, high, context.fonts, context.inks, dpi)
            stack(canvas, blocks)
            shown = f"page {number} of {len(sheets)}"
            canvas.text(wide - MARGIN, high - MARGIN, shown, SMALL, context.inks.muted, align="right")
            figures.append(canvas.figure)
    return figures


def _check(explanations: Sequence[Drawable], width: float | None, dpi: int, theme: str) -> None:
    if not len(explanations):
        raise InputError("there must be at least one explanation to draw, got an empty list")
    if width is not None and not NARROWEST <= width <= WIDEST:
        raise InputError(f"`width` must lie between {NARROWEST} and {WIDEST} inches, got {width}")
    if not 20 <= dpi <= 1200:
        raise InputError(f"`dpi` must lie between 20 and 1200, got {dpi}")
    if theme not in THEMES:
        raise InputError(f"`theme` must be one of {', '.join(THEMES)}, got {theme!r}")


def _context(
    explanations: Sequence[Drawable], width: float, lines: int, theme: str, lead: str | None = None
) -> tuple[DrawContext, list[Block]]:
    """What drawing needs, and a sentence on characters that no font has."""
    texts = [*_texts(explanations), visible(lead or "", one_line=True)]
    fonts = FontSet(texts)
    context = DrawContext(fonts, lines, PanelContext(None, None, {}), width, THEMES[theme])
    absent = sum(text.count(character) for text in texts for character in fonts.missing)
    sentence = (
        f"– {number_of(absent, 'character has', 'characters have')} no glyph here and "
        f"{by_number(absent, 'is', 'are')} shown as {MISSING}"
    )
    return context, [prose(sentence, context)] if absent else []


def _texts(explanations: Sequence[Drawable]) -> Iterator[str]:
    """Everything a user wrote that the picture may show; the fonts are chosen for it."""
    for explanation in explanations:
        if explanation.text is not None:
            yield visible(explanation.text)
        if explanation.prediction is not None:
            yield from (visible(label) for label in explanation.prediction.labels)
            yield visible(true_words(explanation.prediction) or "")
            yield visible(explanation.prediction.unit or "")
            yield visible(str(explanation.provenance.get("model", "")))
        for panel in explanation.panels():
            yield from TEXTS[panel.kind](panel, explanation.text)


def _masthead(results: Sequence[Drawable], lead: str | None, context: DrawContext) -> list[Block]:
    """The answer, the model, the data and the day; the prediction of a single text stands above its own panels."""
    if not lead or (len(results) == 1 and results[0].prediction is not None):
        return []
    shown = " · ".join(facts(results))
    return [prose(lead, context, 10.0, colour=context.inks.ink), gap(2), prose(shown, context), gap(14)]


def _in_full(explanation: Drawable, context: DrawContext, tallest: float) -> list[Block]:
    panels = explanation.panels()  # once: a result may make its tables anew, and an axis belongs to a table
    own = PanelContext(explanation.text, explanation.prediction, scales([explanation]), axes(panels))
    context = replace(context, panel=own)
    blocks = heading(explanation, context)
    groups = [DRAW[panel.kind](panel, context) for panel in likeliest_first(panels, explanation.prediction)]
    if not groups and explanation.text is not None:
        groups.append([prose(explanation.text, context, 10.0, colour=context.inks.ink)])
    return blocks + _fitting(groups, context, tallest, "panels")


def _in_rows(explanations: Sequence[Drawable], context: DrawContext, tallest: float) -> list[Block]:
    groups, foot = rows(explanations, context)
    return _fitting(groups, context, tallest, "rows" if foot else "panels") + foot


def _fitting(groups: Sequence[Sequence[Block]], context: DrawContext, tallest: float, what: str) -> list[Block]:
    """The groups of blocks that fit in the tallest picture, and a sentence on those that do not."""
    blocks: list[Block] = []
    left = tallest - 300
    for number_kept, group in enumerate(groups):
        left -= sum(block.height for block in group)
        if left < 0 and blocks:
            rest = len(groups) - number_kept
            blocks.append(
                prose(f"The picture ends here: {rest:,} more {what} are not drawn; the HTML shows all.", context, 9.0)
            )
            break
        if blocks and what == "panels":
            blocks.append(gap(18))
        blocks.extend(group)
    return blocks


def _description(explanations: Sequence[Drawable]) -> str:
    """The picture in words, for its metadata: predictions and verdicts."""
    parts = []
    for explanation in explanations[:20]:
        if explanation.prediction is not None:
            parts.append(f"predicted {quoted(headline(explanation.prediction))} ({detail(explanation.prediction)})")
        for panel in explanation.panels():
            if isinstance(panel, TokenScores):
                parts.append(f"token scores for {quoted(panel.target)} in {panel.unit}, {panel.verdict}")
            else:
                parts.append(f"{panel.kind}: {visible(panel.title, one_line=True)}")
    more = len(explanations) - 20
    return "; ".join(parts) + (f"; and {number_of(more, 'more explanation')}" if more > 0 else "")
