"""Panels: frozen, shape-checked arrays and strings with their units, which can be drawn.

A panel knows nothing of models, tensors or drawing. A view that fits one of these needs no drawing code.
"""

from attribkit.results.panels.attention_heads import AttentionHeads
from attribkit.results.panels.band import Band
from attribkit.results.panels.chart import Chart, Series
from attribkit.results.panels.confusion import ConfusionMatrix
from attribkit.results.panels.convergence import Convergence
from attribkit.results.panels.criteria import failed, relative_error, relative_to_size
from attribkit.results.panels.document import Document, Figure, Group, Section
from attribkit.results.panels.heatmap import Agreement, Heatmap, HeatmapRow
from attribkit.results.panels.kinds import KINDS, Drawable, Panel
from attribkit.results.panels.pairs import INDICES, Pairs
from attribkit.results.panels.phrases import Phrase, Phrases
from attribkit.results.panels.prediction import Prediction
from attribkit.results.panels.scatter import Map, Mixing, ProjectedText, Region, Scatter
from attribkit.results.panels.subwords import Subwords
from attribkit.results.panels.table import Bar, Cell, Table
from attribkit.results.panels.text_windows import TextWindows
from attribkit.results.panels.token_scores import TokenScores

__all__ = [
    "INDICES",
    "KINDS",
    "Agreement",
    "AttentionHeads",
    "Band",
    "Bar",
    "Cell",
    "Chart",
    "ConfusionMatrix",
    "Convergence",
    "Document",
    "Drawable",
    "Figure",
    "Group",
    "Heatmap",
    "HeatmapRow",
    "Map",
    "Mixing",
    "Pairs",
    "Panel",
    "Phrase",
    "Phrases",
    "Prediction",
    "ProjectedText",
    "Region",
    "Scatter",
    "Section",
    "Series",
    "Subwords",
    "Table",
    "TextWindows",
    "TokenScores",
    "failed",
    "relative_error",
    "relative_to_size",
]
