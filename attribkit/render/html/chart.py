"""A chart for the template, in percent of its plotting area: lines stretch with the page, letters do not."""

from typing import Any

from attribkit.render.preparation import palette
from attribkit.render.preparation.chart import Axis, apart, axes, labels, last, rows
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.numbers import number, position
from attribkit.render.preparation.unicode import visible
from attribkit.results.panels import Chart

TABLE_ROWS = 500
"""Numbers of each line that the table below a chart holds."""
_NARROWEST = 30.0
"""Width in ems of the plot from which on names stand beside lines and marks; on a narrower page they are listed."""
_LETTER, _LONGEST = 0.58, 24
"""A letter's width in ems, on average and generously; letters of a name that are shown."""


def chart(panel: Chart, context: PanelContext) -> dict[str, Any]:
    """The template's data for one chart."""
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
        "ends": max(_width(f"{line['name']} {line['last']}") for line in lines),
        "x_ticks": [(across(tick), horizontal.label(tick)) for tick in horizontal.ticks],
        "y_ticks": [(down(tick), vertical.label(tick)) for tick in vertical.ticks],
        "marks": _marks(panel, horizontal),
    }


def _marks(panel: Chart, horizontal: Axis) -> list[dict[str, Any]]:
    """Their names stand above the plot, in as many rows as keep them from touching."""
    shares = [horizontal.share(x) for _, x in panel.marks]
    widths = [_width(name) / _NARROWEST for name, _ in panel.marks]
    # above its mark, near the plot's ends flush with it: how much of the name lies to the mark's left
    before = [0.0 if share < 0.15 else 1.0 if share > 0.85 else 0.5 for share in shares]
    starts = [share - part * width for share, part, width in zip(shares, before, widths, strict=True)]
    levels = rows([(start, start + width) for start, width in zip(starts, widths, strict=True)])
    return [
        {
            "name": name,
            "place": f"{100 * share:.2f}",
            "before": f"{-100 * part:.0f}",
            "row": row,
            "value": horizontal.label(x),
        }
        for (name, x), share, part, row in zip(panel.marks, shares, before, levels, strict=True)
    ]


def _width(name: str) -> float:
    """In ems, with the space beside it."""
    return 1.4 + _LETTER * min(len(visible(name)), _LONGEST)
