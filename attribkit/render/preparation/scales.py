"""Colour scales: where they end, and which panels share one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attribkit.results.panels import Drawable, TokenScores

STRONG = 0.25
"""The share of the scale from which a token also gets a bar: colour is never the only cue."""


@dataclass(frozen=True)
class Scale:
    """The colour scale of a panel: it ends at ±`limit`, and `shared` panels of the same picture use it too."""

    limit: float
    shared: int


def scales(explanations: Sequence[Drawable]) -> dict[int, Scale]:
    """One scale per token-scores panel, by the panel's `id`.

    Panels whose numbers may be compared (same unit, method, baseline and model) share one, so that a paler row is a
    weaker row; each scale ends at the largest |score| that uses it, those with other baselines included.
    """
    groups: dict[tuple[str, ...], list[TokenScores]] = {}
    for explanation in explanations:
        for panel in explanation.panels():
            if isinstance(panel, TokenScores):
                key = (panel.unit, panel.method, panel.baseline, str(explanation.provenance.get("model")))
                groups.setdefault(key, []).append(panel)
    by_panel = {}
    for group in groups.values():
        limit = max((_largest(panel) for panel in group if len(panel.scores)), default=0.0)
        by_panel.update({id(panel): Scale(limit, len(group)) for panel in group})
    return by_panel


def compared(colour_scales: Mapping[int, Scale]) -> str:
    """Which rows of a picture may be compared by their colours, in words."""
    shared = {scale.shared for scale in colour_scales.values()}
    if shared == {len(colour_scales)}:
        return "one scale for all rows: paler is weaker"
    if shared == {1}:
        return "each row has a scale of its own"
    return "rows of one model, method and unit share a scale; compare no others by colour"


def _largest(panel: TokenScores) -> float:
    largest = float(abs(panel.scores).max())
    return largest if panel.band is None else max(largest, float(abs(panel.band.scores).max()))
