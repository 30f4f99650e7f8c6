"""The names that stand on a map: of its groups where they are many, else the words of its regions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.render.preparation import markers
from attribkit.render.preparation.unicode import shorten
from attribkit.results.panels import Scatter

LONGEST = 32
"""Characters of a name on a map."""


@dataclass(frozen=True, eq=False)
class MapName:
    """A name, its points, and where on the map they lie.

    Attributes:
        name: what is written.
        count: the points that it names.
        middle: (D,) their median, or a region's middle.
    """

    name: str
    count: int
    middle: NDArray[np.float64]


def map_names(panel: Scatter, index: int) -> list[MapName]:
    """The names on one map of a panel, those of the most points first."""
    map_ = panel.maps[index]
    if len(panel.groups) <= markers.NAMED:
        return [
            MapName(shorten(" · ".join(region.words), LONGEST), region.count, region.middle) for region in map_.regions
        ]
    named = []
    for place, name in enumerate(panel.groups):
        own = map_.points[panel.group == place]
        if len(own):
            named.append(MapName(shorten(name, LONGEST), len(own), np.median(own, axis=0)))
    return sorted(named, key=lambda each: -each.count)


def apart(
    names: Sequence[MapName], spots: NDArray[np.float64], letter: float, high: float, width: float
) -> list[tuple[MapName, float, float]]:
    """The names with room on a drawing of this width, each with the middle of its line; those before others first.

    Args:
        names: in order of importance.
        spots: (K, 2) where each would stand.
        letter: the width of a letter.
        high: the height of a line.
        width: of the drawing.
    """
    placed: list[tuple[MapName, float, float, float]] = []
    for each, (x, y) in zip(names, spots.tolist(), strict=True):
        half = len(each.name) * letter / 2
        x = min(max(x, half), width - half)
        if all(abs(x - other) > half + beside or abs(y - line) > high for _, other, line, beside in placed):
            placed.append((each, x, y, half))
    return [(each, x, y) for each, x, y, _ in placed]
