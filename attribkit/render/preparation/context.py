"""What drawing a panel needs: the text and the prediction it belongs to, and the scales."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from attribkit.render.preparation.scales import Scale
from attribkit.render.preparation.table import Bars
from attribkit.results.panels import Prediction


@dataclass(frozen=True)
class PanelContext:
    """What drawing a panel needs besides the panel: its text and prediction, and the scales by panels' `id`.

    A table whose bars have no axis here has one of its own. `heads` counts the panels of attention heads, which share
    what room a page has for them. `ends` are those of the scales, by unit, that all heatmaps of a picture share.
    """

    text: str | None
    prediction: Prediction | None
    scales: Mapping[int, Scale]
    axes: Mapping[int, Bars] = field(default_factory=dict)
    heads: int = 1
    ends: Mapping[str, float] = field(default_factory=dict)
