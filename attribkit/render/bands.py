"""How much the baseline matters: from each token's lowest to its highest score over several baselines."""

from dataclasses import dataclass

from attribkit.panels import TokenScores
from attribkit.render.layout import Scale, number, visible

STILL = 0.05
"""The share of the scale below which nothing but the line at 0 is drawn."""


@dataclass(frozen=True)
class Range:
    """One token's band: its lowest and its highest score, its own, and where the drawing's scale ends."""

    low: float
    own: float
    high: float
    limit: float

    @property
    def words(self) -> str:
        """The band in numbers."""
        return f"{number(self.low, self.limit)} to {number(self.high, self.limit)}"

    @property
    def still(self) -> bool:
        """Whether the band is too small and too near 0 to be seen."""
        return max(-self.low, self.high) < STILL * self.limit or not self.limit

    def share(self, score: float) -> float:
        """Where a score stands on the scale, −1 to 1."""
        return max(-1.0, min(1.0, score / self.limit)) if self.limit else 0.0


def ranges(panel: TokenScores, scale: Scale) -> list[Range]:
    """(T,) each token's band; empty if the panel has none."""
    if panel.band is None:
        return []
    columns = (panel.band.low.tolist(), panel.scores.tolist(), panel.band.high.tolist())
    return [Range(low, own, high, scale.limit) for low, own, high in zip(*columns, strict=True)]


def meaning(panel: TokenScores) -> str:
    """How the bands are to be read; empty without any."""
    if panel.band is None:
        return ""
    names = visible(", ".join(panel.band.baselines), one_line=True)
    own = visible(panel.baseline, one_line=True)
    return (
        f"Under each word: from its lowest to its highest score over the baselines {names}. The stroke across is its "
        f"score with {own}, the line is 0; up speaks for the target, down against it."
    )
