"""Attention as a second line under the words of a text."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.render.preparation import palette
from attribkit.render.preparation.numbers import number
from attribkit.render.preparation.ranking import largest
from attribkit.results.panels import Heatmap, TokenScores


@dataclass(frozen=True)
class Weights:
    """One weight for each token of a text.

    Attributes:
        name: what they are: the row's name, or that they are the mean of several.
        values: (T,) at least 0.
        limit: the largest.
    """

    name: str
    values: NDArray[np.float64]
    limit: float

    def mark(self, token: int) -> tuple[str, str]:
        """The class of the line under a token, and its weight in words."""
        step = max(0, palette.step(float(self.values[token]), self.limit))
        return f" a{step}" if step else "", number(float(self.values[token]), self.limit, sign=False)

    def strongest(self, count: int) -> list[int]:
        """The tokens with the largest weights, the largest first."""
        return largest(self.values, count)

    @property
    def end(self) -> str:
        """The largest weight in words."""
        return number(self.limit, sign=False)


def weights_of(panel: Any, scores: TokenScores) -> Weights | None:
    """The weights that a panel gives the tokens of these scores, of several heads their mean; None if it has none."""
    if not isinstance(panel, Heatmap):
        return None
    same = np.array_equal(panel.starts, scores.starts) and np.array_equal(panel.ends, scores.ends)
    rows = [row for row in panel.rows if not row.signed]
    if not same or not rows:
        return None
    values = np.mean([row.values for row in rows], axis=0)
    name = rows[0].name if len(rows) == 1 else f"mean of {len(rows)} rows of attention"
    return Weights(name, values, float(values.max(initial=0.0)))
