"""Maps of a layer's outputs: points of one or several maps, each with its text, label and prediction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.results.panels.arrays import ArrayEquality, freeze, frozen_array, nested

EXCERPT = 120
"""The most characters of a text that a map carries."""


@dataclass(frozen=True)
class Mixing:
    """How far the classes are mixed, in a layer's space and on its map.

    Attributes:
        neighbours: k of the agreement.
        sample: how many points were measured.
        chance: the agreement that shuffled labels would have.
        agreement_layer: the mean share of a point's k nearest neighbours with its label, in the layer's space, 0 to 1.
        agreement_map: the same on the map.
        silhouette_layer: the mean silhouette in the layer's space, −1 to 1; None with one class.
        silhouette_map: the same on the map.
        trustworthiness: 0 to 1, how far a point's neighbours on the map are its neighbours in the layer's space.
    """

    neighbours: int
    sample: int
    chance: float
    agreement_layer: float
    agreement_map: float
    silhouette_layer: float | None
    silhouette_map: float | None
    trustworthiness: float | None


@dataclass(frozen=True, eq=False)
class Region(ArrayEquality):
    """A part of a map, named by words that its texts hold more often than those of the rest.

    Attributes:
        middle: (D,) the mean of its points.
        count: its points.
        words: the surest first.
    """

    middle: NDArray[np.float64]
    count: int
    words: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "middle", frozen_array(self.middle, float, "middle", dimensions=1))
        object.__setattr__(self, "words", tuple(self.words))


@dataclass(frozen=True, eq=False)
class Map(ArrayEquality):
    """The map of one layer at one epoch.

    Attributes:
        layer: its name.
        epoch: of training, 0 before it began; None for the model as it is.
        points: (N, D), D = 2 or 3; all maps of a panel share their axes.
        mixing: None without labels.
        regions: its parts; none where there are few points, or where they are no texts.
    """

    layer: str
    epoch: int | None
    points: NDArray[np.float64]
    mixing: Mixing | None = None
    regions: tuple[Region, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", frozen_array(self.points, float, "points", dimensions=2))
        if self.points.shape[1] not in (2, 3):
            raise InputError(f"a map has 2 or 3 dimensions, got {self.points.shape[1]}")
        if self.mixing is not None:
            object.__setattr__(self, "mixing", nested(Mixing, self.mixing))
        object.__setattr__(self, "regions", tuple(nested(Region, region) for region in self.regions))
        if any(len(region.middle) != self.points.shape[1] for region in self.regions):
            raise InputError(f"the middle of a region needs {self.points.shape[1]} numbers, as the points have")

    @property
    def name(self) -> str:
        """The layer, and the epoch if there is one."""
        if self.epoch is None:
            return self.layer
        return f"{self.layer}, " + ("before training" if self.epoch == 0 else f"epoch {self.epoch}")


@dataclass(frozen=True, eq=False)
class ProjectedText(ArrayEquality):
    """A new text among the points.

    Attributes:
        excerpt: the text, at most `EXCERPT` characters.
        prediction: the model's probabilities for it.
        points: (M, D), its place on each map.
        neighbours: (K,) its nearest points in the last map's layer, nearest first.
    """

    excerpt: str
    prediction: str
    points: NDArray[np.float64]
    neighbours: NDArray[np.int64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", frozen_array(self.points, float, "points", dimensions=2))
        freeze(self, neighbours=np.int64)


@dataclass(frozen=True, eq=False)
class Scatter(ArrayEquality):
    """Maps of the same N points (texts, or tokens in their texts).

    Attributes:
        title: what is shown.
        method: "pca", "t-sne" or "umap".
        axes: (D,) the axes' names ("PC 1, 43 % of the variance").
        maps: at least one, on shared axes.
        colour: what colour and shape mean: "label", "prediction", "error" or "confidence"; None for nothing.
        groups: the names of the colours; empty if `values` colours them.
        group: (N,) each point's place in `groups`, −1 for none; empty if there are no groups.
        values: (N,) for a continuous colour, such as the confidence 0 to 1; None for groups.
        excerpts: (N,) the points' texts, at most `EXCERPT` characters each; empty if they are withheld.
        labels: (N,) true labels; empty if unknown.
        predictions: (N,) predicted labels; empty if unknown.
        placed: new texts among the points.
        total: how many points there were before sampling.
        notes: sentences a reader must know.
        total_in_notes: whether they say already how many of `total` points are shown.
        confidence: (N,) the probabilities of the predicted labels; None if unknown.
    """

    title: str
    method: str
    axes: tuple[str, ...]
    maps: tuple[Map, ...]
    colour: str | None
    groups: tuple[str, ...]
    group: NDArray[np.int64]
    values: NDArray[np.float64] | None
    excerpts: tuple[str, ...]
    labels: tuple[str, ...]
    predictions: tuple[str, ...]
    total: int
    placed: tuple[ProjectedText, ...] = ()
    notes: tuple[str, ...] = ()
    total_in_notes: bool = False
    confidence: NDArray[np.float64] | None = None

    kind = "scatter"

    def __post_init__(self) -> None:
        freeze(self, group=np.int64, values=float, confidence=float)
        for name in ("axes", "groups", "excerpts", "labels", "predictions", "notes"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "maps", tuple(nested(Map, map_) for map_ in self.maps))
        object.__setattr__(self, "placed", tuple(nested(ProjectedText, text) for text in self.placed))
        shapes = {map_.points.shape for map_ in self.maps}
        if len(shapes) != 1:
            raise InputError(f"a scatter needs at least one map, all of one shape, got shapes {sorted(shapes)}")
        (count, dimensions), *_ = shapes
        if len(self.axes) != dimensions:
            raise InputError(f"`axes` must name {dimensions} axes, got {len(self.axes)}")
        columns = {name: len(getattr(self, name)) for name in ("group", "excerpts", "labels", "predictions")}
        for name in ("values", "confidence"):
            columns[name] = 0 if getattr(self, name) is None else len(getattr(self, name))
        if any(length not in (0, count) for length in columns.values()):
            raise InputError(f"each column needs one entry for each of the {count} points, got {columns}")
        if len(self.group) and (self.group.min() < -1 or self.group.max() >= len(self.groups)):
            raise InputError(f"`group` must lie among the {len(self.groups)} groups or be −1")
        if any(len(excerpt) > EXCERPT for excerpt in self.excerpts):
            raise InputError(f"an excerpt may have at most {EXCERPT} characters; cut it")
        if any(text.points.shape != (len(self.maps), dimensions) for text in self.placed):
            raise InputError(f"a placed text needs one point of {dimensions} numbers on each of {len(self.maps)} maps")
        if any(len(text.neighbours) and text.neighbours.max() >= count for text in self.placed):
            raise InputError(f"a placed text's neighbours must be among the {count} points")

    @property
    def dimensions(self) -> int:
        """2 or 3."""
        dimensions: int = self.maps[0].points.shape[1]
        return dimensions
