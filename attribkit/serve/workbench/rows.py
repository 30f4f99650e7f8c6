"""The rows of a data set as a server holds them: texts, labels and the other columns, read once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.data.intake import Rows
from attribkit.data.text_tables import Data
from attribkit.errors import InputError
from attribkit.models.classifier import Classifier

MOST_ROWS = 200_000
"""Rows that the page's table can hold: a browser draws nothing beyond some ten million pixels."""

_CELL = 300  # characters of another column's cell


@dataclass(frozen=True, eq=False)
class DataRows:
    """N rows of texts.

    Attributes:
        texts: (N,) "" where a row holds no text.
        numbers: (N,) int64, the rows' numbers in the data, from 0.
        names: the labels that occur in the data, those of the first model first.
        label: (N,) int64, the place of each row's label among `names`; −1 where it is not known.
        columns: the data's other columns, their cells in words.
        source: what the rows are, such as "the test split of demo".
        notes: sentences on which rows they are.
    """

    texts: tuple[str, ...]
    numbers: NDArray[np.int64]
    names: tuple[str, ...]
    label: NDArray[np.int64]
    columns: dict[str, tuple[str, ...]]
    source: str
    notes: tuple[str, ...]

    @staticmethod
    def of(
        models: Sequence[Classifier],
        data: Data,
        *,
        split: str | None = None,
        text: str | None = None,
        label: str | None = None,
        encoding: str | None = None,
    ) -> "DataRows":
        """Read data for some models, of which the first decides which rows are left out as seen in training.

        Args:
            models: the classifiers that will answer the rows.
            data: as `attribkit.evaluate` takes it.
            split: as `attribkit.evaluate` takes it.
            text: the column of the texts; guessed if not given.
            label: the column of the labels; likewise.
            encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.

        Raises:
            TypeError: as `attribkit.evaluate`.
            ValueError: as `attribkit.evaluate`; for more rows than the page can hold.
            FileNotFoundError: for a file that does not exist.
        """
        for model in models:
            if model.task != "multiclass":
                raise InputError(
                    f"the table beside the page is for models that give a text one label of several, {model.name!r} is "
                    f"{model.task}; leave `data` out, or take attribkit.evaluate"
                )
        first, *others = models
        chosen = Rows.of(first, data, split=split, text=text, label=label, encoding=encoding)
        if not 0 < len(chosen.table) <= MOST_ROWS:
            raise InputError(
                f"the page holds 1 to {MOST_ROWS:,} rows, the data have {len(chosen.table):,}; give a part of them"
            )
        notes = list(chosen.notes)
        for model in others:
            own = Rows.of(model, chosen.table[[name for name in ("text", "label") if name in chosen.table]])
            notes += [f"{model.name}: {note}" for note in own.notes if own.seen]
        named = chosen.labels or [""] * len(chosen.table)
        names = (*first.labels, *sorted(set(named) - {*first.labels, ""}))
        places = {name: place for place, name in enumerate(names)}
        rest = chosen.table.drop(columns=["text", "label", "rationale"], errors="ignore")
        return DataRows(
            tuple(text if isinstance(text, str) else "" for text in chosen.texts),
            chosen.numbers,
            names,
            np.array([places.get(name, -1) for name in named], dtype=np.int64),
            {str(name): tuple(_cells(rest[name])) for name in rest},
            chosen.origin or "the rows given",
            tuple(notes),
        )

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def lower(self) -> tuple[str, ...]:
        """(N,) the texts in small letters, to be searched."""
        return tuple(text.lower() for text in self.texts)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the texts and their numbers, under which a browser keeps the notes on them."""
        digest = blake2b(self.numbers.tobytes(), digest_size=12)
        for text in self.texts:
            digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
        return digest.hexdigest()

    def examples(self, most: int = 3) -> list[tuple[str, str]]:
        """A name and a text for up to `most` labels, short ones where there are any; without labels the first texts."""
        lengths = np.array([len(text.strip()) for text in self.texts])
        handy = (lengths >= 20) & (lengths <= 600)
        groups = [(f"“{self.names[place]}”", self.label == place) for place in np.unique(self.label[self.label >= 0])]
        groups = groups or [(f"row {number}", self.numbers == number) for number in self.numbers[:most].tolist()]
        examples = []
        for name, group in groups[:most]:
            rows = np.flatnonzero(group & handy) if (group & handy).any() else np.flatnonzero(group & (lengths > 0))
            examples += [(name, self.texts[row]) for row in rows[:1].tolist()]
        return examples


def _cells(column: pd.Series) -> list[str]:
    return ["" if empty else str(cell)[:_CELL] for cell, empty in zip(column, column.isna(), strict=True)]
