"""Every kind of panel, and what a renderer needs of a result that holds some."""

from collections.abc import Mapping
from typing import Any, Protocol

from attribkit.results.panels.attention_heads import AttentionHeads
from attribkit.results.panels.chart import Chart
from attribkit.results.panels.confusion import ConfusionMatrix
from attribkit.results.panels.heatmap import Heatmap
from attribkit.results.panels.pairs import Pairs
from attribkit.results.panels.prediction import Prediction
from attribkit.results.panels.scatter import Scatter
from attribkit.results.panels.table import Table
from attribkit.results.panels.token_scores import TokenScores

Panel = TokenScores | Heatmap | AttentionHeads | Pairs | Scatter | Chart | ConfusionMatrix | Table
KINDS: dict[str, type[Panel]] = {
    cls.kind: cls for cls in (TokenScores, Heatmap, AttentionHeads, Pairs, Scatter, Chart, ConfusionMatrix, Table)
}


class Drawable(Protocol):
    """What a renderer needs of a result: the text, the prediction, and the panels."""

    @property
    def text(self) -> str | None:
        """The user's own text."""
        ...

    @property
    def prediction(self) -> Prediction | None:
        """The model's probabilities for the text."""
        ...

    def panels(self) -> tuple[Panel, ...]:
        """What is drawn, in order."""
        ...

    @property
    def provenance(self) -> Mapping[str, Any]:
        """How it was made."""
        ...
