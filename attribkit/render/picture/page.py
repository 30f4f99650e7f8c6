"""The whole picture: the prediction, the panels one under the other or texts in rows, as tall as a picture may be."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from matplotlib.figure import Figure

from attribkit.errors import InputError
from attribkit.render.picture import attention_heads, chart, confusion, heatmap, pairs, scatter, table, token_scores
from attribkit.render.picture.canvas import Block, Canvas, default_style, gap, write
from attribkit.render.picture.context import INKS, LINE, MARGIN, WIDTH, DrawContext, prose, rule
from attribkit.render.picture.fonts import MISSING, FontSet
from attribkit.render.picture.legend import LegendLine, Mark, cues, legend
from attribkit.render.picture.prediction import header
from attribkit.render.picture.row import row
from attribkit.render.picture.token_scores import settings
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.prediction import detail, headline, true_words
from attribkit.render.preparation.scales import scales
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

PIXELS, AREA = 60_000, 100_000_000
"""The most pixels on the longer side, below what Agg can draw, and in all, so that a picture fits in memory."""

ROW_LINES = 40
"""Lines of each text where several stand in rows."""

_AROUND = 700.0
"""Points kept for everything but the text when one text is drawn."""


def image(explanations: Sequence[Drawable], format: str, dpi: int = 150) -> bytes:
    """The picture as the bytes of a file, the same bytes for the same explanations.

    Args:
        explanations: at least one; several stand in rows.
        format: "png", "svg" or "pdf".
        dpi: pixels per inch, 20 to 1200.

    Raises:
        ValueError: for another format or dpi, or no explanation.
    """
    if format not in FORMATS:
        raise InputError(f"`format` must be one of {', '.join(FORMATS)}, got {format!r}")
    return write(figure(explanations, dpi), format, _description(explanations))


def figure(explanations: Sequence[Drawable], dpi: int = 150) -> Figure:
    """The picture as a matplotlib figure of its own, unknown to pyplot.

    Raises:
        ValueError: for a dpi outside 20 to 1200, or no explanation.
    """
    if not len(explanations):
        raise InputError("there must be at least one explanation to draw, got an empty list")
    if not 20 <= dpi <= 1200:
        raise InputError(f"`dpi` must lie between 20 and 1200, got {dpi}")
    tallest = min(TALLEST, 72 * PIXELS / dpi, 72 * AREA / (WIDTH / 72 * dpi * dpi))
    texts = list(_texts(explanations))
    fonts = FontSet(texts)
    several = len(explanations) > 1
    lines = max(10, int((tallest - _AROUND) / LINE))
    context = DrawContext(fonts, min(lines, ROW_LINES) if several else lines, PanelContext(None, None, {}))
    with default_style():
        blocks = _in_rows(explanations, context, tallest) if several else _in_full(explanations[0], context, tallest)
        absent = sum(text.count(character) for text in texts for character in fonts.missing)
        if absent:
            blocks.append(prose(f"– {absent:,} characters have no glyph here and are shown as {MISSING}", context))
        height = sum(block.height for block in blocks) + 2 * MARGIN
        canvas = Canvas(WIDTH, height, fonts, INKS.paper, dpi)
        top = MARGIN
        for block in blocks:
            block.draw(canvas, top)
            top += block.height
    return canvas.figure


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
    context = replace(context, panel=PanelContext(explanation.text, explanation.prediction, scales([explanation])))
    blocks = _heading(explanation, context)
    groups = [DRAW[panel.kind](panel, context) for panel in explanation.panels()]
    if not groups and explanation.text is not None:
        groups.append([prose(explanation.text, context, 10.0, colour=INKS.ink)])
    return blocks + _fitting(groups, context, tallest, "panels")


def _heading(explanation: Drawable, context: DrawContext) -> list[Block]:
    if explanation.prediction is None:
        return []
    return [header(explanation.prediction, context, explanation.provenance.get("model")), gap(8)]


def _in_rows(explanations: Sequence[Drawable], context: DrawContext, tallest: float) -> list[Block]:
    colour_scales = scales(explanations)
    pairs = [(e, p) for e in explanations for p in e.panels() if isinstance(p, TokenScores)]
    together = all(colour_scales[id(panel)].shared == len(pairs) for _, panel in pairs)
    alike = len({settings(panel, target=False) for _, panel in pairs}) == 1
    groups: list[list[Block]] = []
    for explanation in explanations:
        for panel in explanation.panels():
            if isinstance(panel, TokenScores):
                scale = colour_scales[id(panel)]
                groups.append(
                    [row(explanation, panel, scale, context, not together, not alike), gap(8), rule(), gap(8)]
                )
            else:
                own = replace(context, panel=PanelContext(explanation.text, explanation.prediction, colour_scales))
                # a row of token scores has its prediction beside it; any other panel comes after its heading
                lead = _heading(explanation, context) if panel is explanation.panels()[0] else []
                groups.append([*lead, *DRAW[panel.kind](panel, own), gap(6)])
    if not pairs:
        return _fitting(groups, context, tallest, "panels")
    first = pairs[0][1]
    used = list(dict.fromkeys(cue for explanation, panel in pairs for cue in cues(explanation.text, panel)))
    used.append(
        LegendLine(
            Mark.none, "one scale for all rows: paler is weaker" if together else "each row has a scale of its own"
        )
    )
    same = len({panel.target for _, panel in pairs}) == 1
    aim = quoted(first.target) if same else "its label"
    widest = max((colour_scales[id(panel)] for _, panel in pairs), key=lambda scale: scale.limit)
    foot = [gap(3), legend(aim, first.unit if alike else "", widest, used, context, own=not together), gap(6)]
    if alike:
        foot.append(prose(settings(first, target=same), context))
    return _fitting(groups, context, tallest, "rows") + foot


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
