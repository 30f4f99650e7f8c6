"""Which training rows moved a model's answers, as a result like every other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.results.explanation import Explanation
from attribkit.results.explanations import Explanations
from attribkit.results.json_file import open_envelope, read, results_json
from attribkit.results.panels import Bar, Drawable, Panel, Table, relative_to_size
from attribkit.results.result import Result
from attribkit.results.several_panels import Panels

TOLERANCE = 1e-6
"""The largest relative error of the representer values' sum that counts as adding up."""


@dataclass(frozen=True, eq=False)
class TextInfluence:
    """What every training row did to one answer.

    Attributes:
        text: that was asked about.
        target: the label, or "a − b".
        answer: the network's log-odds.
        refitted: those of the refitted layer.
        effects: (N,) how much each row raised the refitted layer's log-odds, by one Newton step: without the row they
            would be lower by so much.
        values: (N,) what each row adds to the layer's margin; they sum to it.
        margin: the margin, from the layer's own weights.
        largest_error: (N,) how far each effect may lie from that of a true refit.
        shown: (M,) the places of the rows that are shown: those that raised the answer most, then those that lowered it
            most.
        shown_effects: (M,) theirs, by two Newton steps.
        likeness: (M,) how like the text they are: 1 for a copy of it.
    """

    text: str
    target: str
    answer: float
    refitted: float
    effects: NDArray[np.float64]
    values: NDArray[np.float64]
    margin: float
    largest_error: NDArray[np.float64]
    shown: NDArray[np.int64]
    shown_effects: NDArray[np.float64]
    likeness: NDArray[np.float64]

    @property
    def relative_error(self) -> float:
        """|Σ values − margin| / Σ|values|."""
        return relative_to_size(abs(float(self.values.sum()) - self.margin), self.values)

    @property
    def verdict(self) -> str:
        """Whether the values add up, in words."""
        passed = self.relative_error <= TOLERANCE
        what = "the rows' values sum to the layer's margin" if passed else "the rows' values do NOT sum to the margin"
        return f"{what} (relative error {self.relative_error:.1e}{'' if passed else f', above {TOLERANCE:.0e}'})"


@dataclass(frozen=True, repr=False)
class TrainingInfluence(Result):
    """Which training rows raised and lowered a model's answers, each row with its token scores.

    Attributes:
        overview: for each text a table of its rows; then how far the refitted layer is to be trusted.
        lessons: an explanation of each row shown, text by text, with its own token scores and those of its likeness;
            empty if they were not asked for. Their `provenance` holds the text's number, the row and its effect.
        influences: for each text what every row did; empty in a result that was read from a file.
    """

    overview: Panels
    lessons: Explanations
    influences: tuple[TextInfluence, ...] = field(default=(), compare=False)

    def parts(self) -> Sequence[Drawable]:
        """What is drawn one below the other: the overview, then each row."""
        return self.overview, *self.lessons

    def panels(self) -> tuple[Panel, ...]:
        """Those of the overview, then those of each row."""
        return tuple(panel for part in self.parts() for panel in part.panels())

    def _tables(self) -> list[Table]:
        return [panel for panel in self.overview.panels() if isinstance(panel, Table)]

    def to_frame(self) -> pd.DataFrame:
        """One row per text and training row shown.

        The columns are text (its number), row (its number in the table), label, effect (log-odds), value, alike and
        excerpt.
        """
        tables = self._tables()[:-1]
        columns = ["row", "label", "effect", "value", "alike", "excerpt"]
        frames = [pd.DataFrame(list(table.rows), columns=columns) for table in tables]
        return pd.concat(dict(enumerate(frames)), names=["text", None]).reset_index(level=0).reset_index(drop=True)

    def summary(self) -> str:
        """For each of the first ten texts the rows that raised and lowered it most; then how far to trust it."""
        *tables, trust = self._tables()
        lines = []
        for table in tables[:10]:
            lines.append(table.title)
            lines += [f"  {row[2]:+.1e} {row[1]}: {row[5]}" for row in (table.rows[0], table.rows[-1])]
        return "\n".join([*lines, *trust.notes])

    def to_json(self) -> str:
        """The overview and the rows as JSON, which `TrainingInfluence.from_json` reads back."""
        return results_json("training influence", self.parts())

    @staticmethod
    def from_json(text: str) -> "TrainingInfluence":
        """Read the JSON that `to_json` made.

        Raises:
            ValueError: for anything else.
        """
        overview, *lessons = open_envelope(text, "training influence")
        return TrainingInfluence(Panels.of_content(overview), Explanations(map(Explanation.of_content, lessons)))

    @staticmethod
    def load(path: str | Path) -> "TrainingInfluence":
        """Read a .json file that `save` wrote.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: for a file that holds something else.
        """
        return TrainingInfluence.from_json(read(path))


def rows_table(
    influence: TextInfluence, rows: Sequence[int], labels: Sequence[str], excerpts: Sequence[str], shown: str
) -> Table:
    """The rows shown of one text: number, label, effect, value, likeness, how each begins.

    Args:
        influence: what every row did.
        rows: (M,) their numbers in the table.
        labels: (M,) their labels.
        excerpts: (M,) how each begins.
        shown: the text as it is named.
    """
    effects = influence.shown_effects.tolist()
    values = influence.values[influence.shown].tolist()
    cells = zip(rows, labels, effects, values, influence.likeness.tolist(), excerpts, strict=True)
    return Table(
        f"Training rows that raised and lowered {influence.target} for “{shown}”",
        ("row", "label", "effect (log-odds)", "value", "alike", "text"),
        tuple(tuple(row) for row in cells),
        (
            "effect: how much the row raised the log-odds; left out of the training, they would be lower by so much",
            "value: what the row adds to the last layer's margin; alike: 1 for a copy of the text",
            f"the network's log-odds are {influence.answer:+.2f}, the refitted layer's {influence.refitted:+.2f}",
            influence.verdict,
        ),
        bars=tuple(Bar(effect) for effect in effects),
    )
