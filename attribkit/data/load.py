"""load_dataset(): from a named set, a file, a folder or a table to a clean, split Dataset."""

from collections.abc import Callable, Mapping
from numbers import Real
from pathlib import Path

import pandas as pd

from attribkit.data.cleaning import clean_tables
from attribkit.data.columns import choose_columns
from attribkit.data.dataset import Dataset
from attribkit.data.label_cells import counted_labels, sorted_labels
from attribkit.data.readers import listed
from attribkit.data.source import Source
from attribkit.data.split_tables import cut_splits, shared_rows
from attribkit.data.tables import find_tables
from attribkit.errors import InputError, InputTypeError
from attribkit.progress import Progress
from attribkit.task import Task


def load_dataset(
    name_or_path: str | Path | pd.DataFrame | Mapping[str, pd.DataFrame] | Source,
    *,
    text: str | None = None,
    label: str | None = None,
    validation: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
    group: str | None = None,
    encoding: str | None = None,
    task: str | None = None,
    label_separator: str | None = None,
    download: bool = True,
    progress: bool | Progress | None = None,
) -> Dataset:
    """Load labelled texts and split them into training, validation and test texts.

    Splits that the source has are kept, in its order. Missing splits are taken from its training rows: drawn by the
    seed, stratified by label, and such that rows with the same text, or with the same value in the `group` column, are
    never in two splits.

    Args:
        name_or_path: a named set ("imdb", "ag_news", "nlu_ru", "demo"); a .csv, .tsv, .jsonl or .parquet file; a folder
            of `train.*`, `validation.*`, `test.*` files, of `label/*.txt`, or in the ERASER format; a table, or a dict
            of tables by split. A string that is a set's name means that set: write `./imdb` for a folder of that name.
            A `Source` is a named set from elsewhere.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        validation: the share of the rows for the validation split, if the source has none; 0 leaves it empty.
        test: the share of the rows for the test split, if the source has none; 0 leaves it empty.
        seed: decides which rows are drawn; the same seed gives the same split.
        group: a column whose values may not be in two splits (`movie` for "imdb" unless another is given).
        encoding: of the text in a file or a folder's files, such as "cp1252"; None: UTF-8, UTF-16 if a byte order mark
            says so, else Windows-1252 or Latin-1, which a note says.
        task: what the labels are: "multiclass" (one of two or more), "multilabel" (any number of them a text) or
            "regression" (a number); None: multilabel if `label_separator` is given, else multiclass.
        label_separator: what stands between several labels in a cell, such as "|"; an empty cell then has none. Lists
            of labels, in a table, JSON Lines or Parquet, need none.
        download: whether a named set that is not on this machine may be downloaded.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        the three tables, the source's name, and notes on what was guessed, dropped, split or found odd.

    Raises:
        FileNotFoundError: if there is no such file, or a named set cannot be had.
        ConnectionError: if a download broke off.
        TypeError: if an argument, a text or a label is of the wrong kind.
        ValueError: if the name is unknown, a column is missing, or the rows cannot be used or split.

    Example:
        >>> import attribkit as ak
        >>> data = ak.load_dataset("demo")
        >>> data.labels
        ('neg', 'pos')
        >>> len(data.train), len(data.validation), len(data.test)
        (2000, 200, 400)
        >>> path = data.train.to_csv("reviews.csv", index=False)
        >>> ak.load_dataset("reviews.csv", test=0.5).test.columns[:2].tolist()
        ['text', 'label']
    """
    _check_shares(validation, test)
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise InputTypeError(f"`seed` must be an integer, got {seed!r}")
    raw = find_tables(name_or_path, download, progress, encoding)
    tables, notes, kind = clean_tables(raw.tables, text, label, raw.source, task, label_separator)
    notes = [*raw.notes, *notes]
    if "train" not in tables:
        raise InputError(f"{raw.source} has {listed(tables)} but nothing to train on; add a train table")
    notes += _CHECKS[kind](tables, raw.source)
    if group is None and raw.group in tables["train"]:
        group = raw.group
    notes += shared_rows(tables, group)
    columns = choose_columns(raw.tables["train"].columns, text, label, raw.source)
    tables, cut = cut_splits(tables, {"validation": validation, "test": test}, seed, group, raw.source, kind)
    notes += cut
    settings = {
        "text": columns.text,
        "label": columns.label,
        "validation": float(validation),
        "test": float(test),
        "seed": seed,
        "group": group,
    }
    if kind != "multiclass":
        settings |= {"task": kind, "label_separator": label_separator}
    parts = (tables["train"], tables["validation"], tables["test"])
    return Dataset(raw.name, *parts, raw.source, tuple(notes), settings, kind)


def _check_shares(validation: float, test: float) -> None:
    for option, share in (("validation", validation), ("test", test)):
        if isinstance(share, bool) or not isinstance(share, Real):
            raise InputTypeError(f"`{option}` must be a share between 0 and 1, got {share!r}")
        if not 0 <= share < 1:
            raise InputError(f"`{option}` must be a share of the rows, at least 0 and below 1, got {share}")
    if validation + test >= 1:
        raise InputError(
            f"`validation` and `test` must leave rows to train on, but {validation} + {test} is not below 1; lower one"
        )


def _check_one_label(tables: Mapping[str, pd.DataFrame], source: str) -> list[str]:
    """Refuse what no classifier can be trained on."""
    counts = tables["train"]["label"].value_counts()
    if len(counts) == 1:
        raise InputError(
            f"a classifier needs two classes, but every row to train on in {source} is labelled {counts.index[0]!r}"
        )
    rare = sorted_labels({label for label, count in counts.items() if count < 2})
    if rare:
        raise InputError(
            f"each class needs 2 rows, but {source} has only one of {listed(rare)}; add rows or leave it out"
        )
    for split in ("validation", "test"):
        if split in tables and (unseen := set(tables[split]["label"]) - set(counts.index)):
            raise InputError(
                f"the {split} table of {source} has labels that training never sees: {listed(sorted_labels(unseen))}; "
                f"training has {listed(sorted_labels(set(counts.index)))}"
            )
    return []


def _check_several_labels(tables: Mapping[str, pd.DataFrame], source: str) -> list[str]:
    """Refuse rows without any label; note labels that training does not see, or sees once."""
    counts = counted_labels(tables["train"]["label"])
    if not counts:
        raise InputError(f"no row to train on in {source} has a label; check the label column and `label_separator`")
    notes = []
    once = sorted_labels(name for name, count in counts.items() if count == 1)
    if once:
        notes.append(f"Only one row to train on has {listed(once)}: hardly enough to learn from.")
    for split in ("validation", "test"):
        if split in tables and (unseen := set(counted_labels(tables[split]["label"])) - set(counts)):
            notes.append(f"The {split} table has labels that training never sees: {listed(sorted_labels(unseen))}.")
    return notes


def _check_numbers(tables: Mapping[str, pd.DataFrame], source: str) -> list[str]:
    """Refuse numbers of which there is nothing to learn."""
    numbers = tables["train"]["label"]
    if numbers.nunique() < 2:
        raise InputError(
            f"a regression needs different numbers, but every row to train on in {source} has {numbers[0]:g}"
        )
    return []


_CHECKS: dict[Task, Callable[[Mapping[str, pd.DataFrame], str], list[str]]] = {
    "multiclass": _check_one_label,
    "multilabel": _check_several_labels,
    "regression": _check_numbers,
}
