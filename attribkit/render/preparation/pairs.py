"""What all drawings of pairs share: which are drawn, between which words, how thick, and their meaning in words."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.plurals import by_number, number_of
from attribkit.render.preparation import palette
from attribkit.render.preparation.captions import Tone, Verdict
from attribkit.render.preparation.numbers import number
from attribkit.render.preparation.unicode import quoted, visible
from attribkit.results.panels import INDICES, Pairs

ARCS = 12
"""Pairs that are drawn and listed; the rest are fewer words' work, and in the table."""
SENTENCE = 14
"""Tokens up to which the arcs stand over the whole text; of a longer one only words that have an arc are shown."""
MATRIX = 40
"""Tokens up to which every pair has a cell."""

_MEANINGS = {
    "shapley": "how much more two words do together than apart, averaged over all coalitions of the other words",
    "integrated_hessians": "how much more two words do together than apart, along the path from baseline to text",
}


@dataclass(frozen=True)
class Arc:
    """A pair that is drawn.

    Attributes:
        first: the first word's place among those shown.
        second: the second word's.
        value: in the panel's unit.
        share: |value| / the largest of the panel.
    """

    first: int
    second: int
    value: float
    share: float


@dataclass(frozen=True)
class ArcDiagram:
    """The words that are shown, in reading order, and the arcs between them.

    Attributes:
        tokens: (W,) their places in the text; None where words without an arc were left out.
        arcs: the weakest first, so that the strongest are drawn over them.
    """

    tokens: tuple[int | None, ...]
    arcs: tuple[Arc, ...]

    @staticmethod
    def of(panel: Pairs) -> "ArcDiagram":
        """The strongest pairs over the text, or over the words that they join."""
        chosen = panel.strongest(ARCS)
        if len(panel.tokens) <= SENTENCE:
            tokens: list[int | None] = list(range(len(panel.tokens)))
        else:
            tokens = []
            for token in sorted({int(end[i]) for i in chosen for end in (panel.firsts, panel.seconds)}):
                before = tokens[-1] if tokens else -1
                if before is not None and token > before + 1:
                    tokens.append(None)
                tokens.append(token)
            if tokens and tokens[-1] != len(panel.tokens) - 1:
                tokens.append(None)
        place = {token: i for i, token in enumerate(tokens) if token is not None}
        end = limit(panel)
        arcs = (
            Arc(place[int(panel.firsts[i])], place[int(panel.seconds[i])], float(v), abs(float(v)) / end)
            for i, v in ((i, panel.values[i]) for i in reversed(chosen))
        )
        return ArcDiagram(tuple(tokens), tuple(arcs))

    def heights(self, places: NDArray[np.float64], most: float) -> list[float]:
        """How far each arc rises over its words at `places` (W,): in proportion to its width, `most` at most."""
        widths = [abs(float(places[arc.second] - places[arc.first])) for arc in self.arcs]
        return [width * min(0.5, most / max(widths)) for width in widths]


def limit(panel: Pairs) -> float:
    """Where the colour scale ends: the largest |value|; 0 without pairs."""
    return float(np.abs(panel.values).max(initial=0.0))


def steps(panel: Pairs) -> NDArray[np.int64]:
    """(T, T) each pair's step of the colours, 0 on the diagonal."""
    matrix, end = panel.matrix, limit(panel)
    np.fill_diagonal(matrix, 0.0)
    return np.array([[palette.step(value, end) for value in row] for row in matrix.tolist()], dtype=np.int64)


def value(panel: Pairs, amount: float) -> str:
    """A pair's number, all to the same digits."""
    return number(amount, limit(panel))


def verdict_of(panel: Pairs) -> Verdict:
    """The panel's verdict with its mark."""
    if panel.converged:
        return Verdict("✓", Tone.good, panel.verdict, "values sum to the model’s output")
    return Verdict("!", Tone.bad, panel.verdict, "values do not sum to the model’s output")


def legend(panel: Pairs) -> str:
    """What the colours and lines mean."""
    return (
        f"Solid: together two words speak more for {quoted(panel.target)} than each alone; dashed: less. The thicker, "
        f"the stronger; the thickest is {number(limit(panel), sign=False)} {panel.unit}."
    )


def meaning(panel: Pairs) -> str:
    """The index, in one line."""
    return f"{INDICES[panel.index]}: {_MEANINGS[panel.index]}; baseline {visible(panel.baseline, one_line=True)}"


def caveats(panel: Pairs) -> list[str]:
    """Sentences a reader must know: the panel's own notes, and what the drawing itself leaves out."""
    sentences = [visible(note, one_line=True) for note in panel.notes]
    if not panel.strongest(1):
        sentences.append("no two words act together: every interaction is 0")
    rest = int(np.count_nonzero(panel.values)) - ARCS
    if rest > 0:
        largest = abs(panel.values[panel.strongest(ARCS + 1)[-1]])
        sentences.append(
            f"{number_of(rest, 'more pair is', 'more pairs are')} not drawn, each at most "
            f"{number(float(largest), sign=False)}"
        )
    if len(panel.tokens) > SENTENCE and panel.strongest(1):
        sentences.append("words without an arc are left out")
    if panel.truncated:
        sentences.append(
            f"{len(panel.tokens):,} of {number_of(panel.tokens_total, 'token')} "
            f"{by_number(len(panel.tokens), 'was', 'were')} read"
        )
    return sentences
