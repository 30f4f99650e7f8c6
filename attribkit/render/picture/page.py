"""The whole picture: the prediction, the panels one under the other or texts in rows, as tall as a picture may be."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from matplotlib.figure import Figure

from attribkit.errors import InputError
from attribkit.render.picture import attention_heads, chart, confusion, heatmap, pairs, scatter, table, token_scores
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
from attribkit.render.picture.context import LINE, SMALL, WIDTH, DrawContext, prose, rule
from attribkit.render.picture.fonts import MISSING, FontSet
from attribkit.render.picture.legend import LegendLine, Mark, cues, legend
from attribkit.render.picture.prediction import header
from attribkit.render.picture.row import row
from attribkit.render.picture.token_scores import settings
from attribkit.render.preparation import palette
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.prediction import detail, headline, true_words
from attribkit.render.preparation.ranking import likeliest_first
from attribkit.render.preparation.scales import Scale, compared, scales
from attribkit.render.preparation.table import axes
from attribkit.render.preparation.unicode import quoted, visible
from attribkit.results.panels import (
    AttentionHeads,
    Chart,
    ConfusionMatrix,
    Drawable,
    Heatmap,
    Pairs,
    Scatter,
    Table,
    TokenScores,
)

FORMATS = ("png", "svg", "pdf")

DRAW: dict[str, Callable[[Any, DrawContext], list[Block]]] = {
    TokenScores.kind: token_scores.token_scores,
    Heatmap.kind: heatmap.heatmap,
    AttentionHeads.kind: attention_heads.attention_heads,
    Pairs.kind: pairs.pairs,
    Scatter.kind: scatter.scatter,
    Chart.kind: chart.chart,
    ConfusionMatrix.kind: confusion.confusion_matrix,
    Table.kind: table.table,
}
"""How each kind of panel is drawn: a function (panel, context) to blocks, from top to bottom.

A block knows its height in points before it is drawn; `context` has the fonts and, in `context.panel`, the text, its
prediction and the scales. Every word goes through `Canvas.text` or is drawn with `parse_math=False`.
"""

TEXTS: dict[str, Callable[[Any, str | None], Iterator[str]]] = {
    TokenScores.kind: token_scores.texts,
    Heatmap.kind: heatmap.texts,
    AttentionHeads.kind: attention_heads.texts,
    Pairs.kind: pairs.texts,
    Scatter.kind: scatter.texts,
    Chart.kind: chart.texts,
    ConfusionMatrix.kind: confusion.texts,
    Table.kind: table.texts,
}
"""What each kind of panel may write that a user wrote: a function (panel, text) to strings, for which fonts are chosen.

The strings are as they will be shown (`visible`); the explanation's own text is looked after already.
"""

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

_AFTER_ROW = (gap(8), rule(), gap(8))


def image(
    explanations: Sequence[Drawable], format: str, *, width: float | None = None, dpi: int = 150, theme: str = "light"
) -> bytes:
    """The picture as the bytes of a file, the same bytes for the same explanations.

    Args:
        explanations: at least one; several stand in rows, in a PDF without `width` on pages of A4.
        format: "png", "svg" or "pdf".
        width: of the picture in inches, 4 to 40; 7.8 if not given.
        dpi: pixels per inch, 20 to 1200.
        theme: "light" or "dark".

    Raises:
        ValueError: for another format, width, dpi or theme, or no explanation.
    """
    if format not in FORMATS:
        raise InputError(f"`format` must be one of {', '.join(FORMATS)}, got {format!r}")
    description = _description(explanations)
    if format == "pdf" and width is None and len(explanations) > 1:
        return write_pages(pages(explanations, dpi, theme), description)
    return write(figure(explanations, width=width, dpi=dpi, theme=theme), format, description)


def figure(
    explanations: Sequence[Drawable], dpi: int = 150, *, width: float | None = None, theme: str = "light"
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
    context, absent = _context(explanations, points, min(lines, ROW_LINES) if several else lines, theme)
    with default_style():
        blocks = _in_rows(explanations, context, tallest) if several else _in_full(explanations[0], context, tallest)
        blocks += absent
        canvas = Canvas(points, sum(block.height for block in blocks) + 2 * MARGIN, context.fonts, context.inks, dpi)
        stack(canvas, blocks)
    return canvas.figure


def pages(explanations: Sequence[Drawable], dpi: int = 150, theme: str = "light") -> list[Figure]:
    """The rows on as many pages of A4 as they need, each row on one of them; the legend comes first.

    Raises:
        ValueError: as `figure`.
    """
    _check(explanations, None, dpi, theme)
    (wide, high), foot = A4, 22.0
    room = high - 2 * MARGIN - foot
    context, absent = _context(explanations, wide, int((room - _BESIDE) / LINE), theme)
    figures = []
    with default_style():
        groups, legend = _rows(explanations, context)
        sheets = paginated([legend, *groups, absent], room)
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


def _context(explanations: Sequence[Drawable], width: float, lines: int, theme: str) -> tuple[DrawContext, list[Block]]:
    """What drawing needs, and a sentence on characters that no font has."""
    texts = list(_texts(explanations))
    fonts = FontSet(texts)
    context = DrawContext(fonts, lines, PanelContext(None, None, {}), width, THEMES[theme])
    absent = sum(text.count(character) for text in texts for character in fonts.missing)
    sentence = f"– {absent:,} characters have no glyph here and are shown as {MISSING}"
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


def _in_full(explanation: Drawable, context: DrawContext, tallest: float) -> list[Block]:
    own = PanelContext(explanation.text, explanation.prediction, scales([explanation]), axes(explanation.panels()))
    context = replace(context, panel=own)
    blocks = _heading(explanation, context)
    groups = [
        DRAW[panel.kind](panel, context) for panel in likeliest_first(explanation.panels(), explanation.prediction)
    ]
    if not groups and explanation.text is not None:
        groups.append([prose(explanation.text, context, 10.0, colour=context.inks.ink)])
    return blocks + _fitting(groups, context, tallest, "panels")


def _heading(explanation: Drawable, context: DrawContext) -> list[Block]:
    if explanation.prediction is None:
        return []
    return [header(explanation.prediction, context, explanation.provenance.get("model")), gap(8)]


def _in_rows(explanations: Sequence[Drawable], context: DrawContext, tallest: float) -> list[Block]:
    groups, foot = _rows(explanations, context)
    return _fitting(groups, context, tallest, "rows" if foot else "panels") + foot


def _rows(explanations: Sequence[Drawable], context: DrawContext) -> tuple[list[list[Block]], list[Block]]:
    """The blocks of each row, and those of the legend that all rows of token scores share."""
    colour_scales = scales(explanations)
    pairs = [(e, p) for e in explanations for p in e.panels() if isinstance(p, TokenScores)]
    together = all(colour_scales[id(panel)].shared == len(pairs) for _, panel in pairs)
    alike = len({settings(panel, target=False) for _, panel in pairs}) == 1
    groups: list[list[Block]] = []
    for explanation in explanations:
        panels = explanation.panels()
        for number, panel in enumerate(panels):
            after = panels[number + 1 :][:1]
            if isinstance(panel, TokenScores):
                scale = colour_scales[id(panel)]
                # a line parts texts, and a text's targets; what else belongs to a text stands on its side of the line
                end = [gap(8)] if after and not isinstance(after[0], TokenScores) else _AFTER_ROW
                groups.append([*row(explanation, panel, scale, context, not together, not alike), *end])
            else:
                own = replace(context, panel=PanelContext(explanation.text, explanation.prediction, colour_scales))
                # a row of token scores has its prediction beside it; any other panel comes after its heading
                lead = [] if number else _heading(explanation, context)
                end = [gap(6)] if after or not isinstance(panels[0], TokenScores) else _AFTER_ROW
                groups.append([*lead, *DRAW[panel.kind](panel, own), *end])
    return groups, _foot(pairs, context, colour_scales, together, alike) if pairs else []


def _foot(
    pairs: Sequence[tuple[Drawable, TokenScores]],
    context: DrawContext,
    colour_scales: Mapping[int, Scale],
    together: bool,
    alike: bool,
) -> list[Block]:
    """The legend of all rows; `together`: they have one scale, `alike`: they have the same settings."""
    first = pairs[0][1]
    used = list(dict.fromkeys(cue for explanation, panel in pairs for cue in cues(explanation.text, panel)))
    used.append(LegendLine(Mark.none, compared(colour_scales)))
    same = len({panel.target for _, panel in pairs}) == 1
    aim = quoted(first.target) if same else "its label"
    widest = max((colour_scales[id(panel)] for _, panel in pairs), key=lambda scale: scale.limit)
    foot = [gap(3), legend(aim, first.unit if alike else "", widest, used, context, own=not together), gap(6)]
    if alike:
        foot.append(prose(settings(first, target=same), context))
    return [*foot, gap(8)]


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
    return "; ".join(parts) + (f"; and {more} more explanations" if more > 0 else "")
