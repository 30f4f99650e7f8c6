"""What a model's last layer read of its training rows, kept with the model to ask which rows taught an answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from attribkit.errors import InputError
from attribkit.results.panels import Table
from attribkit.results.result import Result

_SHOWN = 20
_ARRAYS = {
    "values": np.float32,
    "logits": np.float32,
    "weights": np.float64,
    "labels": np.int32,
    "rows": np.int64,
}
_NAMES = ("format", "fingerprint", "source", "l2", "names", "excerpts")
_FORMAT = 1


@dataclass(frozen=True, eq=False, repr=False)
class TrainingFeatures(Result):
    """The features of N training rows, and the last layer refitted on them; data only, never a pickle.

    Attributes:
        fingerprint: of the classifier they were read with; they are not used for one that has changed since.
        source: what the rows are, for a reader.
        l2: λ for each row, with which the layer was refitted.
        names: (C,) the labels.
        values: (N, H) what the last layer reads.
        logits: (N, C) the network's own.
        weights: (C − 1, H + 1) the refitted layer, as contrasts.
        labels: (N,) each row's label, as its place among the names.
        rows: (N,) their numbers in the table.
        excerpts: (N,) how each begins.
    """

    fingerprint: str
    source: str
    l2: float
    names: tuple[str, ...]
    values: NDArray[np.float32]
    logits: NDArray[np.float32]
    weights: NDArray[np.float64]
    labels: NDArray[np.int64]
    rows: NDArray[np.int64]
    excerpts: tuple[str, ...]

    def __post_init__(self) -> None:
        count, width = self.values.shape
        classes = len(self.names)
        if self.weights.shape != (classes - 1, width + 1) or self.logits.shape != (count, classes):
            raise InputError(
                f"training features of {classes} labels and a layer of that width were expected; keep anew"
            )
        if {len(self.labels), len(self.rows), len(self.excerpts)} != {count}:
            raise InputError(f"training features need a label, a number and an excerpt for each of {count} rows")
        if count and not 0 <= self.labels.min() <= self.labels.max() < classes:
            raise InputError(f"training features have labels beyond the {classes} that there are; keep them anew")

    def to_frame(self) -> pd.DataFrame:
        """One row per training row: row (its number in the table), label and text (an excerpt)."""
        labels = [self.names[label] for label in self.labels.tolist()]
        return pd.DataFrame({"row": self.rows, "label": labels, "text": self.excerpts})

    def panels(self) -> tuple[Table, ...]:
        """The first rows."""
        cells = tuple(tuple(row) for row in self.to_frame().head(_SHOWN).itertuples(index=False))
        return (Table("Training rows kept with the model", ("row", "label", "text"), cells, (self.summary(),)),)

    def summary(self) -> str:
        """Which rows are kept, and how much room they take."""
        count, width = self.values.shape
        size = (self.values.nbytes + self.logits.nbytes + sum(map(len, self.excerpts))) / 1e6
        return f"{count:,} training rows ({self.source}) of {width:,} features and an excerpt each: {size:,.1f} MB"

    def to_bytes(self) -> bytes:
        """A safetensors file; its excerpts are in it as JSON."""
        described = {name: _FORMAT if name == "format" else getattr(self, name) for name in _NAMES}
        content = json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        arrays: dict[str, NDArray[Any]] = {
            name: np.ascontiguousarray(getattr(self, name), dtype=kind) for name, kind in _ARRAYS.items()
        }
        return safetensors.numpy.save({**arrays, "described": np.frombuffer(content, dtype=np.uint8)})

    @staticmethod
    def from_bytes(content: bytes) -> "TrainingFeatures":
        """Read the file that `to_bytes` made.

        Raises:
            ValueError: for anything else; for a newer format.
        """
        try:
            arrays = safetensors.numpy.load(content)
            described: Mapping[str, Any] = json.loads(arrays["described"].tobytes())
            if described["format"] != _FORMAT:
                raise InputError(
                    f"training features of format {_FORMAT} were expected, got {described['format']!r}; upgrade "
                    "attribkit, or keep them anew with attribkit.keep_training(model, train)"
                )
            fields: dict[str, Any] = {name: described[name] for name in _NAMES if name != "format"}
            fields |= {name: arrays[name] for name in _ARRAYS} | {"labels": arrays["labels"].astype(np.int64)}
            fields |= {name: tuple(described[name]) for name in ("names", "excerpts")}
            return TrainingFeatures(**fields)
        except (SafetensorError, KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise InputError(f"a model's training features were expected, got something else ({error})") from error
