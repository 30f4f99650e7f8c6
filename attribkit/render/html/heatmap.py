"""A heatmap for the template: columns of cells above the words, the text as it reads, scales, agreement, all values."""

from typing import Any

from attribkit.plurals import number_of
from attribkit.render.html.marks import Mark, between, safe_runs
from attribkit.render.preparation import heatmap as shared
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.numbers import number
from attribkit.render.preparation.spans import spans, words
from attribkit.render.preparation.unicode import is_right_to_left, shorten
from attribkit.results.panels import Heatmap, HeatmapRow

COLUMNS = 600
"""Tokens in the strip; the rest of a longer text is in the table, and the page says so."""

DIFFERENCE = "difference"
"""The row of a comparison that colours no text: what two rows before it differ in."""

TABLE_ROWS = 500
"""Rows of the table of all values; a longer text's table holds the largest and says so."""


def heatmap(panel: Heatmap, context: PanelContext) -> dict[str, Any]:
    """The template's data for one heatmap."""
    written = [shorten(word, 24) or "·" for word in words(context.text, panel)]
    names = shared.shown_names(panel.rows)
    classes = [_classes(panel, row) for row in panel.rows]
    short = len(panel.tokens) <= shared.SHORT

    def cells(token: int) -> list[dict[str, str]]:
        return [
            {"class": kinds[token], "value": shared.value(panel, row, token), "name": name}
            for row, name, kinds in zip(panel.rows, names, classes, strict=True)
        ]

    def column(token: int) -> dict[str, Any]:
        return {"word": written[token], "known": bool(panel.known[token]), "cells": cells(token), "number": token + 1}

    hidden = len(panel.tokens) - COLUMNS
    cut = (
        [
            f"the strip ends here: {number_of(hidden, 'more token follows', 'more tokens follow')}; the text below "
            "shows them all"
        ]
        if hidden > 0
        else []
    )
    return {
        "title": panel.title,
        "names": names,
        "beside": _string("\n".join(names)),
        "beside_narrow": _string("\n".join(str(number) for number in range(1, len(names) + 1))),
        "width": f"{min(22, max((len(name) for name in names), default=0))}ch",
        "columns": [column(token) for token in range(min(COLUMNS, len(panel.tokens)))],
        "short": short,
        "leftwards": context.text is not None and is_right_to_left(context.text),
        "texts": [(names[place], _marks(context.text, panel, place, classes[place])) for place in _coloured(panel)],
        "scales": _scales(panel, names),
        "agreements": shared.agreements(panel),
        "ranks": shared.RANKS,
        "notes": [*cut, *shared.caveats(panel)],
        "table": [column(token) for token in shared.leading(panel, TABLE_ROWS)],
        "tokens": len(panel.tokens),
        "unknown": not panel.known.all(),
    }


def _classes(panel: Heatmap, row: HeatmapRow) -> list[str]:
    """(T,) each cell's colour class: p or n and the step for signed rows, w and the step for weights."""
    letters = "np" if row.signed else "ww"
    return [f"{letters[step > 0]}{abs(step)}" if step else "" for step in shared.steps(panel, row)]


def _string(text: str) -> str:
    """A CSS string of any text: every character but letters and digits by its code."""
    return '"' + "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):x} " for c in text) + '"'


def _coloured(panel: Heatmap) -> list[int]:
    """The rows that colour a text of their own: the first, and all that are compared with it, but not what is left."""
    if not panel.rows[0].signed:
        return [0]
    return [place for place, row in enumerate(panel.rows) if row.signed and row.name != DIFFERENCE]


def _marks(text: str | None, panel: Heatmap, place: int, classes: list[str]) -> list[Mark]:
    """The whole text in order, each token with the colour and the value of one row."""
    marks: list[Mark] = []
    for span in spans(text, panel):
        if span.token is None:
            marks.extend(between(span))
            continue
        known = "" if panel.known[span.token] else " u"
        kind = f" {classes[span.token]}" if classes[span.token] else ""
        joined = " j" if span.joined else ""
        marks.append(
            Mark(safe_runs(span.text), f"t{kind}{known}{joined}", shared.value(panel, panel.rows[place], span.token))
        )
    return marks


def _scales(panel: Heatmap, names: list[str]) -> list[dict[str, Any]]:
    """A scale for each unit, with the rows that share it."""
    units = dict.fromkeys(row.unit for row in panel.rows)
    of_unit = [[place for place, row in enumerate(panel.rows) if row.unit == unit] for unit in units]
    return [_scale(panel, places, [names[place] for place in places]) for places in of_unit]


def _scale(panel: Heatmap, places: list[int], names: list[str]) -> dict[str, Any]:
    row = panel.rows[places[0]]
    low, high = shared.ends(panel, row)
    return {
        "name": ", ".join(names),
        "key": ", ".join(str(place + 1) for place in places),
        "signed": row.signed,
        "low": number(low, high) if low else "0",
        "high": number(high, sign=row.signed),
        "unit": row.unit,
        "flat": high == 0,
    }
