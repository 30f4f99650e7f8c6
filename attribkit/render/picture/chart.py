"""A chart: lines over round axes, each named at its end."""

from collections.abc import Iterator
from dataclasses import dataclass

from matplotlib.axes import Axes

from attribkit.render.picture.canvas import MARGIN, Block, Canvas
from attribkit.render.picture.context import SMALL, DrawContext, clip, title
from attribkit.render.preparation.chart import Axis, apart, axes, labels, last, rows
from attribkit.render.preparation.unicode import visible
from attribkit.results.panels import Chart, Series

_DASHES = ("-", (0, (5, 2.5)), (0, (1, 1.8)), "-", (0, (5, 2.5)), (0, (1, 1.8)))


def chart(panel: Chart, context: DrawContext) -> list[Block]:
    """Its title and its lines."""
    return [title(panel.title, context), _chart(panel, context)]


def texts(panel: Chart, text: str | None) -> Iterator[str]:
    """Everything of the panel that a user may have written and the picture may show."""
    yield from (visible(t) for t in (panel.title, panel.x_label, panel.y_label))
    yield from (visible(series.name) for series in panel.series)
    yield from (visible(name) for name, _ in panel.marks)


def _chart(chart: Chart, context: DrawContext) -> Block:
    """Lines over round axes, each named at its end."""
    horizontal, vertical = axes(chart)
    across, up = labels(chart)
    beside = min(160.0, max(100.0, *(_width(chart, series, context) for series in chart.series)))
    left, right, high = MARGIN + 34.0, context.width - MARGIN - beside - 10, 190.0
    named = _marks(chart, context, horizontal, left, right)
    head = 24.0 + (10 * (1 + max(mark.row for mark in named)) if named else 0)

    def draw(canvas: Canvas, top: float) -> None:
        canvas.text(MARGIN, top + 8, clip(up, context, SMALL, context.inner), SMALL, canvas.inks.muted)
        top += head
        for tick in vertical.ticks:
            y = top + high * (1 - vertical.share(tick))
            canvas.line(left, y, right, y, canvas.inks.faint, 0.7)
            canvas.text(left - 6, y + 2.8, vertical.label(tick), SMALL, canvas.inks.muted, align="right")
        for tick in horizontal.ticks:
            x = left + (right - left) * horizontal.share(tick)
            canvas.text(x, top + high + 13, horizontal.label(tick), SMALL, canvas.inks.muted, align="center")
        canvas.line(left, top + high, right, top + high, canvas.inks.muted, 0.8)
        for mark in named:
            canvas.line(mark.x, top - 3 - 10 * mark.row, mark.x, top + high, canvas.inks.muted, 0.8, dotted=True)
            canvas.text(mark.start, top - 7 - 10 * mark.row, mark.name, SMALL, canvas.inks.muted)
        middle = (left + right) / 2
        name = clip(across, context, SMALL, context.inner)
        canvas.text(middle, top + high + 27, name, SMALL, canvas.inks.muted, align="center")
        plot = canvas.axes(left, top, right - left, high)
        plot.set_zorder(3)  # the lines over their grid
        plot.set_xscale("log" if horizontal.log else "linear")
        plot.set_yscale("log" if vertical.log else "linear")
        plot.set_xlim(horizontal.low, horizontal.high)
        plot.set_ylim(vertical.low, vertical.high)
        _lines(canvas, chart, context, plot, right, top, high, beside)

    return Block(head + high + 36, draw)


def _width(chart: Chart, series: Series, context: DrawContext) -> float:
    """Points that a line's name and its last value take beside each other."""
    name = clip(series.name, context, SMALL, context.width, bold=True)
    return context.fonts.width(name, SMALL, bold=True) + 4 + context.fonts.width(last(chart, series), SMALL)


@dataclass(frozen=True)
class _Mark:
    """A mark's line at x; its name above the plot, beginning at `start`, in a row where it touches no other."""

    name: str
    x: float
    start: float
    row: int


def _marks(chart: Chart, context: DrawContext, horizontal: Axis, left: float, right: float) -> list[_Mark]:
    names = [clip(name, context, SMALL, 150) for name, _ in chart.marks]
    places = [left + (right - left) * horizontal.share(place) for _, place in chart.marks]
    widths = [context.fonts.width(context.fonts.fit(name), SMALL) for name in names]
    starts = [min(max(x - width / 2, left), right - width) for x, width in zip(places, widths, strict=True)]
    levels = rows([(start, start + width + 6) for start, width in zip(starts, widths, strict=True)])
    return [_Mark(*each) for each in zip(names, places, starts, levels, strict=True)]


def _lines(
    canvas: Canvas, chart: Chart, context: DrawContext, plot: Axes, right: float, top: float, high: float, beside: float
) -> None:
    _, vertical = axes(chart)
    drawn = [series for series in chart.series if len(series.x)]
    places = apart([1 - vertical.share(float(series.y[-1])) for series in drawn], 12 / high)
    for index, (series, place) in enumerate(zip(drawn, places, strict=True)):
        colour = canvas.inks.lines[index % len(canvas.inks.lines)]
        dots = len(series.x) <= 60
        plot.plot(
            series.x,
            series.y,
            color=colour,
            linewidth=1.4,
            linestyle=_DASHES[index % len(_DASHES)],
            marker="o" if dots else "",
            markersize=3.2,
            markeredgewidth=0,
            clip_on=False,
            label=f"series {index}",
        )
        y = top + high * place + 3
        value = last(chart, series)
        space = beside - 4 - context.fonts.width(context.fonts.fit(value), SMALL)
        name = clip(series.name, context, SMALL, space, bold=True)
        end = right + 9 + canvas.text(right + 9, y, name, SMALL, colour, bold=True)
        canvas.text(end + 4, y, value, SMALL, colour)
