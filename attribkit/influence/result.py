"""Which training rows moved a model's answers, as a result like every other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from attribkit.last_layer.text_influence import TextInfluence
from attribkit.results.explanation import Explanation
from attribkit.results.explanations import Explanations
from attribkit.results.json_file import open_envelope, read, results_json
from attribkit.results.panels import Drawable, Panel, Table
from attribkit.results.result import Result
from attribkit.results.several_panels import Panels


@dataclass(frozen=True, repr=False)
class TrainingInfluence(Result):
    """Which training rows raised and lowered a model's answers, each row with its token scores.

    Attributes:
        overview: for each text a table of its rows; then how far the refitted layer is to be trusted.
        lessons: an explanation of each row shown, text by text, with its own token scores and those of its likeness;
            empty if they were not asked for. Their `provenance` holds the text's number, the row and its effect.
        influences: for each text what every row did; empty in a result that was read from a file.
    """

    about = "Training rows behind an answer"
    heading = "Which training rows taught the model this?"

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

    def answer(self) -> str:
        """Which training row raised the first answer most, by how much, and which lowered it."""
        table = self._tables()[0]
        up, down = table.rows[0], table.rows[-1]
        asked = table.title.removeprefix("Training rows that raised and lowered ")
        return (
            f"What most raised {asked}: row {up[0]}, “{up[1]}”, by {up[2]:.3g} log-odds (“{up[5]}”); what most lowered "
            f"it: row {down[0]}, “{down[1]}” (“{down[5]}”)."
        )

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
