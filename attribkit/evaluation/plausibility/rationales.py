"""Rationales: the words that decide a text's label, as spans and as tokens.

A table's column `rationale` holds for each text its spans, a list of `[start, end]` character places, end exclusive;
in a CSV file the same as JSON. None, an empty list or an empty cell means that none is known.
"""

import json
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.text.encoded import Encoded

Spans = list[tuple[int, int]]


def spans_of(cell: Any, text: str, row: Hashable) -> Spans:
    """The spans in a cell of the column.

    Raises:
        ValueError: for what is no list of spans, or for a span outside the text; the sentence names the row.
    """
    if isinstance(cell, str) and cell.strip():
        try:
            cell = json.loads(cell)
        except ValueError as error:
            raise InputError(f"row {row}: a rationale must be a list of [start, end] spans, got {cell!r}") from error
    if cell is None or isinstance(cell, str) or (isinstance(cell, float) and np.isnan(cell)):
        return []
    spans: Spans = []
    if not isinstance(cell, Sequence | np.ndarray):
        raise InputError(f"row {row}: a rationale must be a list of [start, end] spans, got {type(cell).__name__}")
    for span in cell:
        try:
            start, end = (int(place) for place in span)
        except (TypeError, ValueError) as error:
            raise InputError(f"row {row}: each span must be [start, end], got {span!r}") from error
        if not 0 <= start < end <= len(text):
            raise InputError(
                f"row {row}: a span must satisfy 0 ≤ start < end ≤ {len(text)}, the text's length, got [{start}, {end}]"
            )
        spans.append((start, end))
    return spans


def marked(spans: Spans, encoded: Encoded) -> NDArray[np.bool_]:
    """(T,) which tokens a span touches."""
    touched = np.zeros(len(encoded.ids), dtype=bool)
    for start, end in spans:
        touched |= (encoded.starts < end) & (encoded.ends > start)
    return touched
