"""The sums of a long text's sentences."""

from dataclasses import dataclass

from attribkit.results.panels import TokenScores

FEWEST, SHORTEST = 3, 60
"""Sentences and tokens from which the sums are drawn; in a shorter text the eye adds up for itself."""


@dataclass(frozen=True)
class Sentence:
    """One sentence: its first and last token, and Σ scores of all of them."""

    first: int
    last: int
    total: float


def sentences(panel: TokenScores) -> list[Sentence]:
    """The sentences in reading order; none for a text too short to need them."""
    firsts = panel.sentence_starts.tolist()
    if len(firsts) < FEWEST or len(panel.tokens) < SHORTEST:
        return []
    lasts = [*(first - 1 for first in firsts[1:]), len(panel.tokens) - 1]
    return [Sentence(a, b, float(panel.scores[a : b + 1].sum())) for a, b in zip(firsts, lasts, strict=True)]


def limit(parts: list[Sentence]) -> float:
    """Where the sums' own scale ends: the largest |sum|."""
    return max((abs(sentence.total) for sentence in parts), default=0.0)
