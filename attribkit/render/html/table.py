"""A table for the template: words to the left, numbers to the right, bars beside the first cell."""

from functools import cache
from pathlib import Path
from typing import Any

from attribkit.plurals import number_of
from attribkit.render.preparation import palette
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.table import Bars, cells, divided, keyword, numeric
from attribkit.results.panels import Bar, Table

ROWS = 2_000
"""Rows that a page holds; a longer table says how many it leaves out."""

SHORT = 20
"""Characters up to which a cell is kept on one line."""

MOST = 5
"""Columns that stand beside each other on a phone if they are numbers or a few words."""

BRIEF = 12
"""Rows from which on a page's script shows the first ten, and the others on demand."""

LONG = 40
"""Characters from which on a column is one of prose, and is given room."""


def table(panel: Table, context: PanelContext) -> dict[str, Any]:
    """The template's data for one table."""
    rest = len(panel.rows) - ROWS
    lines = cells(panel)[:ROWS]
    kinds = [
        "n" if right else "long" if max((len(line[column]) for line in lines), default=0) > LONG else ""
        for column, right in enumerate(numeric(panel))
    ]
    axis = context.axes.get(id(panel)) or Bars.of(panel)
    rows = []
    for index, row in enumerate(lines):
        shades = panel.shades[index] if panel.shades else (None,) * len(row)
        drawn: list[tuple[tuple[str, str, str], str]] = []
        for column, (cell, kind, shade) in enumerate(zip(row, kinds, shades, strict=True)):
            short = "short" if not kind and len(cell) <= SHORT else ""
            parts = divided(cell, keyword(panel, index, column) if kind != "n" else "")
            missing = "none" if panel.rows[index][column] is None else ""
            drawn.append((parts, " ".join(filter(None, (kind, short, missing, _shade(shade))))))
        rows.append({"cells": drawn, "bar": _bar(panel.bars[index], axis) if panel.bars else None})
    return {
        "script": _script() if len(lines) > BRIEF else "",
        "title": panel.title,
        "columns": list(zip(panel.columns, kinds, strict=True)),
        "prose": "long" in kinds[1:] or (len(kinds) > MOST and not all(kinds[1:])),
        "rows": rows,
        "zero": f"{100 * axis.zero:g}%" if panel.bars else "",
        "notes": [
            *panel.notes,
            *([f"{number_of(rest, 'more row is', 'more rows are')} not shown"] if rest > 0 else []),
        ],
    }


@cache
def _script() -> str:
    return (Path(__file__).parent / "templates" / "table.js").read_text(encoding="utf-8")


def _shade(shade: float | None) -> str:
    # the strongest shades are left out: the number on them must be read
    step = 0 if shade is None else round(0.8 * palette.STEPS * shade)
    return f"w{step}" if step else ""


def _bar(bar: Bar | None, axis: Bars) -> dict[str, str]:
    """The styles of the bar and of its interval."""
    if bar is None:
        return {"side": "", "bar": "", "interval": ""}
    start, end = axis.span(bar)
    interval = ""
    if bar.low is not None and bar.high is not None:
        interval = _style(axis.at(bar.low), axis.at(bar.high))
    return {"side": "towards" if bar.value > 0 else "against", "bar": _style(start, end), "interval": interval}


def _style(start: float, end: float) -> str:
    return f"left:{100 * start:.2f}%;right:auto;width:{100 * (end - start):.2f}%"
