"""Pairs for the template: arcs over the sentence, and beside the words on a narrow page; a matrix; the strongest."""

from typing import Any

import numpy as np

from attribkit.render.preparation import pairs as shared
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.pairs import ArcDiagram
from attribkit.render.preparation.spans import words
from attribkit.render.preparation.unicode import shorten
from attribkit.results.panels import Pairs

_LETTER, _LONGEST = 8.6, 18
"""A letter's width in pixels, on average and generously; letters of a word that are shown."""
_WIDEST = 730.0
"""Pixels within which a sentence is set on one line."""
_LINE, _SIDE, _BULGE = 24.0, 160.0, 130.0
"""Pixels: a line of the upright diagram, the words' column, the room for its arcs."""
_CELL = 19


def pairs(panel: Pairs, context: PanelContext) -> dict[str, Any]:
    """The template's data for one panel of pairs."""
    written = [shorten(word, _LONGEST) or "·" for word in words(context.text, panel)]
    diagram = ArcDiagram.of(panel)
    shown = ["⋯" if token is None else written[token] for token in diagram.tokens]
    return {
        "title": panel.title,
        "target": panel.target,
        "legend": shared.legend(panel),
        "meaning": shared.meaning(panel),
        "across": _across(diagram, shown, panel) if diagram.arcs else None,
        "upright": _upright(diagram, shown, panel) if diagram.arcs else None,
        "strongest": [_row(panel, written, i) for i in panel.strongest(shared.ARCS)],
        "matrix": _matrix(panel, written) if 2 <= len(written) <= shared.MATRIX and diagram.arcs else None,
        "verdict": shared.verdict_of(panel),
        "unit": panel.unit,
        "notes": shared.caveats(panel),
    }


def _row(panel: Pairs, written: list[str], i: int) -> dict[str, str]:
    value = float(panel.values[i])
    return {
        "first": written[panel.firsts[i]],
        "second": written[panel.seconds[i]],
        "value": shared.value(panel, value),
        "class": _sign(value),
    }


def _sign(value: float) -> str:
    return "towards" if value > 0 else "against"


def _across(diagram: ArcDiagram, shown: list[str], panel: Pairs) -> dict[str, Any] | None:
    """Words in one line under their arcs; None where they do not fit in one."""
    widths = np.array([_LETTER * len(word) + 12 for word in shown])
    widths += max(0.0, min(36.0, (_WIDEST - widths.sum()) / len(shown)))
    places = widths.cumsum() - widths / 2
    if widths.sum() > _WIDEST or None in diagram.tokens:
        return None
    heights = diagram.heights(places, 150.0)
    ground = max(heights) + 8
    arcs = [
        {
            "d": f"M{places[a.first]:.1f} {ground:.1f}A{(places[a.second] - places[a.first]) / 2:.1f} {height:.1f} "
            f"0 0 1 {places[a.second]:.1f} {ground:.1f}",
            **_line(panel, a, shown),
        }
        for a, height in zip(diagram.arcs, heights, strict=True)
    ]
    labels = [(f"{x:.1f}", f"{ground + 20:.1f}", word) for x, word in zip(places, shown, strict=True)]
    return {"width": f"{widths.sum():.0f}", "height": f"{ground + 30:.0f}", "arcs": arcs, "words": labels}


def _upright(diagram: ArcDiagram, shown: list[str], panel: Pairs) -> dict[str, Any]:
    """Words under one another, their arcs beside them."""
    places = _LINE * np.arange(0.5, len(shown))
    reach = diagram.heights(places, _BULGE)
    arcs = [
        {
            "d": f"M{_SIDE} {places[a.first]:.1f}A{height:.1f} {(places[a.second] - places[a.first]) / 2:.1f} "
            f"0 0 1 {_SIDE} {places[a.second]:.1f}",
            **_line(panel, a, shown),
        }
        for a, height in zip(diagram.arcs, reach, strict=True)
    ]
    labels = [(f"{_SIDE - 8}", f"{y + 5:.1f}", word) for y, word in zip(places, shown, strict=True)]
    width = _SIDE + max(reach) + 8
    return {"width": f"{width:.0f}", "height": f"{_LINE * len(shown):.0f}", "arcs": arcs, "words": labels}


def _line(panel: Pairs, arc: shared.Arc, shown: list[str]) -> dict[str, str]:
    return {
        "class": _sign(arc.value),
        "width": f"{1 + 5 * arc.share:.1f}",
        "title": f"{shown[arc.first]} – {shown[arc.second]}: {shared.value(panel, arc.value)}",
    }


def _matrix(panel: Pairs, written: list[str]) -> dict[str, Any]:
    """Cells by colour class, the words at both sides."""
    side = min(_LONGEST, max(map(len, written))) * _LETTER * 0.82 + 10
    cells, matrix = [], panel.matrix
    for (row, column), step in np.ndenumerate(shared.steps(panel)):
        if row != column:
            title = f"{written[row]} – {written[column]}: {shared.value(panel, float(matrix[row, column]))}"
            kind = f"{'p' if step > 0 else 'n'}{abs(step)}" if step else "z"
            cells.append((f"{side + _CELL * column:.0f}", f"{side + _CELL * row:.0f}", kind, title))
    middles = [f"{side + _CELL * (i + 0.5):.1f}" for i in range(len(written))]
    return {
        "size": f"{side + _CELL * len(written) + 4:.0f}",
        "side": f"{side - 5:.1f}",
        "cell": _CELL - 1,
        "cells": cells,
        "words": list(zip(middles, written, strict=True)),
    }
