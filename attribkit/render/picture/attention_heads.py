"""Attention heads as a picture: a small matrix for each head, layers down and heads across."""

from collections.abc import Iterator

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from attribkit.plurals import number_of
from attribkit.render.picture.canvas import MARGIN, Block, Canvas, gap
from attribkit.render.picture.context import SMALL, DrawContext, clip, prose, title
from attribkit.render.preparation import attention_heads as shared
from attribkit.render.preparation import palette
from attribkit.render.preparation.unicode import visible
from attribkit.results.panels import AttentionHeads

_SIDE, _HEAD, _GAP, _LARGEST, _LINES = 44.0, 12.0, 3.0, 96.0, 48
"""Points: the layers' names, the heads' numbers, what lies between matrices, the largest; layers that are drawn."""


def attention_heads(panel: AttentionHeads, context: DrawContext) -> list[Block]:
    """Title, matrices, the layers in words, and notes."""
    layers, heads = panel.weights.shape[:2]
    end = shared.limit(panel)
    size = min(_LARGEST, (context.inner - _SIDE) / heads - _GAP)
    shown = min(layers, max(1, min(_LINES, int(context.lines * 21 / (size + _GAP)))))

    def draw(canvas: Canvas, top: float) -> None:
        for head in range(heads):
            middle = MARGIN + _SIDE + head * (size + _GAP) + size / 2
            canvas.text(middle, top + 8, f"{head + 1}" if head else "head 1", SMALL, canvas.inks.muted, align="center")
        for layer in range(shown):
            above = top + _HEAD + layer * (size + _GAP)
            name = clip(panel.layers[layer], context, SMALL, _SIDE - 4)
            canvas.text(MARGIN, above + size / 2 + 3, name, SMALL, canvas.inks.muted)
            for head in range(heads):
                left = MARGIN + _SIDE + head * (size + _GAP)
                plot = canvas.axes(left, above, size, size)
                plot.imshow(
                    _coloured(panel.weights[layer, head], end, canvas.inks), interpolation="nearest", aspect="auto"
                )
                for y in (above, above + size):
                    canvas.line(left, y, left + size, y, canvas.inks.faint, 0.6)
                for x in (left, left + size):
                    canvas.line(x, above, x, above + size, canvas.inks.faint, 0.6)

    notes = [f"rows look at columns, in the order of the text; {shared.scale(panel)}", *panel.notes]
    if shown < layers:
        notes.append(
            f"the picture ends here: {number_of(layers - shown, 'more layer is', 'more layers are')} not drawn"
        )
    return [
        title(panel.title, context),
        gap(4),
        Block(_HEAD + shown * (size + _GAP), draw),
        gap(4),
        prose(shared.sentence(panel), context, 9.0, colour=context.inks.ink),
        *(prose(line, context) for line in shared.lines(panel)),
        *(prose(f"– {note}", context) for note in notes),
    ]


def _coloured(weights: NDArray[np.float32], end: float, inks: palette.Scheme) -> NDArray[np.float64]:
    """(S, R, 3) the colours of one head's matrix."""
    colours = np.array([to_rgb(inks.weight(step)) for step in range(palette.STEPS + 1)])
    return colours[shared.steps(weights, end)]


def texts(panel: AttentionHeads, text: str | None) -> Iterator[str]:
    """Everything of the panel that a user may have written and the picture may show."""
    yield from (visible(each, one_line=True) for each in (panel.title, *panel.tokens, *panel.layers, *panel.notes))
