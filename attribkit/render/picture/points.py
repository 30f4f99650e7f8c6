"""Points and their markers on a sheet: shuffled or by depth, larger and stronger the fewer there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import atan2, degrees, log10, pi

import matplotlib
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.path import Path
from matplotlib.transforms import IdentityTransform
from numpy.typing import NDArray

from attribkit.render.picture.canvas import Canvas
from attribkit.render.picture.context import SMALL, DrawContext, clip
from attribkit.render.preparation import markers
from attribkit.render.preparation import scatter as geometry
from attribkit.render.preparation.palette import Scheme
from attribkit.render.preparation.unicode import shorten, visible
from attribkit.results.panels import Scatter

VECTORS = 2000
"""Points that an SVG or a PDF holds as shapes; more are a picture within it, so that the file stays small."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class PointStyles:
    """The signs of a panel, in the colours of a scheme.

    Attributes:
        signs: the legend's entries.
        colours: (N, 3) each point's colour.
        shapes: (N,) each point's place among the shapes.
    """

    signs: list[markers.LegendEntry]
    colours: NDArray[np.float64]
    shapes: NDArray[np.int64]

    @classmethod
    def of(cls, panel: Scatter, inks: Scheme) -> "PointStyles":
        """The colours and shapes of a panel's points."""
        signs, places = markers.signs(panel)
        if panel.values is not None and len(panel.values):
            table = _rgb([pair[inks.dark] for pair in markers.ramp()])
            return cls([], table[markers.steps(panel.values)], np.zeros(len(places), dtype=np.int64))
        table = _rgb([colour_of(sign, inks) for sign in signs])
        return cls(signs, table[places], np.array([sign.shape for sign in signs])[places])


def colour_of(sign: markers.LegendEntry, inks: Scheme) -> str:
    """A sign's colour on the scheme's paper."""
    return (markers.REST if sign.colour is None else markers.COLOURS[sign.colour])[inks.dark]


def _rgb(colours: Sequence[str]) -> NDArray[np.float64]:
    return np.array([matplotlib.colors.to_rgb(colour) for colour in colours])


@cache
def _path(shape: int) -> Path:
    return _closed(markers.SHAPES[shape])


def _closed(corners: markers.Polygon) -> Path:
    return Path(np.array([*corners, corners[0]]), closed=True)


def draw_markers(
    plot: Axes,
    places: NDArray[np.float64],
    paths: list[Path],
    radii: NDArray[np.float64],
    colours: NDArray[np.float64],
    paper: str,
) -> PathCollection:
    """Markers in the given order: (N, 2) places, paths, (N,) radii in points, (N, 4) colours, and that of edges."""
    collection = PathCollection(
        paths,
        sizes=(radii**2).tolist(),
        facecolors=colours.tolist(),
        edgecolors=paper if len(places) and radii.max() > 1.5 else "none",
        linewidths=0.35,
        offsets=places,
        offset_transform=plot.transData,
    )
    collection.set_transform(IdentityTransform())
    plot.add_collection(collection, autolim=False)
    return collection


def symbols(canvas: Canvas, spots: Sequence[tuple[float, float]], signs: Sequence[markers.LegendEntry]) -> None:
    """The legend's markers, at spots in points from the sheet's top left."""
    plot = canvas.axes(0, 0, canvas.width, canvas.height)
    plot.set_xlim(0, canvas.width)
    plot.set_ylim(canvas.height, 0)
    colours = np.column_stack([_rgb([colour_of(sign, canvas.inks) for sign in signs]), np.ones(len(signs))])
    paths = [_path(sign.shape) for sign in signs]
    collection = draw_markers(plot, np.array(spots), paths, np.full(len(signs), 3.0), colours, canvas.inks.paper)
    collection.set_label("legend")


def cloud(canvas: Canvas, panel: Scatter, index: int, inks: PointStyles, context: DrawContext, box: Box) -> None:
    """One map in its frame: left, top, width, height in points."""
    left, top, width, height = box
    plot = canvas.axes(*box)
    frame = geometry.frame(panel)
    unit = frame.unit(panel.maps[index].points)
    crowd = log10(max(10.0, len(unit) * (344 / width) ** 2))
    radii = np.full(len(unit), max(0.75, min(2.6, 3.6 - 0.6 * crowd)))
    alpha = np.full(len(unit), max(0.4, min(0.92, 1.25 - 0.2 * crowd)))
    if panel.dimensions == 2:
        plot.set_xlim(0, 1)
        plot.set_ylim(0.5 - frame.height / 2, 0.5 + frame.height / 2)
        order = np.random.default_rng(0).permutation(len(unit))
        places = unit
    else:
        plot.set_xlim(-0.5, 0.5)
        plot.set_ylim(-0.5, 0.5)
        places = geometry.turned(unit)
        near = np.clip((0.87 - places[:, 2]) / 1.74, 0, 1)
        radii, alpha = radii * (0.65 + 0.75 * near), alpha * (0.4 + 0.6 * near)
        order = np.argsort(-places[:, 2], kind="stable")
        places = places[:, :2]
        _cube(plot, panel, context, width)
    colours = np.column_stack([inks.colours, alpha])[order]
    paths = [_path(int(shape)) for shape in inks.shapes[order]]
    collection = draw_markers(plot, places[order], paths, radii[order], colours, canvas.inks.paper)
    collection.set_label(f"map {index}")
    collection.set_rasterized(len(unit) * len(panel.maps) > VECTORS)
    if panel.dimensions == 2:
        for x, y, to_x, to_y in ((0, 0, 1, 0), (0, 1, 1, 1), (0, 0, 0, 1), (1, 0, 1, 1)):
            ends = (left + x * width, top + y * height, left + to_x * width, top + to_y * height)
            canvas.line(*ends, canvas.inks.faint, 0.8)
        if len(panel.maps) == 1:
            _along(plot, (-0.012, 0.5), 90.0, clip(panel.axes[1], context, SMALL, height), context, "bottom")
    _stars(plot, panel, index, frame, places, context, width)


def _along(plot: Axes, place: tuple[float, float], angle: float, text: str, context: DrawContext, side: str) -> None:
    """A name written along a line."""
    shown = context.fonts.fit(visible(text, one_line=True))
    plot.text(
        *place, shown, rotation=angle, rotation_mode="anchor", ha="center", va=side, color=context.inks.muted,
        parse_math=False, usetex=False, fontproperties=context.fonts.properties(shown, SMALL),
    )  # fmt: skip


def _cube(plot: Axes, panel: Scatter, context: DrawContext, width: float) -> None:
    """The edges of the cube, each axis named along its outermost edge."""
    for axis, name in enumerate(panel.axes):
        sides = []
        for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
            ends = np.array([np.insert([a, b], axis, t) for t in (0, 1)], dtype=float)
            (x, y, _), (to_x, to_y, _) = geometry.turned(ends)
            plot.plot([x, to_x], [y, to_y], color=context.inks.faint, linewidth=0.8, zorder=0)
            middle = ((x + to_x) / 2, (y + to_y) / 2)
            sides.append((middle[0] if axis == 2 else middle[1], middle, atan2(to_y - y, to_x - x)))
        if len(panel.maps) > 1:
            continue
        # below for the axes that lie, on the left for the one that stands: there the name crosses no point
        _, place, angle = min(sides)
        angle = (angle + pi / 2) % pi - pi / 2 if axis < 2 else angle % pi
        outward = "bottom" if axis == 2 else "top"
        _along(plot, place, degrees(angle), f" {clip(name, context, SMALL, width * 0.5)} ", context, outward)


def _stars(
    plot: Axes,
    panel: Scatter,
    index: int,
    frame: geometry.Frame,
    places: NDArray[np.float64],
    context: DrawContext,
    width: float,
) -> None:
    """The placed texts with lines to their neighbours; named where there is room."""
    halo: list[patheffects.AbstractPathEffect] = [patheffects.withStroke(linewidth=2.4, foreground=context.inks.paper)]
    for number, text in enumerate(panel.placed):
        unit = frame.unit(text.points[[index]])
        x, y = (unit if panel.dimensions == 2 else geometry.turned(unit))[0, :2]
        for near in text.neighbours.tolist():
            line = ([x, places[near, 0]], [y, places[near, 1]])
            plot.plot(*line, color=context.inks.ink, alpha=0.55, linewidth=0.6, zorder=4)
        star = draw_markers(plot, np.array([[x, y]]), [_closed(markers.STAR)], np.array([7.0 if width > 150 else 4.5]),
                       np.array([matplotlib.colors.to_rgba(context.inks.ink)]), context.inks.paper)  # fmt: skip
        star.set_label(f"star {number}")
        star.set_zorder(6)
        star.set_edgecolor(context.inks.paper)
        star.set_linewidth(1.0)
        if width < 150:
            continue
        shown = context.fonts.fit(shorten(text.excerpt, 28))
        low, high = plot.get_xlim()
        right = x + (14 + context.fonts.width(shown, SMALL, bold=True)) / width * (high - low) < high
        name = plot.annotate(
            shown, (x, y), xytext=(9 if right else -9, -3), textcoords="offset points", ha="left" if right else "right",
            color=context.inks.ink, parse_math=False, usetex=False, zorder=7,
            fontproperties=context.fonts.properties(shown, SMALL, bold=True),
        )  # fmt: skip
        name.set_path_effects(halo)
