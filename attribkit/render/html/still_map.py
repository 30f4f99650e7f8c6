"""The maps of a scatter as shapes, for where no script runs and for print: they follow the page's own colours."""

from collections.abc import Iterator
from itertools import pairwise
from math import log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.render.preparation import markers, scatter_text
from attribkit.render.preparation import scatter as geometry
from attribkit.render.preparation.map_names import apart, map_names
from attribkit.render.preparation.unicode import visible
from attribkit.results.panels import Scatter

SIDE = 1000
"""Units of the drawing's width; places are whole numbers of them."""

LETTERS = 22
"""Units of the height of a name on a map."""

SHAPED = 5_000
"""Points up to which each has its group's shape; of more, so small that shapes cannot be told, each is a dot."""

_SLICES = 8
"""Groups take turns so many times, so that none lies over all others."""

_COLUMNS, _WIDTH = 4, 344
"""Maps beside each other at most; points of width of a map that stands alone."""


def still_maps(panel: Scatter) -> list[dict[str, Any]]:
    """The template's data for each map: its name, its numbers, and paths with their colours."""
    legend, places = markers.signs(panel, markers.SIGNS)
    if panel.values is not None and len(panel.values):
        keys = [(f"--v{step}", 0) for step in range(markers.STEPS)]
        places = markers.steps(panel.values)
    else:
        keys = [(variable(sign), sign.shape) for sign in legend]
    shaped = len(places) * len(panel.maps) <= SHAPED
    height = round(SIDE * geometry.frame(panel).height)
    drawings = []
    for index, map_ in enumerate(panel.maps):
        spots, order = _spots(panel, map_.points, height)
        radius = _radius(len(spots), len(panel.maps))
        paths = list(_paths(spots, order, places, keys, radius, shaped))
        drawings.append(
            {
                "name": visible(map_.name, one_line=True),
                "numbers": scatter_text.mixing_sentence(map_),
                "height": height,
                "dot": None if shaped else f"{2 * radius:.1f}",
                "paths": paths,
                "words": _words(panel, index, height) if len(panel.maps) <= _COLUMNS // 2 else [],
                "edges": _edges() if panel.dimensions == 3 else "",
                **_placed(panel, index, spots, height),
            }
        )
    return drawings


def variable(sign: markers.LegendEntry) -> str:
    """The name of the CSS variable that holds a sign's colour."""
    return "--rest" if sign.colour is None else f"--g{sign.colour}"


def _spots(panel: Scatter, points: NDArray[np.float64], height: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(N, 2) places in the drawing, y downwards, and (N,) the order: shuffled, or by depth."""
    unit = geometry.frame(panel).unit(points)
    if panel.dimensions == 2:
        spots = np.column_stack([unit[:, 0] * SIDE, height / 2 - (unit[:, 1] - 0.5) * SIDE])
        order = np.random.default_rng(0).permutation(len(unit))
    else:
        seen = geometry.turned(unit)
        spots = np.column_stack([(0.5 + seen[:, 0]) * SIDE, (0.5 - seen[:, 1]) * SIDE])
        order = np.argsort(-seen[:, 2], kind="stable")
    return np.rint(spots).astype(np.int64), order


def _words(panel: Scatter, index: int, height: int) -> list[tuple[str, int, int]]:
    """The names on a map, each with the middle of its line."""
    names = map_names(panel, index)
    if not names:
        return []
    spots = _spots(panel, np.array([each.middle for each in names]), height)[0].astype(float)
    placed = apart(names, spots, 0.62 * LETTERS, 1.15 * LETTERS, SIDE)
    return [(each.name, round(x), round(y)) for each, x, y in placed]


def _radius(count: int, maps: int) -> float:
    """Smaller the more points stand on the paper, in units of the drawing."""
    width = _WIDTH / min(maps, _COLUMNS)
    crowd = log10(max(10.0, count * (_WIDTH / width) ** 2))
    return max(0.75, min(2.6, 3.6 - 0.6 * crowd)) * SIDE / width


def _paths(
    spots: NDArray[np.int64],
    order: NDArray[np.int64],
    places: NDArray[np.int64],
    keys: list[tuple[str, int]],
    radius: float,
    shaped: bool,
) -> Iterator[tuple[str, str]]:
    """The colour's variable and the path, a path for each group of each slice."""
    outlines = [_outline(markers.SHAPES[shape], radius) if shaped else "h0" for _, shape in keys]
    for part in np.array_split(order, _SLICES):
        for key in np.unique(places[part]).tolist():
            own = spots[part[places[part] == key]].tolist()
            yield keys[key][0], "".join(f"M{x} {y}{outlines[key]}" for x, y in own)


def _outline(shape: markers.Polygon, radius: float) -> str:
    """A marker as moves from its middle."""
    corners = [(round(radius * x), -round(radius * y)) for x, y in shape]
    moves = [(x - a, y - b) for (a, b), (x, y) in pairwise(corners)]
    return f"m{corners[0][0]} {corners[0][1]}l" + " ".join(f"{x} {y}" for x, y in moves) + "z"


def _edges() -> str:
    """The edges of the cube in which a map of three dimensions is seen."""
    corners = np.array([[x, y, z] for x in (0.0, 1.0) for y in (0.0, 1.0) for z in (0.0, 1.0)])
    seen = geometry.turned(corners)
    at = [f"{SIDE * (0.5 + x):.0f} {SIDE * (0.5 - y):.0f}" for x, y, _ in seen.tolist()]
    pairs = ((a, b) for a in range(8) for b in range(a + 1, 8) if np.abs(corners[a] - corners[b]).sum() == 1)
    return "".join(f"M{at[a]}L{at[b]}" for a, b in pairs)


def _placed(panel: Scatter, index: int, spots: NDArray[np.int64], height: int) -> dict[str, str]:
    """The placed texts as stars, with lines to their neighbours."""
    stars, lines = "", ""
    for placed in panel.placed:
        ((x, y),) = _spots(panel, placed.points[[index]], height)[0].tolist()
        stars += f"M{x} {y}{_outline(markers.STAR, 20.0)}"
        lines += "".join(f"M{x} {y}L{a} {b}" for a, b in spots[placed.neighbours].tolist())
    return {"stars": stars, "lines": lines}
