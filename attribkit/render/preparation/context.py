"""What drawing a panel needs: the text and the prediction it belongs to, and the scales."""

from collections.abc import Mapping
from dataclasses import dataclass

from attribkit.render.preparation.scales import Scale
from attribkit.results.panels import Prediction


@dataclass(frozen=True)
class PanelContext:
    """What drawing a panel needs besides the panel: its text and prediction, and the scales by panels' `id`."""

    text: str | None
    prediction: Prediction | None
    scales: Mapping[int, Scale]
