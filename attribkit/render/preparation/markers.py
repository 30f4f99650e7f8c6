"""The markers of a map's points: a colour and a shape for each group, a colour for each value."""

from dataclasses import dataclass
from functools import cache
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

from attribkit.plurals import number_of
from attribkit.render.preparation import palette
from attribkit.render.preparation.unicode import visible
from attribkit.results.panels import Scatter

COLOURS = (
    ("#669d8d", "#5fcfb3"),
    ("#751e5f", "#ad3a8e"),
    ("#753ba8", "#9064bf"),
    ("#46712b", "#4a752e"),
    ("#432328", "#e35b78"),
    ("#989912", "#dadc3e"),
    ("#5c8a89", "#a0f2f1"),
    ("#cb6fd1", "#bf85c3"),
)
"""Each group's colour on light and on dark paper: apart for every kind of colour blindness.

None has the hue of a score: blue and orange speak for or against, beside a map too.
"""


REST = ("#8d8983", "#77736d")
"""The colour of points that belong to no group of their own, on light and on dark paper."""


OWN = 40
"""Groups with a colour and shape of their own; beyond, the smallest share one sign."""

SIGNS = 250
"""The same on a page, where a list of so many is folded; a point's sign is one byte there."""

NAMED = 8
"""Groups up to which a legend tells them apart; the names of more stand on the map."""


STEPS = 16
"""Colours of a continuous scale."""


Polygon = tuple[tuple[float, float], ...]


def _turn(corners: Polygon, angle: float) -> Polygon:
    return tuple((x * cos(angle) - y * sin(angle), x * sin(angle) + y * cos(angle)) for x, y in corners)


def _regular(corners: int, radius: float, angle: float) -> Polygon:
    turns = (angle + 2 * pi * k / corners for k in range(corners))
    return tuple((radius * cos(turn), radius * sin(turn)) for turn in turns)


def _plus(arm: float, half: float) -> Polygon:
    quarter = ((arm, -half), (arm, half), (half, half))
    return tuple(corner for k in range(4) for corner in _turn(quarter, k * pi / 2))


SHAPES: tuple[Polygon, ...] = (
    _regular(20, 1.0, 0.0),
    _regular(3, 1.45, pi / 2),
    _regular(4, 1.25, pi / 4),
    _regular(4, 1.35, 0.0),
    _regular(3, 1.45, -pi / 2),
    _plus(1.3, 0.42),
    _turn(_plus(1.3, 0.42), pi / 4),
)
"""The corners of each marker, y upwards, about as large as a circle of radius 1; the first stands for a circle."""


STAR: Polygon = tuple(
    ((1.0 if k % 2 == 0 else 0.42) * cos(pi / 2 + k * pi / 5), (1.0 if k % 2 == 0 else 0.42) * sin(pi / 2 + k * pi / 5))
    for k in range(10)
)
"""The corners of the marker of a placed text."""


def outline(shape: Polygon) -> str:
    """The shape as a path around its middle, y downwards."""
    return "M" + "L".join(f"{x:.2f} {-y:.2f}" for x, y in shape) + "z"


@cache
def ramp() -> tuple[tuple[str, str], ...]:
    """(STEPS,) colours of a continuous scale on light and on dark paper; more is further from the paper."""

    def between(low: palette.Triple, high: palette.Triple, step: int) -> str:
        share = step / (STEPS - 1)
        lightness, green_red, blue_yellow = (a + (b - a) * share for a, b in zip(low, high, strict=True))
        return palette.from_oklab((lightness, green_red, blue_yellow))

    light = palette.polar(0.80, 0.09, 310.0), palette.polar(0.34, 0.13, 310.0)
    dark = palette.polar(0.44, 0.14, 310.0), palette.polar(0.90, 0.06, 310.0)
    return tuple((between(*light, step), between(*dark, step)) for step in range(STEPS))


@dataclass(frozen=True)
class LegendEntry:
    """One entry of the legend.

    Attributes:
        name: the group's.
        count: its points on the map.
        colour: place in `COLOURS`; None for `REST`.
        shape: place in `SHAPES`.
    """

    name: str
    count: int
    colour: int | None
    shape: int


def signs(panel: Scatter, most: int = OWN) -> tuple[list[LegendEntry], NDArray[np.int64]]:
    """The legend's entries, and (N,) each point's place among them; one nameless entry where nothing is grouped.

    Args:
        panel: the map.
        most: entries of groups; beyond, the smallest share one.
    """
    count = len(panel.maps[0].points)
    if not len(panel.group):
        return [LegendEntry("", count, 0, 0)], np.zeros(count, dtype=np.int64)
    sizes = np.bincount(panel.group[panel.group >= 0], minlength=len(panel.groups))
    own = np.arange(len(sizes))
    if len(sizes) > most:
        own = np.sort(np.argsort(-sizes, kind="stable")[: most - 1])
    legend = [
        LegendEntry(
            visible(panel.groups[group], one_line=True), int(sizes[group]), place % len(COLOURS), place % len(SHAPES)
        )
        for place, group in enumerate(own)
    ]
    # one place more, which −1 reaches from behind
    places = np.full(len(sizes) + 1, -1, dtype=np.int64)
    places[own] = np.arange(len(own))
    rest = np.setdiff1d(np.arange(len(sizes)), own)
    if len(rest):
        places[rest] = len(legend)
        legend.append(LegendEntry(number_of(len(rest), "smaller group"), int(sizes[rest].sum()), None, 0))
    none = int((panel.group < 0).sum())
    if none:
        places[-1] = len(legend)
        legend.append(LegendEntry(f"no {panel.colour}" if panel.colour else "none", none, None, 3))
    return legend, places[panel.group]


def steps(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """(N,) each value's place on the continuous scale, from the least to the greatest value."""
    low, span = float(values.min()), float(np.ptp(values))
    return np.minimum((values - low) / (span or 1.0) * STEPS, STEPS - 1).astype(np.int64)
