"""Labelled texts in three tables: training, validation and test."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from attribkit.data.label_cells import counted_labels, sorted_labels, strata
from attribkit.data.readers import SPLITS, listed
from attribkit.data.split_record import SplitRecord
from attribkit.errors import InputError
from attribkit.plurals import by_number, number_of
from attribkit.results.panels import Table
from attribkit.results.panels.table import Cell
from attribkit.results.result import Result
from attribkit.task import Task


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(Result):
    """Labelled texts in three tables: training, validation and test.

    Each table has a RangeIndex, the columns `text` and `label` first, then whatever else the source holds (`rating`,
    `movie`, `rationale` …). `text` holds strings; `label` strings, with several labels a text tuples of them, and for a
    regression numbers.

    Attributes:
        name: what models and reports call the data.
        train: the texts to train on.
        validation: the texts that decide when training stops.
        test: the texts to measure on.
        source: the name of a set or file.
        notes: whole sentences on what was guessed, dropped, split or found odd.
        settings: how the splits were made: the columns `text` and `label`, the shares `validation` and `test`, the
            `seed` and the `group`.
        task: what the labels are: "multiclass", "multilabel" or "regression".

    Example:
        >>> import attribkit as ak
        >>> data = ak.load_dataset("demo")
        >>> data
        Dataset('demo', train=2,000, validation=200, test=400, labels='neg', 'pos')
        >>> data.sample(100).test.shape[0]
        100
    """

    name: str
    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    source: str
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    task: Task = "multiclass"

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the training table, sorted, by value if all are integers; of a regression the number's name."""
        if self.task == "regression":
            column = self.settings.get("label") or "label"
            return ("value" if column == "label" else str(column),)
        return sorted_labels(counted_labels(self.train["label"]))

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hexadecimal) over the texts and labels of the three tables, in order; no other column counts."""
        digest = hashlib.sha256()
        for table in (self.train, self.validation, self.test):
            digest.update(len(table).to_bytes(8, "big"))
            for cell in (value for row in zip(table["text"], table["label"], strict=True) for value in row):
                written = _SEPARATOR.join(cell) if isinstance(cell, tuple) else str(cell)
                content = written.encode("utf-8", "surrogatepass")  # a table of the user's own may hold half a pair
                digest.update(len(content).to_bytes(8, "big") + content)
        return digest.hexdigest()

    def to_measure(self) -> tuple[str, pd.DataFrame]:
        """The split to measure a model on, and its name: test, or validation if that is empty, else train."""
        split = next((name for name in ("test", "validation") if len(getattr(self, name))), "train")
        return split, getattr(self, split)

    def record(self) -> SplitRecord:
        """Hashes of the splits' texts, which a model keeps to recognise its rows."""
        return SplitRecord.of({split: getattr(self, split)["text"] for split in SPLITS})

    def counts(self) -> pd.DataFrame:
        """Rows per split and label: the columns `split`, `label`, `rows` and `share` (of the split's rows)."""
        rows = []
        for split in SPLITS:
            table = getattr(self, split)
            counts = {self.labels[0]: len(table)} if self.task == "regression" else counted_labels(table["label"])
            for label in self.labels:
                count = counts.get(label, 0)
                rows.append((split, label, count, count / max(len(table), 1)))
        return pd.DataFrame(rows, columns=["split", "label", "rows", "share"])

    def to_frame(self) -> pd.DataFrame:
        """Every row of the three tables, one under the other, with a first column `split`."""
        tables = [getattr(self, split).assign(split=split) for split in SPLITS]
        table = pd.concat(tables, ignore_index=True)
        return table[["split", *table.columns.drop("split")]]

    def panels(self) -> tuple[Table, ...]:
        """Rows per label and split, of a regression the numbers' spread, as a table; it holds none of the texts."""
        if self.task == "regression":
            return (self._spread(),)
        counts = [counted_labels(getattr(self, split)["label"]) for split in SPLITS]
        rows: list[tuple[Cell, ...]] = [(label, *(count.get(label, 0) for count in counts)) for label in self.labels]
        return (Table(f"{self.name}: rows", ("label", *SPLITS), tuple(rows), (f"source: {self.source}", *self.notes)),)

    def _spread(self) -> Table:
        columns = ("rows", "mean", "standard deviation", "least", "median", "most")
        parts = [(split, numbers) for split in SPLITS if len(numbers := getattr(self, split)["label"])]
        rows: list[tuple[Cell, ...]] = [
            (split, len(numbers), *(round(value, 4) for value in _spread_of(numbers))) for split, numbers in parts
        ]
        notes = (f"source: {self.source}", *self.notes)
        return Table(f"{self.name}: {self.labels[0]}", ("split", *columns), tuple(rows), notes)

    def summary(self) -> str:
        """How many rows each split has, under which labels, where they come from, and what was guessed or dropped."""
        sizes = (
            f"{number_of(len(getattr(self, split)), 'row')} {use}" for split, use in zip(SPLITS, _USES, strict=True)
        )
        return "\n".join(
            [
                f"{self.name}: {', '.join(sizes)}; {self._of_labels()}",
                f"source: {self.source}",
                *self.notes,
            ]
        )

    def _of_labels(self) -> str:
        if self.task == "regression":
            return f"a number: {self.labels[0]}"
        several = f", {self.train['label'].map(len).mean():.2f} a text" if self.task == "multilabel" else ""
        return f"{number_of(len(self.labels), 'label')}{several}: {listed(self.labels)}"

    def sample(self, most: int, seed: int = 0) -> "Dataset":
        """A smaller data set: at most so many rows of each split, stratified by label, in their order.

        Args:
            most: rows per split.
            seed: the same seed draws the same rows.

        Raises:
            ValueError: for fewer than one row.
        """
        if most < 1:
            raise InputError(f"`most` must be at least 1 row of each split, got {most}")
        notes = [
            f"at most {number_of(most, 'row')} of each split {by_number(most, 'was', 'were')} drawn with seed {seed}"
        ]
        return replace(
            self,
            notes=(*self.notes, *notes),
            **{s: _stratified_sample(getattr(self, s), most, seed, self.task) for s in SPLITS},
        )

    def __repr__(self) -> str:
        """Name, sizes and labels, without the tables."""
        sizes = ", ".join(f"{split}={len(getattr(self, split)):,}" for split in SPLITS)
        task = "" if self.task == "multiclass" else f", task={self.task!r}"
        return f"Dataset({self.name!r}, {sizes}, labels={listed(self.labels)}{task})"


def _spread_of(numbers: pd.Series) -> tuple[float, ...]:
    deviation = float(numbers.std(ddof=0))
    return float(numbers.mean()), deviation, float(numbers.min()), float(numbers.median()), float(numbers.max())


_SEPARATOR = "\x1f"
"""Between several labels of a row, in the fingerprint."""
_USES = ("to train on", "to stop by", "to test on")


def _stratified_sample(table: pd.DataFrame, most: int, seed: int, task: Task) -> pd.DataFrame:
    shuffled = table.sample(frac=1, random_state=seed)
    stratum = pd.Series(strata(shuffled["label"].tolist(), task), index=shuffled.index, dtype="str")
    rows = stratum.groupby(stratum)
    # the first of every label come first, then the second ones, each label at the pace of its size
    place = ((rows.cumcount() + 0.5) / rows.transform("size")).sort_values(kind="stable")
    return table.loc[sorted(place.index[:most])].reset_index(drop=True)
