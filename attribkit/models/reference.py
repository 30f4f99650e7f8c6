"""Reference points of a model: where one of its layers puts some texts, to place others among."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from attribkit.errors import InputError
from attribkit.models.fingerprint import FORMAT
from attribkit.plurals import number_of
from attribkit.results.panels import Map, Scatter
from attribkit.results.result import Result

_ARRAYS = ("mean", "axes", "explained", "points")
_NAMES = ("layer", "reduce", "fingerprint", "source")
_COLUMNS = ("excerpts", "labels", "predictions")


@dataclass(frozen=True, eq=False, repr=False)
class Reference(Result):
    """Principal components of a layer's outputs and the coordinates of some texts on them; data only, never a pickle.

    Attributes:
        layer: its name.
        reduce: how a text's steps became one vector; None for the layer's usual way.
        fingerprint: of the classifier they were computed with; they are not used for one that has changed since.
        source: what the texts are, for a reader.
        mean: (H,) of the layer's outputs.
        axes: (P, H) principal components.
        explained: (P,) each one's share of the variance.
        points: (N, P) the texts' coordinates.
        excerpts: (N,) how each text begins, as a map shows it.
        labels: (N,) true labels; empty if unknown.
        predictions: (N,) predicted labels.
    """

    layer: str
    reduce: str | None
    fingerprint: str
    source: str
    mean: NDArray[np.float32]
    axes: NDArray[np.float32]
    explained: NDArray[np.float32]
    points: NDArray[np.float32]
    excerpts: tuple[str, ...]
    labels: tuple[str, ...]
    predictions: tuple[str, ...]

    def __post_init__(self) -> None:
        count, parts = self.points.shape
        if self.axes.shape != (parts, len(self.mean)) or self.explained.shape != (parts,):
            raise InputError(f"a reference needs as many axes as its points have coordinates, {parts}; make it anew")
        if {len(self.excerpts), len(self.predictions)} != {count} or len(self.labels) not in (0, count):
            raise InputError(f"a reference needs one excerpt, label and prediction for each of {count} points")

    def renewed(self, model: Any) -> "Reference":
        """The same; if an earlier version kept it and it is this model's, with the model's fingerprint of today."""
        if self.fingerprint.startswith(FORMAT) or self.fingerprint != model.earlier_fingerprint():
            return self
        return replace(self, fingerprint=model.fingerprint())

    def to_frame(self) -> pd.DataFrame:
        """One row per text: text (an excerpt), label (None where unknown), prediction, then a column per component."""
        columns = {
            "text": self.excerpts,
            "label": self.labels or [None] * len(self.points),
            "prediction": self.predictions,
        }
        coordinates = {f"PC {number}": self.points[:, number - 1] for number in range(1, self.points.shape[1] + 1)}
        return pd.DataFrame({**columns, **coordinates})

    def panels(self) -> tuple[Scatter, ...]:
        """The texts on the first two components, coloured by label, or by prediction where none is known."""
        colour, names = ("label", self.labels) if self.labels else ("prediction", self.predictions)
        groups = tuple(sorted(set(names)))
        shares = [*map(float, self.explained), 0.0][:2]
        panel = Scatter(
            title=f"Where the layer {self.layer} puts {number_of(len(self.points), 'reference text')}",
            method="pca",
            axes=tuple(f"PC {number} ({share:.0%} of the variance)" for number, share in enumerate(shares, 1)),
            maps=(Map(self.layer, None, first_two(self.points)),),
            colour=colour,
            groups=groups,
            group=np.array([groups.index(name) for name in names], dtype=np.int64),
            values=None,
            excerpts=self.excerpts,
            labels=self.labels,
            predictions=self.predictions,
            total=len(self.points),
            notes=(f"the points are {self.source}",),
        )
        return (panel,)

    def summary(self) -> str:
        """Which texts are kept, in which layer, and how much of its variance their coordinates hold."""
        return (
            f"{number_of(len(self.points), 'reference text')} ({self.source}) in the layer {self.layer}: "
            f"{len(self.axes)} "
            f"principal components, {self.explained.sum():.1%} of its variance"
        )

    def to_bytes(self) -> bytes:
        """A safetensors file; its texts are in it as JSON."""
        described = {name: getattr(self, name) for name in (*_NAMES, *_COLUMNS)}
        content = json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode()
        arrays: dict[str, NDArray[Any]] = {
            name: np.ascontiguousarray(getattr(self, name), dtype=np.float32) for name in _ARRAYS
        }
        return safetensors.numpy.save({**arrays, "described": np.frombuffer(content, dtype=np.uint8)})

    @staticmethod
    def from_bytes(content: bytes) -> "Reference":
        """Read the file that `to_bytes` made.

        Raises:
            ValueError: for anything else.
        """
        try:
            arrays = safetensors.numpy.load(content)
            described: Mapping[str, Any] = json.loads(arrays["described"].tobytes())
            fields: dict[str, Any] = {name: described[name] for name in _NAMES}
            fields |= {name: arrays[name] for name in _ARRAYS}
            fields |= {name: tuple(described[name]) for name in _COLUMNS}
            return Reference(**fields)
        except (SafetensorError, KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise InputError(f"a model's reference points were expected, got something else ({error})") from error


def first_two(points: NDArray[Any]) -> NDArray[np.float64]:
    """(N, 2) the first two coordinates; a layer of one unit lies on a line."""
    return np.pad(points, ((0, 0), (0, max(0, 2 - points.shape[1]))))[:, :2].astype(float)
