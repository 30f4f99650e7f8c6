"""Intervals of scores: over several baselines, or over other draws of a sampled method.

One drawing serves both: from a token's lowest to its highest score. With several baselines it shows those; without, if
the scores were sampled, the score ± its spread.
"""

from dataclasses import dataclass

from attribkit.render.preparation.numbers import number
from attribkit.render.preparation.scales import Scale
from attribkit.render.preparation.unicode import visible
from attribkit.results.panels import TokenScores

STILL = 0.05
"""The share of the scale below which nothing but the line at 0 is drawn."""


@dataclass(frozen=True)
class Interval:
    """One token's interval: its lowest and its highest score, its own, and where the drawing's scale ends."""

    low: float
    own: float
    high: float
    limit: float

    @property
    def words(self) -> str:
        """The interval in numbers."""
        return f"{number(self.low, self.limit)} to {number(self.high, self.limit)}"

    @property
    def still(self) -> bool:
        """Whether the interval is too small and too near 0 to be visible."""
        return max(-self.low, self.high) < STILL * self.limit or not self.limit

    def cut(self, score: float) -> bool:
        """Whether a score lies beyond the scale, so that the drawn end is not the interval's."""
        return abs(score) > self.limit

    def share(self, score: float) -> float:
        """Where a score stands on the scale, −1 to 1."""
        return max(-1.0, min(1.0, score / self.limit)) if self.limit else 0.0


def intervals(panel: TokenScores, scale: Scale) -> list[Interval]:
    """(T,) each token's interval; empty if the panel has none."""
    if panel.band is not None:
        low, high = panel.band.low, panel.band.high
    elif panel.draws and panel.spread is not None:
        low, high = panel.scores - panel.spread, panel.scores + panel.spread
    else:
        return []
    columns = (low.tolist(), panel.scores.tolist(), high.tolist())
    return [Interval(low, own, high, scale.limit) for low, own, high in zip(*columns, strict=True)]


def caption(panel: TokenScores) -> str:
    """What the intervals are, in a legend; empty without any."""
    if panel.band is not None:
        return "its scores over several baselines"
    return "its score ± the spread of the draws" if panel.draws else ""


def meaning(panel: TokenScores) -> str:
    """How the intervals are to be read; empty without any."""
    own, end = f"its score with {visible(panel.baseline, one_line=True)}", ""
    if panel.band is not None:
        names = visible(", ".join(panel.band.baselines), one_line=True)
        drawn = f"from its lowest to its highest score over the baselines {names}"
    elif panel.draws:
        drawn = "where its score would lie with other draws in 95 % of cases"
        own, end = "its score with these", "; what lies beyond the scale is cut off"
    else:
        return ""
    return (
        f"Under each word: {drawn}. The stroke across is {own}, the line is 0; up speaks for the target, down against "
        f"it{end}."
    )
