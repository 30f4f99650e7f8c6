"""The windows that the filters of a text CNN chose, each with its score."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.results.panels.arrays import ArrayEquality, freeze


class Phrase(NamedTuple):
    """One window of a text with all filters of a text CNN that chose it.

    Attributes:
        first: its first token.
        last: its last token.
        score: the sum of these filters' scores, in the panel's unit.
        share: that score / Σ|scores| of all windows and filters.
        filters: their numbers among the output layer's inputs, the largest score first.
    """

    first: int
    last: int
    score: float
    share: float
    filters: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Phrases(ArrayEquality):
    """The windows of a text that a convolution's filters chose, each with its share of the score.

    Attributes:
        firsts: (P,) the first token of each window.
        lasts: (P,) the last token of each window.
        filters: (P,) which filter chose it: its number among the output layer's inputs.
        scores: (P,) its share of the score, in the panel's unit; together they are the sum of the tokens' scores.
    """

    firsts: NDArray[np.int64]
    lasts: NDArray[np.int64]
    filters: NDArray[np.int64]
    scores: NDArray[np.float64]

    def __post_init__(self) -> None:
        freeze(self, firsts=np.int64, lasts=np.int64, filters=np.int64, scores=float)
        if len({len(part) for part in (self.firsts, self.lasts, self.filters, self.scores)}) != 1:
            raise InputError("phrases need one entry per window in every column")
        if np.any(self.firsts < 0) or np.any(self.lasts < self.firsts):
            raise InputError("every phrase must satisfy 0 <= first token <= last token")
