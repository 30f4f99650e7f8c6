"""Two explanations of one text, side by side."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from attribkit.plurals import number_of
from attribkit.results.content import checked_panels, checked_provenance
from attribkit.results.panel_frames import panel_frame
from attribkit.results.panels import Heatmap, Panel, Table
from attribkit.results.result import Result
from attribkit.results.sentences import STRONGEST, shortened


@dataclass(frozen=True, repr=False)
class Comparison(Result):
    """The scores of two explanations for each token of one text, and their difference.

    Attributes:
        text: the user's own text.
        target: the label explained, or "a − b" for why a and not b.
        unit: of the scores and their difference, such as "log-odds".
        heatmap: a row for each of the two and one for their difference, with Kendall's τ of the sizes of the scores.
        table: the same token by token, the largest difference first.
        provenance: of each by its name, with its `convergence`.
    """

    about = "Comparison of two explanations"

    text: str = field()
    target: str
    unit: str
    heatmap: Heatmap
    table: Table
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checked_panels(self.panels(), self.text)
        object.__setattr__(self, "provenance", checked_provenance(self.provenance))

    @property
    def names(self) -> tuple[str, str]:
        """The names of the two."""
        return self.heatmap.rows[0].name, self.heatmap.rows[1].name

    def panels(self) -> tuple[Panel, ...]:
        """The heatmap and the table."""
        return self.heatmap, self.table

    def to_frame(self) -> pd.DataFrame:
        """One row per token, in reading order, or per span of the text if the two models split it differently.

        Columns: token (as written in the text), start, end, a score for each of the two by its name, difference, unit,
        target. Its `attrs` hold Kendall's τ of the sizes of the scores as `tau`.
        """
        table = panel_frame(self.heatmap, self.text).assign(unit=self.unit, target=self.target)
        table.attrs["tau"] = self.heatmap.agreements[0].tau
        return table

    def answer(self) -> str:
        """Where the two differ most."""
        change, (first, second) = self.heatmap.rows[2].values, self.names
        place = int(np.argmax(np.abs(change))) if len(change) else 0
        if not len(change) or not change[place]:
            return f"“{first}” and “{second}” give every word of the text the same score for “{self.target}”."
        word = self.text[self.heatmap.starts[place] : self.heatmap.ends[place]]
        scores = " and ".join(_signed(row.values[place]) for row in self.heatmap.rows[:2])
        opposite, scored = self.heatmap.rows[0].opposite_signs(self.heatmap.rows[1]) or (0, 0)
        signs = f"; their signs differ at {opposite:,} of {number_of(scored, 'word')}" if opposite else ""
        return f"“{first}” and “{second}” differ most at “{word}”: {scores} in {self.unit} for “{self.target}”{signs}."

    def summary(self) -> str:
        """Where the two differ most, their rank correlation, and both verdicts."""
        first, second, change = (row.values for row in self.heatmap.rows)
        places = np.argsort(-np.abs(change), kind="stable")[:STRONGEST]
        words = (self.text[self.heatmap.starts[i] : self.heatmap.ends[i]] for i in places)
        differences = ", ".join(
            f"“{word}” {_signed(change[i])} ({_signed(first[i])} and {_signed(second[i])})"
            for i, word in zip(places, words, strict=True)
        )
        return "\n".join(
            [
                shortened(self.text),
                f"{' and '.join(self.names)}, for “{self.target}” in {self.unit}; they differ most at "
                f"{differences or 'no token'}",
                *self.heatmap.notes,
            ]
        )


def _signed(score: float) -> str:
    return f"{score:+.2f}".replace("-", "−")
