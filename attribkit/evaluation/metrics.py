"""How often a classifier is right: accuracy, precision, recall, F1 and who is taken for whom."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.classifier import Classifier, finite
from attribkit.errors import InputError, InputTypeError
from attribkit.text import check_text
from attribkit.training.data import Dataset

_AT_ONCE = 1_000  # texts; the library's encodings hold far more than the ids that are kept of them


@dataclass(frozen=True, eq=False)
class Metrics:
    """Counts of true and predicted labels, and what follows from them; a share of nothing is 0.

    Attributes:
        labels: (C,) in the model's order.
        confusion: (C, C) int64, texts by true label (rows) and predicted label (columns).
        dropped: rows left out because their text is missing, empty or holds no token, or because the network's
            outputs for it are NaN or infinite.
    """

    labels: tuple[str, ...]
    confusion: NDArray[np.int64]
    dropped: int = 0

    def __post_init__(self) -> None:
        counts = np.array(self.confusion, dtype=np.int64)
        if counts.shape != (len(self.labels), len(self.labels)) or (counts < 0).any():
            raise InputError(
                f"`confusion` must hold a count for each pair of {len(self.labels)} labels, got shape {counts.shape}"
            )
        counts.setflags(write=False)
        object.__setattr__(self, "confusion", counts)
        object.__setattr__(self, "labels", tuple(self.labels))

    @property
    def rows(self) -> int:
        """How many texts were counted."""
        return int(self.confusion.sum())

    @property
    def support(self) -> NDArray[np.int64]:
        """(C,) texts of each true label."""
        return self.confusion.sum(1)

    @property
    def accuracy(self) -> float:
        """Share of texts whose predicted label is the true one."""
        return float(_share(np.trace(self.confusion), self.rows))

    @property
    def precision(self) -> NDArray[np.float64]:
        """(C,) share of the texts predicted so that are so."""
        return _share(np.diag(self.confusion), self.confusion.sum(0))

    @property
    def recall(self) -> NDArray[np.float64]:
        """(C,) share of the texts that are so that are predicted so."""
        return _share(np.diag(self.confusion), self.support)

    @property
    def f1(self) -> NDArray[np.float64]:
        """(C,) harmonic mean of precision and recall: 2 hits / (predicted so + being so)."""
        return _share(2 * np.diag(self.confusion), self.confusion.sum(0) + self.support)

    @property
    def macro(self) -> dict[str, float]:
        """Precision, recall and F1, each label counting the same."""
        return {name: float(getattr(self, name).mean()) for name in ("precision", "recall", "f1")}

    @property
    def weighted(self) -> dict[str, float]:
        """Precision, recall and F1, each text counting the same."""
        weights = _share(self.support, self.rows)
        return {name: float(getattr(self, name) @ weights) for name in ("precision", "recall", "f1")}

    @property
    def positive_f1(self) -> float | None:
        """F1 of the last label if there are two; None otherwise."""
        return float(self.f1[-1]) if len(self.labels) == 2 else None

    def to_frame(self) -> pd.DataFrame:
        """One row per label, then the averages; columns precision, recall, f1 and support."""
        columns = {"precision": self.precision, "recall": self.recall, "f1": self.f1, "support": self.support}
        frame = pd.DataFrame(columns, index=pd.Index(self.labels, name="label"))
        averages = {"macro average": self.macro, "weighted average": self.weighted}
        rows = pd.DataFrame({name: {**mean, "support": self.rows} for name, mean in averages.items()}).T
        return pd.concat([frame, rows.astype({"support": np.int64})]).rename_axis("label")

    def summary(self) -> dict[str, Any]:
        """Plain numbers for a model card or a JSON file."""
        summary: dict[str, Any] = {"accuracy": self.accuracy}
        if self.positive_f1 is not None:
            summary["f1"] = self.positive_f1
        summary |= {f"macro_{name}": value for name, value in self.macro.items()}
        summary |= {f"weighted_{name}": value for name, value in self.weighted.items()}
        for name in ("precision", "recall", "f1"):
            summary[f"{name}_by_label"] = dict(zip(self.labels, getattr(self, name).tolist(), strict=True))
        return summary | {"confusion": self.confusion.tolist(), "rows": self.rows, "dropped": self.dropped}


def evaluate(model: Classifier, data: pd.DataFrame | Dataset, batch_size: int | None = None) -> Metrics:
    """Compare a model's predictions with the labels of a table, or of a data set's test split.

    Args:
        model: any classifier.
        data: a table with the columns `text` and `label`, or a data set.
        batch_size: most texts in a batch.

    Raises:
        TypeError: if `data`, or a text, is of the wrong kind.
        ValueError: if a column is missing, a label is unknown to the model, or no row can be read.
        RuntimeError: if the network's outputs are NaN or infinite for all rows.
    """
    table = data.test if isinstance(data, Dataset) else data
    if not isinstance(table, pd.DataFrame):
        raise InputTypeError(
            f"a table or a Dataset is needed to evaluate on, got {type(data).__name__}; load one first"
        )
    for column in ("text", "label"):
        if column not in table:
            raise InputError(
                f"the table has no column {column!r}, only {', '.join(map(str, table.columns))}; rename one"
            )
    table = table[table["text"].notna() & table["label"].notna()]
    labels = table["label"].astype(str)
    unknown = sorted(set(labels) - set(model.labels))
    if unknown:
        raise InputError(
            f"the model does not know the label {', '.join(map(repr, unknown))}; it knows "
            f"{', '.join(map(repr, model.labels))}: relabel those rows or leave them out"
        )
    ids = _ids(model, table["text"].tolist())
    read = [number for number, row in enumerate(ids) if len(row)]
    if not read:
        raise InputError("the table holds no text that the model can read; check the text column")
    places = {label: place for place, label in enumerate(model.labels)}
    true = labels.map(places).to_numpy(dtype=np.int64)[read]
    logits = model.logits([ids[number] for number in read], batch_size)
    there = finite(logits)
    return counted(model.labels, true[there], logits[there].argmax(1), _length(data) - int(there.sum()))


def counted(
    labels: tuple[str, ...], true: NDArray[np.int64], predicted: NDArray[np.int64], dropped: int = 0
) -> Metrics:
    """The metrics of true and predicted places (N,) among the labels."""
    size = len(labels)
    confusion = np.bincount(true * size + predicted, minlength=size * size).reshape(size, size)
    return Metrics(labels, confusion, dropped)


def _length(data: pd.DataFrame | Dataset) -> int:
    return len(data.test if isinstance(data, Dataset) else data)


def _ids(model: Classifier, texts: list[Any]) -> list[NDArray[np.int64]]:
    """Each text's token ids; none for a text without a visible character."""
    for number, text in enumerate(texts):
        if isinstance(text, str) and not text.strip():
            texts[number] = ""
            continue
        try:
            check_text(text)
        except InputError as error:
            raise type(error)(f"row {number}: {error}") from error
    return [
        row for start in range(0, len(texts), _AT_ONCE) for row in model.tokenizer.ids(texts[start : start + _AT_ONCE])
    ]


def _share(part: Any, whole: Any) -> Any:
    """The quotient, and 0 where the whole is."""
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole > 0)
