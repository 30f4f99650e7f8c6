"""The tokens that are named if there is no room for all of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attribkit.results.panels import Panel, Phrase, Prediction, TokenScores


def largest(values: NDArray[np.float64], count: int) -> list[int]:
    """The places of up to `count` values other than 0, the largest in size first."""
    order = sorted(range(len(values)), key=lambda i: (-abs(values[i]), i))
    return [i for i in order[:count] if values[i] != 0]


def strongest(panel: TokenScores, count: int) -> tuple[list[int], list[int]]:
    """Up to `count` tokens that speak most for the target, and up to `count` that speak most against it."""
    order = sorted(range(len(panel.scores)), key=lambda i: (-abs(panel.scores[i]), i))
    towards = [i for i in order if panel.scores[i] > 0][:count]
    against = [i for i in order if panel.scores[i] < 0][:count]
    return towards, against


def likeliest_first(panels: Sequence[Panel], prediction: Prediction | None) -> list[Panel]:
    """The panels, those of token scores in the order of their targets' probabilities, the predicted label's first."""
    if prediction is None:
        return list(panels)
    chances = dict(zip(prediction.labels, prediction.probabilities, strict=bool(prediction.probabilities)))
    scored = [panel for panel in panels if isinstance(panel, TokenScores)]
    scored.sort(key=lambda panel: (panel.target != prediction.label, -chances.get(panel.target, 0.0)))
    ordered = iter(scored)
    return [next(ordered) if isinstance(panel, TokenScores) else panel for panel in panels]


def separate(panel: TokenScores, count: int) -> list[Phrase]:
    """Up to `count` phrases of which no two share a token: the strongest, the strongest of those left, and so on."""
    chosen: list[Phrase] = []
    for phrase in panel.strongest_phrases():
        if all(phrase.last < other.first or phrase.first > other.last for other in chosen):
            chosen.append(phrase)
            if len(chosen) == count:
                break
    return chosen
