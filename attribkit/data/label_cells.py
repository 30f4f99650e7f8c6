"""The cells of a column of labels, by the task: a name, several names, or a number."""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

from attribkit.errors import InputError, InputTypeError
from attribkit.task import Task, check_task

Cell = str | tuple[str, ...] | float | None
"""A label, the labels that hold (none, if the tuple is empty), a number; None where nothing is known."""

MOST_FRACTIONS = 20
"""Different numbers with a fraction that may be labels; more are the values of a regression."""
SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair, which is no character."""
_SEVERAL = (list, tuple, set, frozenset, np.ndarray)


@dataclass(frozen=True)
class LabelFormat:
    """How the cells of a column of labels are read.

    Attributes:
        task: "multiclass", "multilabel" or "regression".
        separator: what stands between several labels in a string; None where they are lists.
        known: a model's labels, one of which a string may be where no separator is known.
    """

    task: Task = "multiclass"
    separator: str | None = None
    known: Sequence[str] = ()

    @staticmethod
    def of(columns: Iterable[pd.Series], task: str | None, separator: str | None, source: str) -> "LabelFormat":
        """The format asked for; one label a text, if neither a task nor a separator was.

        Args:
            columns: of labels, of each split.
            task: as `attribkit.load_dataset` takes it.
            separator: between several labels.
            source: what an error's sentence calls the data.

        Raises:
            ValueError: for an unknown task; a separator that is empty or goes with another task; numbers with a
                fraction that are too many to be labels.
        """
        if separator is not None and (separator == "" or task not in (None, "multilabel")):
            raise InputError(
                f"`label_separator` is what stands between several labels in a cell, such as '|', got {separator!r} "
                f"with task={task!r}; leave it out, or give task='multilabel'"
            )
        if task is not None:
            return LabelFormat(check_task(task), separator)
        if separator is not None:
            return LabelFormat("multilabel", separator)
        cells = [cell for column in columns for cell in column]
        fractions = {number for cell in cells if (number := _fraction(cell)) is not None}
        if len(fractions) > MOST_FRACTIONS:
            raise InputError(
                f"the labels of {source} are {len(fractions):,} different numbers with a fraction; give "
                "task='regression' (--task regression) to predict the number, or make classes of them"
            )
        return LabelFormat()

    def cell(self, value: object, row: int, column: str, source: str) -> Cell:
        """What a cell says; None where it says nothing.

        Raises:
            TypeError: for a cell of the wrong kind; the sentence names its row.
            ValueError: for a string that names several labels nobody told how to part.
        """
        if self.task == "regression":
            return _number(value, row, column, source)
        if self.task == "multiclass":
            name = label_name(value, row, column, source)
            return name and name.strip()
        return self._several(value, row, column, source)

    def occur(self, column: pd.Series) -> bool:
        """Whether a column holds any of the known labels, of a regression any number."""
        for row, value in enumerate(column.astype(object)):
            try:
                cell = self.cell(value, row, str(column.name), "the table")
            except (InputError, InputTypeError):
                continue
            if isinstance(cell, float) or (cell is not None and any(name in self.known for name in names_of(cell))):
                return True
        return False

    def _several(self, value: object, row: int, column: str, source: str) -> tuple[str, ...] | None:
        if isinstance(value, _SEVERAL):
            names = [
                label_name(part, row, column, source)
                for part in (sorted(value) if isinstance(value, (set, frozenset)) else value)
            ]
        elif self.separator is not None and isinstance(value, str):
            names = list((label_name(value, row, column, source) or "").split(self.separator))
        else:
            name = label_name(value, row, column, source)
            if name is None:
                return None
            if name.strip() not in self.known:
                raise InputError(
                    f"several labels a text are lists of them, or strings with a separator, but row {row:,} of column "
                    f"{column!r} in {source} holds {name[:60]!r}; say what parts them with label_separator='|' or the "
                    "like"
                )
            names = [name]
        return tuple(dict.fromkeys(stripped for name in names if name and (stripped := name.strip())))


def label_name(value: object, row: int, column: str, source: str) -> str | None:
    """A label's name: integers and whole floats without a point.

    A missing value makes floats of a whole column of integers.
    """
    if isinstance(value, str):
        if SURROGATE.search(value):
            raise InputError(
                f"labels must be text, but row {row:,} of column {column!r} in {source} holds a lone surrogate, "
                f"{value[:60]!r}, which is no character; repair the cell"
            )
        return value if value.strip() else None
    if is_missing(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        number = float(value)
        return str(int(number)) if number.is_integer() else str(number)
    several = "give task='multilabel' for lists of labels, or " if isinstance(value, _SEVERAL) else ""
    raise InputTypeError(
        f"labels must be strings or numbers, but row {row:,} of column {column!r} in {source} holds a "
        f"{type(value).__name__}; {several}choose another column with `label`"
    )


def is_missing(value: object) -> bool:
    """Whether a cell holds nothing, as tables say it: None, NaN, NA or NaT."""
    return (
        value is None or value is pd.NA or value is pd.NaT or (isinstance(value, Real) and float(value) != float(value))
    )


def names_of(cell: Any) -> tuple[str, ...]:
    """The labels in a cell of one or of several."""
    return cell if isinstance(cell, tuple) else (cell,)


def strata(cells: Sequence[Any], task: Task) -> list[str]:
    """What each row counts as where rows are drawn in proportion.

    One label is its own stratum; several labels are that of the rarest of them, "" if none holds; numbers the tenth of
    all in which they lie.

    Source: that the rarest label is shared out first: Sechidis, Tsoumakas & Vlahavas, "On the Stratification of
    Multi-Label Data", ECML PKDD 2011.
    """
    if task == "multiclass":
        return list(cells)
    if task == "regression":
        numbers = np.asarray(cells, dtype=float)
        ends = np.quantile(numbers, np.arange(1, 10) / 10) if len(numbers) else np.zeros(0)
        return [str(place) for place in np.searchsorted(np.unique(ends), numbers, side="right").tolist()]
    counts = counted_labels(cells)
    return [min(cell, key=lambda name: (counts[name], name), default="") for cell in cells]


def counted_labels(cells: Iterable[Any]) -> Mapping[str, int]:
    """How many rows each label holds for."""
    counts: dict[str, int] = {}
    for cell in cells:
        for name in names_of(cell):
            counts[name] = counts.get(name, 0) + 1
    return counts


def sorted_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """By value if all are integers, else by name."""
    names = set(labels)
    # Python reads no numbers of more than 4,300 digits
    numeric = all(label.removeprefix("-").isdecimal() and len(label) < 4_000 for label in names)
    return tuple(sorted(names, key=lambda label: (int(label), label) if numeric else (0, label)))


def _fraction(cell: object) -> float | None:
    """The number in a cell, if it has a fraction."""
    if isinstance(cell, str):
        try:
            number = float(cell)
        except ValueError:
            return None
    elif isinstance(cell, Real) and not isinstance(cell, Integral):
        number = float(cell)
    else:
        return None
    return number if np.isfinite(number) and not number.is_integer() else None


def _number(value: object, row: int, column: str, source: str) -> float | None:
    """A number, or None where there is none."""
    if is_missing(value) or (isinstance(value, str) and not value.strip()):
        return None
    number = np.nan
    if isinstance(value, (str, Real)) and not isinstance(value, (bool, np.bool_)):
        with suppress(ValueError):
            number = float(value)
    if not np.isfinite(number):
        raise InputTypeError(
            f"a regression needs finite numbers, but row {row:,} of column {column!r} in {source} holds "
            f"{str(value)[:60]!r}; choose another column with `label`, or leave `task` out"
        )
    return number
