"""The same scores with several baselines."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.plurals import number_of
from attribkit.results.panels.arrays import ArrayEquality, frozen_array


@dataclass(frozen=True, eq=False)
class Band(ArrayEquality):
    """The scores of a text with several baselines, to see how much the baseline matters.

    Attributes:
        baselines: (N,) their names or texts; the panel's own is the first.
        scores: (N, T), in the panel's unit.
        converged: (N,) whether each meets the tolerance; None if the method does not promise completeness.
    """

    baselines: tuple[str, ...]
    scores: NDArray[np.float64]
    converged: tuple[bool | None, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "baselines", tuple(str(name) for name in self.baselines))
        object.__setattr__(self, "converged", tuple(self.converged))
        object.__setattr__(self, "scores", frozen_array(self.scores, float, "scores", dimensions=2))
        if not len(self.baselines) == len(self.scores) == len(self.converged) >= 2:
            raise InputError(
                "a band needs a row of scores for each of at least two baselines, got "
                f"{number_of(len(self.scores), 'row')} for "
                f"{number_of(len(self.baselines), 'baseline')}"
            )

    @property
    def low(self) -> NDArray[np.float64]:
        """(T,) each token's smallest score."""
        lowest: NDArray[np.float64] = self.scores.min(0)
        return lowest

    @property
    def high(self) -> NDArray[np.float64]:
        """(T,) each token's largest score."""
        highest: NDArray[np.float64] = self.scores.max(0)
        return highest
