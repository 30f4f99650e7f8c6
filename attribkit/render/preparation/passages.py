"""The passages of a long text that carry its score."""

from dataclasses import dataclass

from attribkit.render.preparation.sentences import FEWEST, SHORTEST
from attribkit.render.preparation.spans import BREAK, text_between
from attribkit.render.preparation.unicode import shorten
from attribkit.results.panels import TokenScores

HEAD = "the passages that carry it, and those against it where the number is negative"
"""What stands above their list."""

MOST = 4
"""Passages that are listed."""
_SHOWN = 200
"""Characters of each that are shown."""


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


def words_of(passage: Passage, text: str | None, panel: TokenScores) -> str:
    """A passage's words on one line, as a list of passages shows them."""
    return shorten(BREAK.sub(" ", text_between(text, panel, passage.first, passage.last)), _SHOWN)


def strongest(parts: list[Passage]) -> list[Passage]:
    """The passages with the largest sums, the largest first."""
    return sorted(parts, key=lambda passage: -abs(passage.total))[:MOST]
