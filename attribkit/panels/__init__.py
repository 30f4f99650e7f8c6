"""What can be drawn: frozen, shape-checked arrays and strings that carry their own units.

A panel knows nothing of models, tensors or drawing. A view that fits one of these needs no drawing code.
"""

from attribkit.panels.chart import Chart, Series
from attribkit.panels.convergence import Convergence
from attribkit.panels.document import Document, Figure, Section
from attribkit.panels.heatmap import Agreement, Heatmap, HeatmapRow
from attribkit.panels.kinds import KINDS, Drawable, Panel
from attribkit.panels.phrases import Phrase, Phrases
from attribkit.panels.prediction import Prediction
from attribkit.panels.scatter import Map, Mixing, Placed, Scatter
from attribkit.panels.table import Bar, Table
from attribkit.panels.token_scores import Band, TokenScores, failed, relative_error, relative_to_size

__all__ = [
    "KINDS",
    "Agreement",
    "Band",
    "Bar",
    "Chart",
    "Convergence",
    "Document",
    "Drawable",
    "Figure",
    "Heatmap",
    "HeatmapRow",
    "Map",
    "Mixing",
    "Panel",
    "Phrase",
    "Phrases",
    "Placed",
    "Prediction",
    "Scatter",
    "Section",
    "Series",
    "Table",
    "TokenScores",
    "failed",
    "relative_error",
    "relative_to_size",
]
