"""The data a unit of work is measured on: a set's own test split, or one fold of all its texts."""

import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from attribkit.training.data import Dataset, load_dataset


def folds(data: Dataset, count: int, seed: int) -> list[Dataset]:
    """The set once per fold: the fold to test on, the others to train on, a tenth of those to stop by.

    Labels keep their shares; rows with the same text are never on two sides.
    """
    rows = pd.concat([data.train, data.validation, data.test], ignore_index=True).sort_values(["label", "text"])
    rows = rows.reset_index(drop=True)
    cut = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    parts = []
    for learn, test in cut.split(rows["text"], rows["label"], rows["text"]):
        tables = {"train": rows.iloc[learn].reset_index(drop=True), "test": rows.iloc[test].reset_index(drop=True)}
        parts.append(load_dataset(tables, seed=seed))
    return parts


def duplicates(data: Dataset) -> dict[str, int]:
    """How many rows there are, how many distinct texts, and how many of those carry several labels."""
    rows = pd.concat([data.train, data.validation, data.test], ignore_index=True)
    labels = rows.groupby("text")["label"].nunique()
    return {"rows": len(rows), "distinct_texts": len(labels), "texts_with_several_labels": int((labels > 1).sum())}
