"""A chart for the template: percentages of its plotting area, so that lines stretch with the page, letters do not."""

from itertools import pairwise
from typing import Any

from attribkit.panels import Chart
from attribkit.render import palette
from attribkit.render.chart import apart, axes, labels, last
from attribkit.render.layout import Context, number, position

TABLE_ROWS = 500
"""Numbers of each line that the table below a chart holds."""


def chart(panel: Chart, context: Context) -> dict[str, Any]:
    """What the template draws of one chart."""
    horizontal, vertical = axes(panel)
    names = labels(panel)

    def across(x: float) -> str:
        return f"{100 * horizontal.share(x):.2f}"

    def down(y: float) -> str:
        return f"{100 * (1 - vertical.share(y)):.2f}"

    lines = []
    ends = [1 - vertical.share(float(series.y[-1])) if len(series.y) else 0.0 for series in panel.series]
    places = apart(ends, 0.085)
    for index, (series, place) in enumerate(zip(panel.series, places, strict=True)):
        pairs = list(zip(series.x.tolist(), series.y.tolist(), strict=True))
        points = [f"{across(x)} {down(y)}" for x, y in pairs]
        lines.append(
            {
                "name": series.name,
                "path": "M" + "L".join(points) if points else "",
                "dots": "".join(f"M{point}h0" for point in points) if len(points) <= 60 else "",
                "place": f"{100 * place:.2f}",
                "colour": index % len(palette.LIGHT.lines),
                "last": last(panel, series),
                "values": [(position(x), number(y, sign=False)) for x, y in pairs[:TABLE_ROWS]],
            }
        )
    return {
        "title": panel.title,
        "x_label": names[0],
        "y_label": names[1],
        "lines": lines,
        # where the page is narrow a name and its number take two lines
        "crowded": any(b - a < 0.17 for a, b in pairwise(sorted(places))),
        "x_ticks": [(across(tick), horizontal.label(tick)) for tick in horizontal.ticks],
        "y_ticks": [(down(tick), vertical.label(tick)) for tick in vertical.ticks],
        "marks": [(name, across(x), horizontal.share(x) > 0.6) for name, x in panel.marks],
    }
