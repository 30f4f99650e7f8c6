"""Cross-validation: all texts of a set in folds, each measured by a model trained on the others."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from attribkit.data import Dataset, load_dataset
from attribkit.data.split import connected_rows
from attribkit.errors import InputError
from attribkit.evaluation.performance import evaluate
from attribkit.progress import Progress, shown, within
from attribkit.results.panels import Table
from attribkit.results.result import Result
from attribkit.training.train import train


def folds(data: Dataset, count: int, seed: int) -> list[Dataset]:
    """The folds of a cross-validation: one fold to test on, the others to train on, a tenth of those for validation.

    They are stratified by label; rows with the same text, or the same value in the column the set was grouped by, are
    never in two parts.

    Raises:
        ValueError: for fewer than 2 folds, or more than a label has rows; for several labels a text, or numbers.
    """
    if data.task != "multiclass":
        raise InputError(
            f"folds are made for one label a text, the labels of {data.name!r} are {data.task}; leave `folds` out"
        )
    rows = pd.concat([data.train, data.validation, data.test], ignore_index=True).sort_values(["label", "text"])
    rows = rows.reset_index(drop=True)
    rarest = rows["label"].value_counts()
    if not 2 <= count <= rarest.min():
        raise InputError(
            f"there can be from 2 folds to as many as the rarest label, {rarest.idxmin()!r}, has rows, "
            f"{rarest.min():,}, got {count}"
        )
    group = data.settings.get("group")
    together: Any = rows["text"]
    if group is not None:
        values = rows[group].astype(object)
        together = connected_rows(rows["text"].tolist(), values.where(values.notna(), None).tolist())
    cut = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    parts = []
    for learn, test in cut.split(rows["text"], rows["label"], together):
        tables = {"train": rows.iloc[learn].reset_index(drop=True), "test": rows.iloc[test].reset_index(drop=True)}
        parts.append(load_dataset(tables, seed=seed, group=group))
    return parts


@dataclass(frozen=True, eq=False, repr=False)
class CrossValidation(Result):
    """The figures of K models, each on the fold that it was not trained on.

    Attributes:
        accuracy: (K,).
        f1: (K,) of the last label if there are two, else the mean over the labels.
        rows: (K,) int64, texts measured.
    """

    accuracy: NDArray[np.float64]
    f1: NDArray[np.float64]
    rows: NDArray[np.int64]

    def to_frame(self) -> pd.DataFrame:
        """A row per fold: fold (from 1), accuracy, f1 and rows."""
        columns = {"accuracy": self.accuracy, "f1": self.f1, "rows": self.rows}
        return pd.DataFrame({"fold": np.arange(1, len(self.rows) + 1), **columns})

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers: each figure's mean and standard deviation over the folds (K − 1), and the folds."""
        figures: dict[str, Any] = {"folds": len(self.rows)}
        for name, values in (("accuracy", self.accuracy), ("f1", self.f1)):
            figures |= {name: float(values.mean()), f"{name}_sd": float(values.std(ddof=1))}
        return figures | {"accuracy_by_fold": self.accuracy.tolist(), "f1_by_fold": self.f1.tolist()}

    def panels(self) -> tuple[Table, ...]:
        """A table: a row per fold, then the mean and the standard deviation."""
        rows = [(str(n), round(a, 4), round(f, 4), int(r)) for n, a, f, r in self.to_frame().itertuples(index=False)]
        figures = self.to_dict()
        rows += [
            (f"mean ± sd of {len(self.rows)}", f"{figures['accuracy']:.4f} ± {figures['accuracy_sd']:.4f}",
             f"{figures['f1']:.4f} ± {figures['f1_sd']:.4f}", int(self.rows.sum()))
        ]  # fmt: skip
        note = (
            "each fold measured by a model that was trained on the others; F1 of the last of two labels, else the mean"
        )
        return (Table("Cross-validation", ("fold", "accuracy", "F1", "texts"), tuple(rows), (note,)),)

    def summary(self) -> str:
        """The means over the folds and their standard deviations."""
        figures = self.to_dict()
        accuracy, f1 = (f"{figures[name]:.4f} ± {figures[f'{name}_sd']:.4f}" for name in ("accuracy", "f1"))
        return (
            f"accuracy {accuracy}, F1 {f1}: means and standard deviations over {len(self.rows):,} folds with "
            f"{self.rows.sum():,} texts, each measured by a model that was trained on the others"
        )


def cross_validate(
    architecture: str,
    data: Dataset,
    count: int,
    *,
    progress: bool | Progress | None = None,
    **options: Any,
) -> CrossValidation:
    """Train once for each fold of all the texts of `data`, and measure on that fold. No model is kept.

    Args:
        architecture: as `attribkit.train` takes it.
        options: as `attribkit.train` takes them.
        data: its splits are put together again; the folds are cut with the seed that they were cut with.
        count: how many folds.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Raises:
        TypeError: as `attribkit.train`.
        ValueError: as `folds` and `attribkit.train`.
        RuntimeError: as `attribkit.train`.
    """
    measured = []
    with shown(progress) as tell:
        for number, part in enumerate(folds(data, count, int(data.settings.get("seed", 0))), start=1):
            inner = within(tell, f"fold {number} of {count}")
            metrics = evaluate(train(architecture, part, progress=inner, **options), part, progress=inner)
            f1 = metrics.macro["f1"] if metrics.positive_f1 is None else metrics.positive_f1
            measured.append((metrics.accuracy, f1, metrics.rows))
    accuracy, f1s, rows = zip(*measured, strict=True)
    return CrossValidation(np.array(accuracy), np.array(f1s), np.array(rows, dtype=np.int64))


def duplicates(data: Dataset) -> dict[str, int]:
    """How many rows there are, how many distinct texts, and how many of those carry several labels."""
    rows = pd.concat([data.train, data.validation, data.test], ignore_index=True)
    labels = rows.groupby("text")["label"].nunique()
    return {"rows": len(rows), "distinct_texts": len(labels), "texts_with_several_labels": int((labels > 1).sum())}
