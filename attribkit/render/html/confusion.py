"""A confusion matrix for the template: only the cells that hold texts, each with its words."""

from math import ceil
from typing import Any

from attribkit.plurals import number_of
from attribkit.render.preparation import confusion as shared
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.unicode import shorten, visible
from attribkit.results.panels import ConfusionMatrix

_SMALLEST, _LARGEST, _WIDE = 4.0, 24.0, 600.0
"""Pixels: a cell of many labels and of few, and what all cells together should take."""

_READABLE = 10.0
"""Pixels of the smallest letters; where cells are smaller, not every label is named."""

_LETTER, _LONGEST = 0.62, 24
"""A letter's width in its size, on average; letters of a label that are shown."""


def confusion_matrix(panel: ConfusionMatrix, context: PanelContext) -> dict[str, Any]:
    """The template's data for one matrix."""
    order = panel.order.tolist()
    cell = min(_LARGEST, max(_SMALLEST, _WIDE / max(1, len(order))))
    letters = min(13.0, max(0.9 * cell, _READABLE))
    apart = ceil(_READABLE / (0.9 * cell))
    names = {place: shorten(panel.labels[order[place]], _LONGEST) or "·" for place in shared.named(panel, apart)}
    side = _LETTER * letters * max(map(len, names.values()), default=0) + 10
    steps, cells = shared.steps(panel), []
    for row, true in enumerate(order):
        for column, predicted in enumerate(order):
            if panel.counts[true, predicted]:
                kind = f"w{steps[row, column]}" + (" right" if true == predicted else "")
                title = visible(shared.sentence(panel, true, predicted), one_line=True)
                cells.append((f"{side + cell * column:.1f}", f"{side + cell * row:.1f}", kind, title))
    return {
        "title": panel.title,
        "size": f"{side + cell * len(order) + 2:.0f}",
        "side": f"{side - 5:.1f}",
        "corner": f"{side:.1f}",
        "frame": f"{cell * len(order):.1f}",
        "cell": f"{cell - 1:.1f}",
        "letters": f"{letters:.1f}",
        "names": [(f"{side + cell * (place + 0.5):.1f}", name) for place, name in names.items()],
        "cells": cells,
        "notes": [shared.MEANING, *shared.naming(panel, apart), *panel.notes],
        "label": f"{panel.title}: {number_of(len(order), 'label')}; the most confused pairs are listed beside it",
    }
