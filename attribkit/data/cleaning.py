"""Cleaning: the rows that can be trained on, with a note on everything dropped, guessed or repaired."""

import re
from collections.abc import Mapping
from numbers import Integral, Real

import numpy as np
import pandas as pd

from attribkit.data.columns import Columns, choose_columns
from attribkit.data.readers import SPLITS
from attribkit.errors import InputError, InputTypeError

_SURROGATE = re.compile("[\ud800-\udfff]")


def clean_tables(
    tables: Mapping[str, pd.DataFrame], text: str | None, label: str | None, source: str
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Bring every table to the columns `text` and `label` (both strings) and the others, without unusable rows.

    Args:
        tables: by split.
        text: the column of the texts that the user named, if any.
        label: the column of the labels that the user named, if any.
        source: what a sentence calls the tables.

    Returns:
        the tables, each with a RangeIndex, and one note for each thing guessed, dropped or repaired.

    Raises:
        TypeError: if a text is not a string, or a label neither string nor number.
        ValueError: if columns cannot be found or nothing is left of a table.
    """
    notes: list[str] = []
    counts: dict[str, dict[str, int]] = {kind: {} for kind in _REPORTS}
    cleaned = {}
    for split in (split for split in SPLITS if split in tables):
        place = source if len(tables) == 1 else f"the {split} table of {source}"
        columns = choose_columns(tables[split].columns, text, label, place)
        cleaned[split], counted = _clean(tables[split], columns, place)
        for kind, count in counted.items():
            if count:
                counts[kind][split] = count
        guess = f"Column {columns.text!r} was read as the text and column {columns.label!r} as the label."
        if (columns.text, columns.label) != (text or "text", label or "label") and guess not in notes:
            notes.append(guess)
    for kind, by_split in counts.items():
        if total := sum(by_split.values()):
            parts = ", ".join(f"{split} {count:,}" for split, count in by_split.items())
            rows = "row" if total == 1 else "rows"
            notes.append(_REPORTS[kind].format(rows=f"{total:,} {rows}") + (f" ({parts})." if len(tables) > 1 else "."))
    return cleaned, notes


_REPORTS = {
    "empty": "Dropped {rows} whose text is empty",
    "unlabelled": "Dropped {rows} without a label",
    "surrogates": "Replaced lone surrogates, which are no characters, by U+FFFD in {rows}",
    "stripped": "Removed spaces around the label of {rows}",
}


def _clean(table: pd.DataFrame, columns: Columns, source: str) -> tuple[pd.DataFrame, dict[str, int]]:
    table = table.set_axis([str(name) for name in table.columns], axis=1)
    texts = [_text(value, row, columns.text, source) for row, value in enumerate(table[columns.text].astype(object))]
    column = str(columns.label)
    raw = [label_name(value, row, column, source) for row, value in enumerate(table[column].astype(object))]
    labels = [value and value.strip() for value in raw]
    usable = [row for row, (text, label) in enumerate(zip(texts, labels, strict=True)) if text and label]
    mended = {row: _SURROGATE.sub("\ufffd", text) for row in usable if not _encodable(text := texts[row] or "")}
    counts = {
        "empty": sum(not text for text in texts),
        "unlabelled": sum(bool(text) and not label for text, label in zip(texts, labels, strict=True)),
        "surrogates": len(mended),
        "stripped": sum(raw[row] != labels[row] for row in usable),
    }
    if not usable:
        raise InputError(
            f"no usable row is left of the {len(table):,} in {source}: {counts['empty']:,} have an empty text and "
            f"{counts['unlabelled']:,} no label; check the columns {columns.text!r} and {column!r}"
        )
    result = pd.DataFrame(
        {"text": [mended.get(row, texts[row]) for row in usable], "label": [labels[row] for row in usable]}, dtype="str"
    )
    others = table.drop(columns=[columns.text, column])
    # A column that is not the chosen one but bears its name keeps its values under another.
    others = others.rename(columns={name: f"other_{name}" for name in ("text", "label")})
    return pd.concat([result, others.iloc[usable].reset_index(drop=True)], axis=1), counts


def mended(tables: Mapping[str, pd.DataFrame]) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """The tables without halves of surrogate pairs in their texts, and a note on the rows that had some."""
    count, whole = 0, {}
    for split, table in tables.items():
        broken = [isinstance(cell, str) and not _encodable(cell) for cell in table["text"]]
        count += sum(broken)
        texts = [
            _SURROGATE.sub("\ufffd", cell) if bad else cell for cell, bad in zip(table["text"], broken, strict=True)
        ]
        whole[split] = table.assign(text=pd.Series(texts, dtype=object)) if any(broken) else table
    rows = "row" if count == 1 else "rows"
    return whole, [_REPORTS["surrogates"].format(rows=f"{count:,} {rows}") + "."] if count else []


def _text(value: object, row: int, column: str, source: str) -> str | None:
    """The text as it is, or None where there is none."""
    if isinstance(value, str):
        return value if value.strip() else None
    if is_missing(value):
        return None
    raise InputTypeError(
        f"texts must be strings, but row {row:,} of column {column!r} in {source} holds a {type(value).__name__}; "
        "choose another column with `text` or convert it"
    )


def label_name(value: object, row: int, column: str, source: str) -> str | None:
    """A label's name: integers and whole floats without a point.

    A missing value makes floats of a whole column of integers.
    """
    if isinstance(value, str):
        return value if value.strip() else None
    if is_missing(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        number = float(value)
        return str(int(number)) if number.is_integer() else str(number)
    raise InputTypeError(
        f"labels must be strings or numbers, but row {row:,} of column {column!r} in {source} holds a "
        f"{type(value).__name__}; choose another column with `label`"
    )


def is_missing(value: object) -> bool:
    """Whether a cell holds nothing, as tables say it: None, NaN, NA or NaT."""
    return (
        value is None or value is pd.NA or value is pd.NaT or (isinstance(value, Real) and float(value) != float(value))
    )


def _encodable(text: str) -> bool:
    return text.isascii() or not _SURROGATE.search(text)
