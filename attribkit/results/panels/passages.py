"""Passages: the contiguous stretches of a text that carry its score.

A text of T tokens is cut at the borders of its sentences and clauses. Each part speaks for the target, against it, or
carries nothing; parts beside each other that speak alike are one passage. Of all ways to say so, the one with the
largest

    Σ over passages of (|S| − q · tokens − 3q) − 20q · (passages' borders inside a sentence),    q = Σ_sentences |S| / T

is taken, S being the sum of the scores of a passage's tokens or of a sentence's. So a passage must score more a token
than the text's sentences do on average; a passage of its own, rather than a part of another, must be worth three such
tokens, and one that ends inside a sentence twenty more. A dynamic programme finds it exactly, in time linear in the
clauses: the segments of maximal score of Karlin & Altschul (PNAS 1990), with a penalty on each segment.

Sums are never rescaled: passages and the stretches between them add up to the sum of the tokens' scores.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

OF_PASSAGE, INSIDE = 3.0, 20.0
"""What a passage, and a border inside a sentence, must be worth, in tokens of average score.

Chosen on generated texts, sentences of film reviews among sentences of news, for parts that a person would name: with
lower prices passages end inside sentences that they should hold, with higher ones neighbours melt into one.
"""

_SIGNS = (0, 1, -1)
_OTHERS = ((1, 2), (0, 2), (0, 1))
"""Of each place in `_SIGNS`, the others."""


@dataclass(frozen=True, eq=False)
class Passages:
    """A text's tokens in contiguous stretches: passages, and what lies between them, sentence by sentence.

    Attributes:
        firsts: (P,) the first token of each stretch, beginning with 0.
        lasts: (P,) its last token.
        signs: (P,) 1 where it speaks for the target, −1 against it, 0 where it carries nothing.
        scores: (P,) the sum of its tokens' scores, in their unit.
    """

    firsts: NDArray[np.int64]
    lasts: NDArray[np.int64]
    signs: NDArray[np.int64]
    scores: NDArray[np.float64]

    @property
    def means(self) -> NDArray[np.float64]:
        """(T,) for each token the mean score of its stretch."""
        counts = self.lasts - self.firsts + 1
        return np.repeat(self.scores / counts, counts)


def passages(scores: NDArray[np.float64], sentences: NDArray[np.int64], clauses: NDArray[np.int64]) -> Passages:
    """The passages of a text, and the stretches between them.

    Args:
        scores: (T,) the tokens' scores.
        sentences: (S,) the first token of each sentence, beginning with 0.
        clauses: (C,) the first token of each clause; all of `sentences` are among them.
    """
    if not len(scores):
        nothing = np.zeros(0, dtype=np.int64)
        return Passages(nothing, nothing, nothing, np.zeros(0))
    average = float(np.abs(np.add.reduceat(scores, sentences)).sum()) / len(scores)
    sums = np.add.reduceat(scores, clauses)
    worths = np.abs(sums) - average * np.diff(np.append(clauses, len(scores)))
    begins = np.isin(clauses, sentences)
    signs = np.array(_best(sums.tolist(), worths.tolist(), begins.tolist(), average), dtype=np.int64)
    changes = np.append(True, np.diff(signs) != 0)
    firsts = clauses[changes | (begins & (signs == 0))]
    return Passages(
        firsts,
        np.append(firsts[1:], len(scores)) - 1,
        signs[np.searchsorted(clauses, firsts)],
        np.add.reduceat(scores, firsts),
    )


def _best(sums: list[float], worths: list[float], begins: list[bool], average: float) -> list[int]:
    """Each clause's sign in the best way to choose them."""
    best = [0.0, -OF_PASSAGE * average, -OF_PASSAGE * average]  # of the clauses so far, the last one having this sign
    origins: list[list[int]] = []
    for place, (score, worth, begin) in enumerate(zip(sums, worths, begins, strict=True)):
        against = worth - 2 * abs(score)  # of the sign that its sum does not have
        gains = (0.0, worth, against) if score >= 0 else (0.0, against, worth)
        if not place:
            best = [before + gain for before, gain in zip(best, gains, strict=True)]
            continue
        change = 0.0 if begin else INSIDE * average
        moves = [
            [best[last] - (last != sign) * (change + (sign != 0) * OF_PASSAGE * average) for last in range(3)]
            for sign in range(3)
        ]
        origins.append([max((sign, *_OTHERS[sign]), key=of.__getitem__) for sign, of in enumerate(moves)])
        best = [of[last] + gain for of, last, gain in zip(moves, origins[-1], gains, strict=True)]
    sign = max(range(3), key=best.__getitem__)
    chosen = [sign]
    for origin in reversed(origins):
        sign = origin[sign]
        chosen.append(sign)
    return [_SIGNS[sign] for sign in reversed(chosen)]
