"""Pairs as a picture: arcs over the sentence, or beside the words of a longer text; a matrix; the strongest."""

from collections.abc import Iterator

import numpy as np

from attribkit.render.picture.canvas import MARGIN, Block, Canvas, gap
from attribkit.render.picture.context import SMALL, DrawContext, clip, prose, title
from attribkit.render.preparation import pairs as shared
from attribkit.render.preparation.pairs import ArcDiagram
from attribkit.render.preparation.spans import words
from attribkit.render.preparation.unicode import visible
from attribkit.results.panels import Pairs

_SIZE, _WORD = 10.0, 90.0
"""Points: the words' letters, the widest word."""
_LINE, _BULGE = 17.0, 110.0
"""Points: a line of the upright diagram, the room for its arcs."""
_CELL, _WIDEST_MATRIX, _LIST = 15.0, 330.0, 170.0
_ROW = 12.5


def pairs(panel: Pairs, context: DrawContext) -> list[Block]:
    """Title, arcs, legend, the strongest beside the matrix, verdict, notes."""
    subtitle = f"for {panel.target}, {panel.unit}"
    blocks = [
        title(panel.title, context),
        prose(subtitle, context, colour=context.inks.muted),
        gap(4),
    ]
    written = [clip(word or "·", context, _SIZE, _WORD) for word in words(context.panel.text, panel)]
    diagram = ArcDiagram.of(panel)
    if diagram.arcs:
        blocks += [_arcs(diagram, written, context), gap(6), prose(shared.legend(panel), context), gap(8)]
        blocks += [_lists(panel, written, context), gap(6)]
    verdict = f"{shared.verdict_of(panel).icon} {panel.verdict}"
    blocks.append(prose(verdict, context, 9.0, colour=context.inks.good if panel.converged else context.inks.bad))
    blocks.append(prose(shared.meaning(panel), context))
    return [*blocks, *(prose(f"– {note}", context) for note in shared.caveats(panel))]


def texts(panel: Pairs, text: str | None) -> Iterator[str]:
    """Everything of the panel that a user may have written and the picture may show."""
    yield from (visible(t, one_line=True) for t in (panel.title, panel.target, panel.baseline, *panel.notes, "⋯"))
    if text is None or (panel.starts == panel.ends).any():
        yield from (visible(token, one_line=True) for token in panel.tokens)


def _arcs(diagram: ArcDiagram, written: list[str], context: DrawContext) -> Block:
    shown = ["⋯" if token is None else written[token] for token in diagram.tokens]
    widths = np.array([context.fonts.width(word, _SIZE) for word in shown])
    room = context.inner - widths.sum()
    if room >= 6 * len(shown) and None not in diagram.tokens:
        return _across(diagram, shown, widths + min(30.0, room / len(shown)))
    return _upright(diagram, shown, float(widths.max()))


def _across(diagram: ArcDiagram, shown: list[str], widths: np.ndarray) -> Block:
    places = MARGIN + widths.cumsum() - widths / 2
    heights = diagram.heights(places, 110.0)
    ground = max(heights) + 6

    def draw(canvas: Canvas, top: float) -> None:
        for arc, height in zip(diagram.arcs, heights, strict=True):
            first, second = float(places[arc.first]), float(places[arc.second])
            _arc(canvas, arc, (first, top + ground), (second, top + ground), (0.0, -height))
        for x, word in zip(places, shown, strict=True):
            canvas.text(float(x), top + ground + 12, word, _SIZE, canvas.inks.ink, align="center")

    return Block(ground + 16, draw)


def _upright(diagram: ArcDiagram, shown: list[str], side: float) -> Block:
    places = _LINE * np.arange(0.5, len(shown))
    reach = diagram.heights(places, _BULGE)
    x = MARGIN + side + 6

    def draw(canvas: Canvas, top: float) -> None:
        for arc, height in zip(diagram.arcs, reach, strict=True):
            first, second = float(places[arc.first]), float(places[arc.second])
            _arc(canvas, arc, (x, top + first), (x, top + second), (height, 0.0))
        for y, word in zip(places, shown, strict=True):
            canvas.text(x - 5, top + float(y) + 3.5, word, _SIZE, canvas.inks.ink, align="right")

    return Block(_LINE * len(shown), draw)


def _arc(
    canvas: Canvas, arc: shared.Arc, start: tuple[float, float], end: tuple[float, float], rise: tuple[float, float]
) -> None:
    colour = canvas.inks.towards if arc.value > 0 else canvas.inks.against
    canvas.arc(start, end, rise, colour, 0.7 + 3.3 * arc.share, dashed=arc.value < 0)


def _lists(panel: Pairs, written: list[str], context: DrawContext) -> Block:
    """The strongest pairs, and the matrix of a text that is short enough: beside them, or below where it is narrow."""
    chosen = panel.strongest(shared.ARCS)
    matrix = 2 <= len(written) <= shared.MATRIX
    room = context.inner if context.narrow else min(_WIDEST_MATRIX, context.inner - _LIST)
    labels = max((context.fonts.width(word, SMALL) for word in written), default=0.0) * (SMALL / _SIZE) + 14
    cell = min(_CELL, (room - labels) / max(1, len(written)))
    rows = 14 + _ROW * len(chosen)
    aside, below = (0.0, rows + 8) if context.narrow else (_LIST, 0.0)

    def draw(canvas: Canvas, top: float) -> None:
        canvas.text(MARGIN, top + 9, f"The strongest pairs, {panel.unit}", SMALL, canvas.inks.muted)
        for row, i in enumerate(chosen, 1):
            value, y = float(panel.values[i]), top + 11 + _ROW * row
            name = f"{written[panel.firsts[i]]} – {written[panel.seconds[i]]}"
            canvas.text(MARGIN, y, clip(name, context, 9.0, 115), 9.0, canvas.inks.ink)
            colour = canvas.inks.towards if value > 0 else canvas.inks.against
            canvas.text(MARGIN + 158, y, shared.value(panel, value), 9.0, colour, align="right")
        if matrix:
            _matrix(canvas, panel, written, context, (MARGIN + aside, top + below), labels, cell)

    return Block(max(rows, below + labels + cell * len(written)) if matrix else rows, draw)


def _matrix(
    canvas: Canvas,
    panel: Pairs,
    written: list[str],
    context: DrawContext,
    corner: tuple[float, float],
    side: float,
    cell: float,
) -> None:
    left, top = corner[0] + side, corner[1] + side
    size = min(SMALL, 0.85 * cell)
    for place, word in enumerate(written):
        middle = cell * (place + 0.5)
        shown = clip(word, context, size, side - 6)
        canvas.text(left - 4, top + middle + 0.35 * size, shown, size, canvas.inks.ink, align="right")
        canvas.text(left + middle + 0.35 * size, top - 4, shown, size, canvas.inks.ink, upright=True)
    for (row, column), step in np.ndenumerate(shared.steps(panel)):
        if row != column:
            x, y = left + cell * column, top + cell * row
            canvas.box(x, y, cell - 0.6, cell - 0.6, canvas.inks.faint)
            canvas.box(x + 0.3, y + 0.3, cell - 1.2, cell - 1.2, canvas.inks.colour(int(step)))
