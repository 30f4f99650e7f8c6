"""A table for the template: words to the left, numbers to the right."""

from typing import Any

from attribkit.panels import Table
from attribkit.render.layout import Context
from attribkit.render.table import cells, numeric

ROWS = 2_000
"""Rows that a page holds; a longer table says how many it leaves out."""


def table(panel: Table, context: Context) -> dict[str, Any]:
    """What the template draws of one table."""
    rest = len(panel.rows) - ROWS
    return {
        "title": panel.title,
        "columns": list(zip(panel.columns, numeric(panel), strict=True)),
        "rows": [list(zip(row, numeric(panel), strict=True)) for row in cells(panel)[:ROWS]],
        "notes": [*panel.notes, *([f"{rest:,} more rows are not shown"] if rest > 0 else [])],
    }
