"""What can be drawn: frozen, shape-checked arrays and strings that carry their own units.

A panel knows nothing of models, tensors or drawing. A view that fits one of these needs no drawing code.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from attribkit.panels.chart import Chart, Series
from attribkit.panels.heatmap import Agreement, Heatmap, HeatmapRow
from attribkit.panels.prediction import Prediction
from attribkit.panels.scatter import Map, Mixing, Placed, Scatter
from attribkit.panels.table import Bar, Table
from attribkit.panels.token_scores import Band, Phrase, Phrases, TokenScores, relative_error

__all__ = [
    "KINDS",
    "Agreement",
    "Band",
    "Bar",
    "Chart",
    "Drawable",
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
    "Series",
    "Table",
    "TokenScores",
    "relative_error",
]

Panel = TokenScores | Heatmap | Scatter | Chart | Table
KINDS: dict[str, type[Panel]] = {cls.kind: cls for cls in (TokenScores, Heatmap, Scatter, Chart, Table)}


class Drawable(Protocol):
    """What a renderer needs to know of an explanation: the text, what the model said of it, and the panels."""

    @property
    def text(self) -> str | None:
        """The user's own text."""
        ...

    @property
    def prediction(self) -> Prediction | None:
        """What the model said of it."""
        ...

    @property
    def panels(self) -> tuple[Panel, ...]:
        """What is drawn, in order."""
        ...

    @property
    def provenance(self) -> Mapping[str, Any]:
        """How it was made."""
        ...
