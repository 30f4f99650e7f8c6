"""Rows whose label is likely wrong, as a result like every other; its .csv holds the suspects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from attribkit.plurals import by_number, number_of
from attribkit.results.explanation import Explanation
from attribkit.results.explanations import Explanations
from attribkit.results.json_file import open_envelope, read, results_json
from attribkit.results.panels import Bar, Cell, Drawable, Panel, Table
from attribkit.results.result import Result
from attribkit.results.several_panels import Panels
from attribkit.text.encoded import shortened

_SHOWN = 50
_EXCERPT = 80


@dataclass(frozen=True, repr=False)
class LabelErrors(Result):
    """Labelled rows by how likely their label is wrong, and texts that occur more than once.

    Attributes:
        rows: a row for each row, the most likely wrong first: row (its number), label, suggested (the label whose
            log-odds are highest without the row), margin (the mean of the next two), layer and words (the log-odds of
            its label by the last layer and by a model of words, trained without it; NaN where the second was not
            asked), self_influence (how much the row raises its own label's log-odds), text, and the data's other
            columns, such as an id. Rows are counted from 0, as the data were given.
        copies: pairs of texts that are the same or nearly so: row, split and label of each, and how alike they are.
        overview: the first rows and the pairs as tables.
        explained: the first rows with the token scores of the label suggested.
    """

    about = "Probably wrong labels"
    heading = "Which labels are probably wrong?"
    writes_csv = True

    rows: pd.DataFrame = field(compare=False)
    copies: pd.DataFrame = field(compare=False)
    overview: Panels
    explained: Explanations

    @property
    def suspects(self) -> pd.DataFrame:
        """The rows to which models that never saw them give another label."""
        return suspects_of(self.rows)

    def parts(self) -> Sequence[Drawable]:
        """What is drawn one below the other: the tables, then each row explained."""
        return self.overview, *self.explained

    def panels(self) -> tuple[Panel, ...]:
        """Those of the overview, then those of each row."""
        return tuple(panel for part in self.parts() for panel in part.panels())

    def to_frame(self) -> pd.DataFrame:
        """All rows, the most likely wrong first; the columns are those of `rows`."""
        return self.rows.copy()

    def answer(self) -> str:
        """How many labels are doubted, which is doubted most, and whether texts occur more than once."""
        rows, doubted = (int(self.overview.provenance.get(name, 0)) for name in ("rows", "suspects"))
        if not doubted:
            return (
                f"None of {number_of(rows, 'label')} is doubted by models that never saw the row; "
                f"{copies_sentence(self.copies)}."
            )
        first = self.suspects.iloc[0]
        return (
            f"{doubted:,} of {number_of(rows, 'label')} {by_number(doubted, 'is', 'are')} doubted by models that "
            "never saw the row, most of all "
            f"“{first['label']}” of row {first['row']}, rather “{first['suggested']}”; {copies_sentence(self.copies)}."
        )

    def summary(self) -> str:
        """How many rows are suspect, the first of them, and how many texts occur more than once."""
        lines = [
            f"{len(self.suspects):,} of {number_of(len(self.rows), 'row')} "
            f"{by_number(len(self.suspects), 'has', 'have')} a label that models without them doubt"
        ]
        for row in self.suspects.head(5).to_dict("records"):
            lines.append(
                f"  row {row['row']}: {row['label']}, rather {row['suggested']} (margin {row['margin']:+.1f}): "
                f"{shortened(row['text'], _EXCERPT)}"
            )
        return "\n".join([*lines, copies_sentence(self.copies)])

    def to_csv(self) -> str:
        """All suspects, more than `panels` draws."""
        return str(self.suspects.to_csv(index=False))

    def to_json(self) -> str:
        """The tables and the rows explained as JSON, which `LabelErrors.from_json` reads back."""
        return results_json("label errors", self.parts())

    @staticmethod
    def from_json(text: str) -> "LabelErrors":
        """Read the JSON that `to_json` made: the rows and pairs that its tables show.

        Raises:
            ValueError: for anything else.
        """
        overview, *explained = open_envelope(text, "label errors")
        panels = Panels.of_content(overview)
        first, second = (pd.DataFrame(list(panel.rows), columns=panel.columns) for panel in _tables(panels))
        return LabelErrors(first, second, panels, Explanations(map(Explanation.of_content, explained)))

    @staticmethod
    def load(path: str | Path) -> "LabelErrors":
        """Read a .json file that `save` wrote.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: for a file that holds something else.
        """
        return LabelErrors.from_json(read(path))


def _tables(panels: Panels) -> list[Table]:
    return [panel for panel in panels.panels() if isinstance(panel, Table)]


def suspects_of(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of `LabelErrors.rows` for which another label is likelier, in their order."""
    return rows[rows["suggested"] != rows["label"]]


def copies_sentence(copies: pd.DataFrame) -> str:
    """How many texts occur more than once, across splits, and under different labels."""
    if not len(copies):
        return "no text occurs more than once"
    same = int((copies["alike"] == 1).sum())
    across = int((copies["first_split"] != copies["second_split"]).sum())
    differ = int((copies["first_label"] != copies["second_label"]).sum())
    return (
        f"{number_of(len(copies), 'pair of texts is', 'pairs of texts are')} the same ({same:,}) or nearly so "
        f"({len(copies) - same:,}): "
        f"{across:,} "
        f"across splits, {differ:,} with different labels"
    )


def overview_of(
    rows: pd.DataFrame, copies: pd.DataFrame, about: Mapping[str, Any], notes: tuple[str, ...], words: bool
) -> Panels:
    """The first rows and pairs as tables.

    Args:
        rows: as `LabelErrors.rows`.
        copies: as `LabelErrors.copies`.
        about: the model, the data and the number of texts.
        notes: sentences that a reader must know.
        words: whether the model of words had a say.
    """
    first = rows.head(_SHOWN)
    columns = ("row", "label", "suggested", "margin")  # the others are in the frame and the .csv: texts need the room
    cells: list[tuple[Cell, ...]] = [
        (*(None if pd.isna(row[name]) else row[name] for name in columns), shortened(row["text"], _EXCERPT))
        for row in first.to_dict("records")
    ]
    suspects = len(suspects_of(rows))
    whose = "the last layer and a model of words" if words else "the last layer"
    table = Table(
        "Rows to look at",
        (*columns, "text"),
        tuple(cells),
        (
            f"models without them doubt the label of {suspects:,} of {number_of(len(rows), 'row')}; the first "
            f"{len(first):,} "
            "are shown",
            f"margin: the log-odds of the row's label by {whose}, trained without the row",
            *notes,
        ),
        bars=tuple(Bar(value) for value in first["margin"].tolist()),
    )
    shown = copies.head(_SHOWN)
    pairs = tuple(
        (*(row[name] for name in copies.columns[:-1]), shortened(row["text"], _EXCERPT))
        for row in shown.to_dict("records")
    )
    twice = Table("Texts that occur more than once", tuple(copies.columns), pairs, (copies_sentence(copies),))
    return Panels([table, twice], {**about, "rows": len(rows), "suspects": suspects})
