"""Finished maps, and new texts marked among their points."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.models.classifier import Classifier
from attribkit.models.layers import Layer
from attribkit.projection.alignment import Alignment
from attribkit.projection.distances import nearest
from attribkit.projection.layer_outputs import read_layers
from attribkit.projection.measures import MeasuredMap
from attribkit.projection.points import excerpt
from attribkit.projection.pooling import Reduction
from attribkit.projection.reducers import Layout
from attribkit.results.panels import Map, Panel, ProjectedText, Scatter, Table

PLACED = 10
"""Nearest neighbours named for a new text."""

Floats = NDArray[np.float64]

_ABOUT = (
    "a text that is placed stands about where its nearest neighbours stand, by itself; among the texts that the map "
    "was made of it might stand elsewhere"
)


@dataclass(frozen=True, eq=False)
class FittedMap:
    """The map of one layer at one epoch, and how to place a new text on it.

    Attributes:
        map: what is drawn.
        model: with the weights of that epoch.
        layer: of the model.
        values: (N, P) the texts in the space in which neighbours are searched.
        layout: how the texts came onto the map.
        alignment: how the map was turned onto the first one's axes; None if it was not.
        measured: the mixing; None without labels.
        space: from the layer's outputs (M, H) to that space (M, P); None if it is the layer's own.
    """

    map: Map
    model: Classifier
    layer: Layer
    values: NDArray[np.float32]
    layout: Layout
    alignment: Alignment | None
    measured: MeasuredMap | None
    space: Callable[[NDArray[np.floating]], Floats] | None = None

    def inside(self, outputs: NDArray[np.floating]) -> NDArray[np.floating]:
        """The layer's outputs (M, H) in the space in which neighbours are searched, (M, P)."""
        return outputs if self.space is None else self.space(outputs)

    def place(self, new: NDArray[np.floating]) -> Floats:
        """Points (M, P) of that space on the map, (M, D)."""
        placed = self.layout.place(new)
        return placed if self.alignment is None else self.alignment(placed)


@dataclass(frozen=True, eq=False)
class FittedMaps:
    """Maps and what is needed to draw them and to place new texts among their points."""

    scatter: Scatter
    tables: tuple[Table, ...]
    panels: tuple[FittedMap, ...]
    reduction: Reduction

    def drawn(self) -> tuple[Panel, ...]:
        """The map and its tables."""
        return (self.scatter, *self.tables)

    def marked(
        self, texts: Sequence[str], ids: Sequence[NDArray[np.int64]], batch_size: int | None = None
    ) -> tuple[Scatter, list[Table]]:
        """The map with new texts marked among its points, and the nearest neighbours of each in the last map's layer.

        That is the deepest layer at the latest epoch, which the other tables describe, too.

        Args:
            texts: (M,) new texts.
            ids: their tokens.
            batch_size: the most texts at once; None chooses by their length.

        Raises:
            ValueError: if a text is no single point, or the network's outputs for it are NaN or infinite.
        """
        if self.reduction.by_step:
            raise InputError(f"`reduce={self.reduction.name!r}` makes many points of a text; place it with another one")
        points = np.empty((len(texts), len(self.panels), self.scatter.dimensions))
        outputs = [
            read_layers(panel.model, ids, [panel.layer], self.reduction, batch_size).checked() for panel in self.panels
        ]
        for number, (panel, of_map) in enumerate(zip(self.panels, outputs, strict=True)):
            points[:, number] = panel.place(panel.inside(of_map[panel.layer.name]))
        last, predicted = self.panels[-1], outputs[-1].logits.argmax(1)
        near = nearest_few(last.values, last.inside(outputs[-1][last.layer.name]))
        placed = tuple(
            ProjectedText(excerpt(text), last.model.labels[predicted[row]], points[row], near.rows[row])
            for row, text in enumerate(texts)
        )
        tables = [near.table(row, self.scatter, last.map.name, excerpt(text, 60)) for row, text in enumerate(texts)]
        about = () if self.scatter.method == "pca" or not placed else (_ABOUT,)
        return replace(self.scatter, placed=placed, notes=(*self.scatter.notes, *about)), tables


@dataclass(frozen=True, eq=False)
class NearestPoints:
    """The nearest points of each new text: their numbers (M, K), nearest first, and their distances (M, K)."""

    rows: NDArray[np.int64]
    apart: Floats

    def table(self, row: int, scatter: Scatter, space: str, name: str) -> Table:
        """One new text's neighbours with what they are."""
        rows = []
        for point, distance in zip(self.rows[row].tolist(), self.apart[row].tolist(), strict=True):
            shown = (getattr(scatter, column) for column in ("excerpts", "labels", "predictions"))
            rows.append((*(column[point] if column else None for column in shown), float(f"{distance:.4g}")))
        columns = ("text", "label", "prediction", f"distance in {space}")
        return Table(f"The nearest to “{name}”", columns, tuple(rows))


def nearest_few(values: NDArray[np.floating], new: NDArray[np.floating]) -> NearestPoints:
    """The nearest of points (N, H) to each of new ones (M, H)."""
    points: Floats = values.astype(np.float64)
    others: Floats = new.astype(np.float64)
    rows = nearest(points, min(PLACED, len(points)), of=others)
    return NearestPoints(rows, np.linalg.norm(points[rows] - others[:, None], axis=2))
