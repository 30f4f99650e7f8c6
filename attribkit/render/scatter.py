"""The geometry and the signs of a map of points: shared axes, colours with shapes, and the numbers beside it."""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

from attribkit.render import palette
from attribkit.render.layout import number, percent, shorten, visible
from attribkit.results.panels import Map, Mixing, ProjectedText, Scatter

COLOURS = (
    ("#1a4a98", "#4f8df0"),
    ("#e08a2b", "#d96a1c"),
    ("#35806f", "#c1f0d6"),
    ("#560f39", "#8f6488"),
    ("#35b0e0", "#63b4dc"),
    ("#93330f", "#f4ad93"),
    ("#8f8210", "#a6a740"),
    ("#7a69ad", "#dec1fb"),
)
"""Each group's colour on light and on dark paper: apart in lightness too, for every kind of colour blindness."""

REST = ("#8d8983", "#77736d")
"""The colour of points that belong to no group of their own, on light and on dark paper."""

OWN = 40
"""Groups with a colour and shape of their own; beyond, the smallest share one sign."""

STEPS = 16
"""Colours of a continuous scale."""

STRETCH = 2.5
"""Beyond this ratio of the axes' spans each axis gets a scale of its own, or the map would be a line."""

NAME = 40
"""Characters of a label within a sentence."""

AIR = 1.07
"""How much longer the axes are than what lies on them."""

FLAT = 0.62
"""The least height of a map as a share of its width."""

YAW, PITCH = 0.55, 0.35
"""The angles, in radians, from which a map of three dimensions is first seen."""

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


@cache
def ramp() -> tuple[tuple[str, str], ...]:
    """(STEPS,) colours of a continuous scale on light and on dark paper; more is further from the paper."""

    def between(low: palette.Triple, high: palette.Triple, step: int) -> str:
        share = step / (STEPS - 1)
        one, two, three = (a + (b - a) * share for a, b in zip(low, high, strict=True))
        return palette.from_oklab((one, two, three))

    light = palette.polar(0.78, 0.13, 80.0), palette.polar(0.34, 0.13, 265.0)
    dark = palette.polar(0.44, 0.14, 265.0), palette.polar(0.90, 0.12, 95.0)
    return tuple((between(*light, step), between(*dark, step)) for step in range(STEPS))


@dataclass(frozen=True)
class Sign:
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


def signs(panel: Scatter) -> tuple[list[Sign], NDArray[np.int64]]:
    """The legend's entries, and (N,) each point's place among them; one nameless entry where nothing is grouped."""
    count = len(panel.maps[0].points)
    if not len(panel.group):
        return [Sign("", count, 0, 0)], np.zeros(count, dtype=np.int64)
    sizes = np.bincount(panel.group[panel.group >= 0], minlength=len(panel.groups))
    own = np.arange(len(sizes))
    if len(sizes) > OWN:
        own = np.sort(np.argsort(-sizes, kind="stable")[: OWN - 1])
    found = [
        Sign(visible(panel.groups[group], one_line=True), int(sizes[group]), place % len(COLOURS), place % len(SHAPES))
        for place, group in enumerate(own)
    ]
    # one place more, which −1 reaches from behind
    places = np.full(len(sizes) + 1, -1, dtype=np.int64)
    places[own] = np.arange(len(own))
    rest = np.setdiff1d(np.arange(len(sizes)), own)
    if len(rest):
        places[rest] = len(found)
        found.append(Sign(f"{len(rest):,} smaller groups", int(sizes[rest].sum()), None, 0))
    none = int((panel.group < 0).sum())
    if none:
        places[-1] = len(found)
        found.append(Sign(f"no {panel.colour}" if panel.colour else "none", none, None, 3))
    return found, places[panel.group]


def steps(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """(N,) each value's place on the continuous scale, from the least to the greatest value."""
    low, span = float(values.min()), float(np.ptp(values))
    return np.minimum((values - low) / (span or 1.0) * STEPS, STEPS - 1).astype(np.int64)


def value(panel: Scatter, amount: float) -> str:
    """A value of the continuous scale for a reader."""
    return percent(amount) if panel.colour == "confidence" else number(amount, sign=False)


@dataclass(frozen=True, eq=False)
class Frame:
    """The axes that all maps of a panel share, with a little air around the points.

    Attributes:
        low, span: (D,) where each axis begins and how long it is.
        height: the share of the second axis that points lie on, in its middle: what a flat map needs.
        stretched: whether the axes have scales of their own.
    """

    low: NDArray[np.float64]
    span: NDArray[np.float64]
    height: float
    stretched: bool

    def unit(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """The points with every axis running from 0 to 1."""
        return (points - self.low) / self.span


def frame(panel: Scatter) -> Frame:
    """One scale for all axes, so that distances are true, unless one axis is more than `STRETCH` times another."""
    every = np.concatenate([one.points for one in panel.maps] + [one.points for one in panel.placed])
    if not len(every):
        return Frame(np.zeros(panel.dimensions), np.ones(panel.dimensions), 1.0, False)
    low, high = every.min(axis=0), every.max(axis=0)
    needed = (high - low) * AIR
    stretched = bool(needed.max() > STRETCH * needed.min() > 0)
    span = needed if stretched else np.full_like(needed, needed.max() or 1.0)
    height = max(FLAT, float(needed[1] / span[1])) if panel.dimensions == 2 else 1.0
    return Frame((low + high - span) / 2, span, height, stretched)


def turned(unit: NDArray[np.float64], yaw: float = YAW, pitch: float = PITCH) -> NDArray[np.float64]:
    """(N, 3) a cube of side 1 seen in perspective: right and up in −½ … ½ or little more, and how far away."""
    x, y, z = (unit - 0.5).T
    right = cos(yaw) * x - sin(yaw) * y
    back = sin(yaw) * x + cos(yaw) * y
    up = sin(pitch) * back + cos(pitch) * z
    away = cos(pitch) * back - sin(pitch) * z
    near = 0.56 / (1 + 0.3 * away)
    return np.column_stack([right * near, up * near, away])


@dataclass(frozen=True)
class Reading:
    """One number of a map's mixing, for the layer and for the map.

    Attributes:
        name: what is measured.
        layer, map: None where it was not.
        chance: what shuffled labels would give.
        meaning: one line for a reader who meets it first.
    """

    name: str
    layer: float | None
    map: float | None
    chance: float | None
    meaning: str


def readings(mixing: Mixing) -> list[Reading]:
    """The mixing numbers that were measured, in the order in which they are read."""
    same = (
        f"The share of a point’s {mixing.neighbours} nearest neighbours that have its label; shuffled labels would "
        f"give {small(mixing.chance)}."
    )
    found = [Reading("same-label neighbours", mixing.agreement_layer, mixing.agreement_map, mixing.chance, same)]
    if mixing.silhouette_layer is not None or mixing.silhouette_map is not None:
        apart = "1: the classes stand far apart; 0: they touch; below 0: points lie nearer to another class."
        found.append(Reading("silhouette", mixing.silhouette_layer, mixing.silhouette_map, None, apart))
    if mixing.trustworthiness is not None:
        kept = "1: neighbours on the map are neighbours in the layer; lower: the map brings strangers together."
        found.append(Reading("trustworthiness", None, mixing.trustworthiness, None, kept))
    return found


def small(amount: float | None) -> str:
    """A mixing number for a reader."""
    if amount is None:
        return "–"
    return f"{amount:.2f}".replace("-", "−") if abs(amount) >= 0.005 else "0.00"  # no minus before nothing


def tally(panel: Scatter, one: ProjectedText) -> str:
    """How many of a placed text's neighbours have which label; empty where labels are unknown."""
    labels = [panel.labels[point] for point in one.neighbours.tolist()] if panel.labels else []
    return ", ".join(f"{count} × {shorten(label, NAME)}" for label, count in Counter(labels).most_common())


def time(one: Map) -> str:
    """When a map was made."""
    return "now" if one.epoch is None else "before training" if one.epoch == 0 else f"epoch {one.epoch}"


def method(panel: Scatter) -> str:
    """The method's name as it is written."""
    return {"pca": "PCA", "t-sne": "t-SNE", "umap": "UMAP"}.get(panel.method, panel.method)


def shown(panel: Scatter) -> str:
    """How many points stand on each map, and what their colours mean."""
    count, colour = len(panel.maps[0].points), panel.colour
    parts = [f"{method(panel)} in {panel.dimensions} dimensions", f"{count:,} points"]
    if colour is not None:
        parts.append(f"{'colour' if panel.values is not None else 'colour and shape'}: {visible(colour, True)}")
    return " · ".join(parts)


def remarks(panel: Scatter) -> list[str]:
    """Sentences a reader must know: the panel's own notes and what the drawing itself leaves out."""
    found = [visible(note, one_line=True) for note in panel.notes]
    count = len(panel.maps[0].points)
    if panel.total > count and not any(f"{count:,} of {panel.total:,}" in note for note in found):
        found.append(f"{count:,} of {panel.total:,} points are shown")
    if frame(panel).stretched:
        found.append("each axis has a scale of its own: distances along different axes cannot be compared")
    if panel.method != "pca":
        found.append("only nearness has a meaning here, not the axes, nor the distance between groups far apart")
    mixing = next((one.mixing for one in panel.maps if one.mixing), None)
    if mixing and mixing.sample < count:
        found.append(f"the degree of mixing was measured on {mixing.sample:,} of the points")
    return found


def sentence(panel: Scatter) -> str:
    """The panel in one line, for a terminal, LaTeX and readers who cannot see it."""
    maps = panel.maps
    which = visible(maps[0].name, one_line=True) if len(maps) == 1 else f"{len(maps)} maps"
    parts = [f"{shown(panel)} · {which}"]
    first = said(maps[0])
    return "; ".join([*parts, first] if first else parts)


def said(one: Map) -> str:
    """A map's mixing in one line; empty if it was not measured."""
    if one.mixing is None:
        return ""
    parts = []
    for reading in readings(one.mixing):
        both = [f"{small(reading.layer)} in the layer"] if reading.layer is not None else []
        both += [f"{small(reading.map)} on the map"] if reading.map is not None else []
        both += [f"{small(reading.chance)} by chance"] if reading.chance is not None else []
        parts.append(f"{reading.name} {', '.join(both)}")
    return "; ".join(parts)
