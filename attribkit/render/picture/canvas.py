"""Drawing in points, from the top left, on a matplotlib Figure that pyplot does not know."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Transform

from attribkit.render.picture.fonts import FontSet
from attribkit.render.preparation.palette import Scheme

MARGIN = 30.0
"""Points around everything that is drawn."""

SETTINGS: Any = {
    "text.usetex": False,
    "text.hinting": "none",
    "axes.unicode_minus": True,
    "svg.hashsalt": "attribkit",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "savefig.bbox": None,
    "path.simplify": False,
}
"""What a user's matplotlibrc must not change: the picture of one explanation is the same everywhere."""


@dataclass
class Canvas:
    """Drawing in points, y downwards.

    Attributes:
        width: in points.
        height: in points.
        fonts: those for everything that will be written.
        inks: the colours; of the background `inks.paper`.
    """

    width: float
    height: float
    fonts: FontSet
    inks: Scheme
    dpi: float = 150
    figure: Figure = field(init=False)

    def __post_init__(self) -> None:
        size = (self.width / 72, self.height / 72)
        self.figure = Figure(figsize=size, dpi=self.dpi, facecolor=self.inks.paper, edgecolor="none")
        FigureCanvasAgg(self.figure)

    @cached_property
    def _transform(self) -> Transform:
        return Affine2D().scale(1, -1).translate(0, self.height).scale(1 / 72) + self.figure.dpi_scale_trans

    def text(
        self,
        x: float,
        baseline: float,
        text: str,
        size: float,
        colour: str,
        bold: bool = False,
        align: str = "left",
        label: str = "",
        upright: bool = False,
    ) -> float:
        """Write one line, upright from below if `upright`, and return its width; nothing in it is mathematics."""
        shown = self.fonts.fit(text)
        self.figure.text(
            x,
            baseline,
            shown,
            color=colour,
            ha=align,
            va="baseline",
            rotation=90 if upright else 0,
            rotation_mode="anchor",
            parse_math=False,
            usetex=False,
            transform=self._transform,
            fontproperties=self.fonts.properties(shown, size, bold),
            label=label,
        )
        return self.fonts.width(shown, size, bold)

    def box(
        self, x: float, top: float, width: float, height: float, colour: str, radius: float = 0.0, label: str = ""
    ) -> None:
        """Fill a rectangle, its corners rounded by `radius`."""
        if width <= 0 or height <= 0:
            return
        common: dict[str, Any] = {"facecolor": colour, "edgecolor": "none", "linewidth": 0, "label": label}
        radius = min(radius, width / 2, height / 2)
        if radius == width / 2 == height / 2:
            centre = (x + radius, top + radius)
            patch: Any = Circle(centre, radius, transform=self._transform, **common)
        elif radius:
            style = f"round,pad=0,rounding_size={radius:g}"
            patch = FancyBboxPatch((x, top), width, height, boxstyle=style, transform=self._transform, **common)
        else:
            patch = Rectangle((x, top), width, height, transform=self._transform, **common)
        self.figure.add_artist(patch)

    def line(
        self, x: float, y: float, to_x: float, to_y: float, colour: str, width: float, dotted: bool = False
    ) -> None:
        """Draw a straight line."""
        style: Any = (0, (1, 1.4)) if dotted else "-"
        line = Line2D([x, to_x], [y, to_y], color=colour, linewidth=width, linestyle=style, transform=self._transform)
        line.set_solid_capstyle("butt")
        line.set_dash_capstyle("butt")
        self.figure.add_artist(line)

    def arc(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        rise: tuple[float, float],
        colour: str,
        width: float,
        dashed: bool = False,
    ) -> None:
        """Draw half an ellipse from start to end, which reaches as far as `rise` to the side."""
        round_off = 0.5523  # of four cubic curves that make a circle
        (x, y), (to_x, to_y), (up, down) = start, end, rise
        top = ((x + to_x) / 2 + up, (y + to_y) / 2 + down)
        along = (round_off * (to_x - x) / 2, round_off * (to_y - y) / 2)
        points = [
            start,
            (x + round_off * up, y + round_off * down),
            (top[0] - along[0], top[1] - along[1]),
            top,
            (top[0] + along[0], top[1] + along[1]),
            (to_x + round_off * up, to_y + round_off * down),
            end,
        ]
        style: Any = (0, (7 / max(1.0, width), 4 / max(1.0, width))) if dashed else "-"
        path = Path(points, [Path.MOVETO, *[Path.CURVE4] * 6])
        common: Any = {"facecolor": "none", "edgecolor": colour, "linewidth": width, "linestyle": style, "alpha": 0.85}
        self.figure.add_artist(PathPatch(path, transform=self._transform, capstyle="butt", **common))

    def axes(self, x: float, top: float, width: float, height: float) -> Axes:
        """An empty rectangle with axes of its own, without frame, ticks or labels."""
        bottom = 1 - (top + height) / self.height
        plot = self.figure.add_axes((x / self.width, bottom, width / self.width, height / self.height))
        plot.set_axis_off()
        return plot


@dataclass(frozen=True)
class Block:
    """A part of the picture: its height in points, and how it is drawn from a given top."""

    height: float
    draw: Callable[[Canvas, float], None]


def gap(height: float) -> Block:
    """White space."""
    return Block(height, lambda canvas, top: None)


def stack(canvas: Canvas, blocks: Iterable[Block]) -> None:
    """Draw blocks one below the other, from the upper margin."""
    top = MARGIN
    for block in blocks:
        block.draw(canvas, top)
        top += block.height


def paginated(groups: Iterable[Sequence[Block]], room: float) -> list[list[Block]]:
    """The blocks of each page of `room` points: a group stays together, unless it alone is higher than a page."""
    sheets: list[list[Block]] = [[]]
    used = 0.0
    for group in groups:
        height = sum(block.height for block in group)
        for part in [group] if height <= room else [[block] for block in group]:
            height = sum(block.height for block in part)
            if sheets[-1] and used + height > room:
                sheets.append([])
                used = 0.0
            sheets[-1].extend(part)
            used += height
    return sheets


@contextmanager
def default_style() -> Iterator[None]:
    """Use matplotlib's defaults and `SETTINGS`, whatever the user's matplotlibrc says; restore theirs after."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        yield


def write(figure: Figure, format: str, description: str) -> bytes:
    """The figure as a file's bytes, the same for the same figure: no date, no version, no random id.

    Args:
        figure: what to write.
        format: "png", "svg" or "pdf".
        description: for readers who cannot see the picture, in the file's metadata.
    """
    buffer = io.BytesIO()
    with default_style():
        metadata, paper = _metadata(format, description), figure.get_facecolor()
        figure.savefig(buffer, format=format, dpi=figure.dpi, metadata=metadata, facecolor=paper)
    return buffer.getvalue()


def write_pages(figures: Iterable[Figure], description: str) -> bytes:
    """The figures as the pages of a PDF, the same bytes for the same figures."""
    buffer = io.BytesIO()
    with default_style(), PdfPages(buffer, metadata=_metadata("pdf", description)) as pages:
        for figure in figures:
            pages.savefig(figure, facecolor=figure.get_facecolor())
    return buffer.getvalue()


def _metadata(format: str, description: str) -> dict[str, str | None]:
    metadata: dict[str, dict[str, str | None]] = {
        "png": {"Software": None, "Description": description},
        "svg": {"Date": None, "Creator": None, "Description": description},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None, "Subject": description},
    }
    return metadata[format]
