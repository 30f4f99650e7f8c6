"""Every kind of panel, how it is drawn and what it may write."""

from collections.abc import Callable, Iterator
from typing import Any

from attribkit.render.picture import attention_heads, chart, confusion, heatmap, pairs, scatter, table, token_scores
from attribkit.render.picture.canvas import Block
from attribkit.render.picture.context import DrawContext
from attribkit.results.panels import (
    AttentionHeads,
    Chart,
    ConfusionMatrix,
    Heatmap,
    Pairs,
    Scatter,
    Table,
    TokenScores,
)

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
