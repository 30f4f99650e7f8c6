"""What a text's tokens have to do with an output: the record of which panels and rows of a corpus are made."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from attribkit.attribution.cnn.integrated_gradients import Phrases


class WindowScores(NamedTuple):
    """The windows of one text that a text CNN's filters chose: P windows with a score.

    Attributes:
        firsts: (P,) the first token of each window.
        lasts: (P,) the last token of each window.
        filters: (P,) each one's filter, as its place among the output layer's inputs.
        scores: (P,) in the unit of the output; they sum to the sum of the tokens' scores.
    """

    firsts: NDArray[np.int64]
    lasts: NDArray[np.int64]
    filters: NDArray[np.int64]
    scores: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TokenAttribution:
    """The scores of one text's tokens for one target and one baseline; all on the processor.

    Attributes:
        scores: (T,) float64, in `unit`; NaN or infinite if the network's gradients are.
        target: the label explained, or "a − b" for why a and not b.
        unit: of the scores: log-odds, logit or probability.
        method: the method's name, as `attribkit.explain` takes it.
        baseline: the baseline's name, or its text.
        tolerance: the largest relative completeness error that counts as converged.
        output_text: F(text), from the network's own forward pass.
        output_baseline: F(baseline), likewise.
        steps: how often the network was evaluated: gradients computed, or changed texts run.
        converged: whether every criterion was met; None without completeness, or for sampled scores.
        rule_change: of a quadrature, the change between its last two rules, in `unit`; else None.
        path_error: of a quadrature, the error along the path, in `unit`; else None.
        draws: random draws; None for a method that is never sampled.
        spread: (T,) how far another run's scores lie away in 95 % of cases; None likewise.
        windows: those that a text CNN's filters chose; None for other methods, or if they were not asked for.
        notes: what a reader of the scores must know.
    """

    scores: NDArray[np.float64]
    target: str
    unit: str
    method: str
    baseline: str
    tolerance: float
    output_text: float
    output_baseline: float
    steps: int
    converged: bool | None
    rule_change: float | None
    path_error: float | None
    draws: int | None
    spread: NDArray[np.float64] | None
    windows: WindowScores | None
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class WindowsByText:
    """The windows of a batch, P in all, ordered by text; those of text b are `bounds[b]` to `bounds[b + 1]`."""

    windows: Phrases
    order: NDArray[np.int64]
    bounds: NDArray[np.int64]

    @staticmethod
    def of(windows: Phrases, texts: int) -> "WindowsByText":
        """Of the windows of a batch of so many texts."""
        order = np.argsort(windows.text, kind="stable")
        return WindowsByText(windows, order, np.searchsorted(windows.text[order], np.arange(texts + 1)))

    def of_text(self, number: int, place: int) -> WindowScores:
        """One text's windows for one target: those that have a part in the score."""
        own = self.order[self.bounds[place] : self.bounds[place + 1]]
        scores = self.windows.scores[number, own]
        own, scores = own[scores != 0], scores[scores != 0]
        return WindowScores(self.windows.first[own], self.windows.last[own], self.windows.feature[own], scores)
