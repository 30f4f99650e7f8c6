"""Outputs of layers as points, with the text and the token that each stands for."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.plurals import number_of
from attribkit.results.panels import Table
from attribkit.results.result import Result


@dataclass(frozen=True, eq=False, repr=False)
class LayerOutputs(Result):
    """The outputs of layers as points: `outputs["rnn"]` is one layer's (N, H).

    Attributes:
        values: (N, H) float32 by layer name, H of each layer's own; rows in the texts' order.
        reductions: by layer name how its steps became points, "" if it has one vector per text as it is.
        text_index: (N,) the number of each point's text.
        token_index: (N,) which of the text's tokens a point stands for (the first of its window); None for whole texts.
        total: how many points there were before a sample was drawn.
        logits: (B, C) float64, of the same pass.
        notes: sentences on how the texts were read.
    """

    values: dict[str, NDArray[np.float32]]
    reductions: dict[str, str]
    text_index: NDArray[np.int64]
    token_index: NDArray[np.int64] | None
    total: int
    logits: NDArray[np.float64]
    notes: tuple[str, ...] = ()

    def __getitem__(self, layer: str) -> NDArray[np.float32]:
        return self.values[layer]

    def not_finite(self) -> dict[str, NDArray[np.int64]]:
        """The texts for which a layer's or the network's output is NaN or infinite, by the name of that layer."""
        not_finite = {
            f"the layer {name!r}": np.unique(self.text_index[~np.isfinite(values).all(axis=1)])
            for name, values in self.values.items()
        }
        not_finite["the network"] = np.flatnonzero(~np.isfinite(self.logits).all(axis=1))
        return {what: texts for what, texts in not_finite.items() if len(texts)}

    def checked(self) -> "LayerOutputs":
        """The outputs themselves, if all are finite.

        Raises:
            ValueError: if some are NaN or infinite; the sentence names the layer and the texts.
        """
        for what, bad in self.not_finite().items():
            shown = ", ".join(map(str, bad[:5])) + (", …" if len(bad) > 5 else "")
            raise InputError(
                f"{what} put out NaN or infinity for {len(bad):,} of {number_of(len(self.logits), 'text')} (number "
                f"{shown}); "
                "check the model's weights and those texts"
            )
        return self

    def to_frame(self, layer: str | None = None) -> pd.DataFrame:
        """One row per point.

        Args:
            layer: whose outputs; None for every layer's, side by side.

        Returns:
            columns text (its number), token (its number in the text, for points that stand for one), then one per
            number of the layer's output, named by the layer and its place: "rnn 0", "rnn 1" …

        Raises:
            ValueError: for a layer that does not exist.
        """
        if layer is not None and layer not in self.values:
            raise InputError(f"`layer` must be one of {', '.join(map(repr, self.values))}, got {layer!r}")
        index = {"text": self.text_index} | ({} if self.token_index is None else {"token": self.token_index})
        blocks = [
            pd.DataFrame(values, columns=[f"{name} {place}" for place in range(values.shape[1])])
            for name, values in self.values.items()
            if layer in (None, name)
        ]
        return pd.concat([pd.DataFrame(index), *blocks], axis=1)

    def panels(self) -> tuple[Table, ...]:
        """A table of the layers: how many points and numbers each has, how they were made, and their spread."""
        rows = [
            (
                name,
                len(values),
                values.shape[1],
                self.reductions[name] or "as it is",
                float(values.mean(dtype=np.float64)) if values.size else None,
                float(values.std(dtype=np.float64)) if values.size else None,
            )
            for name, values in self.values.items()
        ]
        columns = ("layer", "points", "numbers each", "steps to points", "mean", "standard deviation")
        drawn = (
            (f"{len(self.text_index):,} of {number_of(self.total, 'point')}, drawn by the seed",)
            if self._sampled
            else ()
        )
        title = f"Outputs of {number_of(len(rows), 'layer')} for {number_of(len(self.logits), 'text')}"
        return (Table(title, columns, tuple(rows), (*drawn, *self.notes)),)

    def summary(self) -> str:
        """Which layers were read of how many texts, and how many points and numbers there are."""
        shapes = (f"{name} {' × '.join(f'{size:,}' for size in values.shape)}" for name, values in self.values.items())
        drawn = f", drawn from {self.total:,}" if self._sampled else ""
        read = f"LayerOutputs({number_of(len(self.logits), 'text')}, points × numbers: {', '.join(shapes)}{drawn})"
        return "\n".join([read, *self.notes])

    @property
    def _sampled(self) -> bool:
        return self.total > len(self.text_index)
