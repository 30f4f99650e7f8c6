"""From whatever was given to a data set that can teach a classifier, or a sentence on why it cannot."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from attribkit.automl.guess import guess_columns
from attribkit.data import Dataset, load_dataset
from attribkit.data.column_contents import MOST_LABELS
from attribkit.data.columns import row_of_data
from attribkit.data.tables import find_tables
from attribkit.errors import InputError
from attribkit.plurals import number_of
from attribkit.text.language import language_of

_LARGEST_CELL = 1_000_000
"""Characters of one text: a longer one is a file in a cell, not a text to classify."""

_MOST_LABELS = 1_000
"""Labels that a report can show and a first model can learn."""

_FEWEST_ROWS = 20
"""Labelled rows needed to train and to measure."""


def read(
    data: str | Path | pd.DataFrame,
    text: str | None,
    label: str | None,
    seed: int,
    encoding: str | None,
    tell_reader: Callable[..., None],
) -> Dataset:
    """Guess the columns, read and split the rows, and say what was guessed.

    Raises:
        ValueError: for data that cannot teach a classifier; the sentence says what to do.
    """
    if isinstance(data, str) and "://" in data:
        raise InputError(f"a file or a folder on this machine is needed, got the address {data!r}; download it first")
    raw = find_tables(data, encoding=encoding)
    first = next(iter(raw.tables.values()))
    if row_of_data(first.columns) and text is None and label is None:
        raise InputError(
            f"the first line of {raw.source} looks like a row of data; begin the file with a line of names, such as "
            "text,label"
        )
    if len(first.columns) < 2:
        raise InputError(
            f"two columns are needed, of texts and of labels; {raw.source} has only {list(map(str, first.columns))}"
        )
    guess = guess_columns(first, text, label, raw.source)
    if max((len(str(cell)) for cell in first[guess.text]), default=0) > _LARGEST_CELL:
        raise InputError(
            f"a text of {raw.source} has more than {_LARGEST_CELL:,} characters; put a text into each cell, not a file"
        )
    reason = unfit(pd.concat(raw.tables.values()).rename(columns={guess.label: "label"}))
    if reason is not None:
        raise InputError(reason)
    tell_reader(*guess.sentences)
    dataset = load_dataset(data, text=guess.text, label=guess.label, seed=seed, encoding=encoding)
    tell_reader(*dataset.notes)
    language = language_of(dataset.train["text"].tolist())
    labels = len(dataset.labels)
    written = f"in {language}" if language else "in a language that was not recognised"
    rows = sum(map(len, (dataset.train, dataset.validation, dataset.test)))
    tell_reader(f"{number_of(rows, 'row')}, {number_of(labels, 'label')}; the texts are {written}")
    return dataset


def unfit(table: pd.DataFrame) -> str | None:
    """Why a table cannot teach a classifier, in a sentence; None if it can."""
    labels = table["label"].dropna()
    if len(table) < _FEWEST_ROWS:
        return (
            f"at least {_FEWEST_ROWS} labelled rows are needed to train and to measure, got {len(table):,}; label more "
            "of them"
        )
    counts = labels.astype(str).value_counts()
    if len(counts) < 2:
        return f"at least two labels are needed, the data has only {counts.index.tolist()}; add texts of another one"
    numbers = pd.to_numeric(labels, errors="coerce")
    if numbers.notna().all() and (numbers % 1 != 0).any():
        return (
            f"the labels are numbers with a fraction, such as {labels.iloc[0]}; make classes of them, or predict the "
            "number by `attribkit train --task regression`"
        )
    if len(counts) > MOST_LABELS * len(labels):
        return (
            f"the labels look like names of rows: {len(counts):,} different ones in {number_of(len(labels), 'row')}; "
            "name another "
            "column with `label`"
        )
    if len(counts) > _MOST_LABELS:
        return (
            f"{number_of(len(counts), 'label is', 'labels are')} more than the {_MOST_LABELS:,} that a report can "
            "show; join them to fewer, or "
            "train without a report by `attribkit train`"
        )
    return None
