"""A confusion matrix as a picture."""

from collections.abc import Iterator
from math import ceil

from attribkit.render.picture.canvas import MARGIN, Block, Canvas, gap
from attribkit.render.picture.context import SMALL, DrawContext, clip, prose, title
from attribkit.render.preparation import confusion as shared
from attribkit.render.preparation.unicode import visible
from attribkit.results.panels import ConfusionMatrix

_CELL, _SIDE, _SMALLEST = 16.0, 110.0, 6.0
"""Points: the largest cell, the labels’ room, the smallest letters; where cells are smaller, not all are named."""


def confusion_matrix(panel: ConfusionMatrix, context: DrawContext) -> list[Block]:
    """Title, cells with their labels, and notes."""
    order = panel.order.tolist()
    cell = min(_CELL, (context.inner - _SIDE) / max(1, len(order)))
    size = min(SMALL, max(0.85 * cell, _SMALLEST))
    apart = ceil(_SMALLEST / (0.85 * cell))
    named = shared.named(panel, apart)
    names = {place: clip(panel.labels[order[place]], context, size, _SIDE - 6) for place in named}
    side = max((context.fonts.width(name, size) for name in names.values()), default=0.0) + 6
    steps = shared.steps(panel)

    def draw(canvas: Canvas, top: float) -> None:
        left, first = MARGIN + side, top + side
        canvas.box(left - 0.5, first - 0.5, cell * len(order) + 1, cell * len(order) + 1, canvas.inks.faint)
        canvas.box(left, first, cell * len(order), cell * len(order), canvas.inks.paper)
        for place, name in names.items():
            middle = cell * (place + 0.5) + 0.35 * size
            canvas.text(left - 4, first + middle, name, size, canvas.inks.ink, align="right")
            canvas.text(left + middle, first - 4, name, size, canvas.inks.ink, upright=True)
        for row, column in zip(*steps.nonzero(), strict=True):
            x, y = left + cell * float(column), first + cell * float(row)
            canvas.box(x, y, 0.94 * cell, 0.94 * cell, canvas.inks.weight(int(steps[row, column])))

    blocks = [title(panel.title, context), gap(4), Block(side + cell * len(order) + 4, draw), gap(4)]
    return [
        *blocks,
        *(prose(f"– {note}", context) for note in (shared.MEANING, *shared.naming(panel, apart), *panel.notes)),
    ]


def texts(panel: ConfusionMatrix, text: str | None) -> Iterator[str]:
    """Everything of the panel that a user may have written and the picture may show."""
    yield from (visible(written, one_line=True) for written in (panel.title, *panel.labels, *panel.notes))
