"""Splits that a source lacks, taken from its training rows, and notes on rows that its own splits share."""

from collections.abc import Hashable, Mapping, Sequence

import pandas as pd

from attribkit.data.label_cells import counted_labels, sorted_labels, strata
from attribkit.data.readers import SPLITS, listed
from attribkit.data.split import connected_rows, split_rows
from attribkit.errors import InputError, InputTypeError
from attribkit.plurals import by_number, number_of
from attribkit.task import Task


def shared_rows(tables: Mapping[str, pd.DataFrame], group: str | None) -> list[str]:
    """Notes on rows that the source's own splits share. They stay, for the splits may be a benchmark's own."""
    notes = []
    present = [split for split in SPLITS if split in tables]
    for first, second in ((a, b) for i, a in enumerate(present) for b in present[i + 1 :]):
        shared = {("text", "texts"): _shared(tables[first]["text"], tables[second]["text"])}
        if group and group in tables[first] and group in tables[second]:
            shared[f"value of {group!r}", f"values of {group!r}"] = _shared(tables[first][group], tables[second][group])
        notes += [
            f"The source's own {first} and {second} splits share {number_of(count, *noun)}; they were left so."
            for noun, count in shared.items()
            if count
        ]
    return notes


def _shared(values: pd.Series, others: pd.Series) -> int:
    return int(values.dropna().drop_duplicates().isin(others).sum())


def cut_splits(
    tables: Mapping[str, pd.DataFrame],
    shares: Mapping[str, float],
    seed: int,
    group: str | None,
    source: str,
    task: Task = "multiclass",
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Take the missing splits from the training rows."""
    rows = tables["train"]
    if group is not None and group not in rows:
        raise InputError(
            f"{source} has no column {group!r} to group by, only {listed(rows.columns)}; choose one of them"
        )
    tables = {split: tables.get(split, rows.iloc[:0]) for split in SPLITS}
    lacking = {split: share for split, share in shares.items() if share and not len(tables[split])}
    if not lacking:
        return tables, []
    keys: list[Sequence[Hashable]] = [rows["text"].tolist()]
    if group is not None:
        keys.append(_group_numbers(rows[group], source))
    parts = split_rows(
        strata(rows["label"].tolist(), task),
        connected_rows(*keys),
        {"train": 1 - sum(lacking.values()), **lacking},
        seed,
    )
    notes = []
    for split, chosen in parts.items():
        tables[split] = rows.iloc[chosen].reset_index(drop=True)
        if task != "regression" and (absent := _labels(rows) - _labels(tables[split])):
            notes.append(f"No row of {listed(sorted_labels(absent))} fell to {split}: there are too few.")
    sizes = " and ".join(f"{split} ({number_of(len(parts[split]), 'row')})" for split in lacking)
    by = {"multiclass": "label", "multilabel": "each row’s rarest label", "regression": "tenths of the numbers"}[task]
    how = f"stratified by {by}{f', grouped by {group!r}' if group else ''}, seed {seed}"
    notes.insert(
        0,
        f"From the {number_of(len(rows), 'training row')} {sizes} {by_number(len(lacking), 'was', 'were')} cut: {how}.",
    )
    mixed = int((rows.groupby("text")["label"].nunique() > 1).sum())
    if mixed:
        notes.append(f"{number_of(mixed, 'text')} to train on or cut from carried more than one label.")
    return tables, notes


def _labels(table: pd.DataFrame) -> set[str]:
    return set(counted_labels(table["label"]))


def _group_numbers(values: pd.Series, source: str) -> list[int | None]:
    try:
        codes, _ = pd.factorize(values)
    except TypeError as error:
        raise InputTypeError(
            f"column {values.name!r} of {source} cannot group rows ({error}); choose one of strings or numbers"
        ) from error
    return [None if code < 0 else int(code) for code in codes]
