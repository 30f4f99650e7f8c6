"""The passages of a long text that carry its score."""

from dataclasses import dataclass

from attribkit.render.preparation.sentences import FEWEST, SHORTEST
from attribkit.results.panels import TokenScores

MOST = 4
"""Passages that are listed."""


@dataclass(frozen=True)
class Passage:
    """One passage: its first and last token, and Σ scores of all of them."""

    first: int
    last: int
    total: float


def passages(text: str | None, panel: TokenScores) -> list[Passage]:
    """The passages in reading order; none for a text too short to need them."""
    if text is None or len(panel.sentence_starts) < FEWEST or len(panel.tokens) < SHORTEST:
        return []
    parts = panel.passages(text)
    rows = zip(parts.firsts.tolist(), parts.lasts.tolist(), parts.signs.tolist(), parts.scores.tolist(), strict=True)
    return [Passage(first, last, total) for first, last, sign, total in rows if sign]


def strongest(parts: list[Passage]) -> list[Passage]:
    """The passages with the largest sums, the largest first."""
    return sorted(parts, key=lambda passage: -abs(passage.total))[:MOST]
