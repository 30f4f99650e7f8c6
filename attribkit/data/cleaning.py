"""Which columns hold the texts and labels, and which rows can be used; what is dropped or guessed is said in a note."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Integral, Real

import numpy as np
import pandas as pd

from attribkit.data.readers import SPLITS, listed
from attribkit.errors import InputError, InputTypeError

TEXT_NAMES = ("text", "review", "sentence", "content", "comment", "body", "message", "tweet", "utterance", "document")
_LABEL_NAMES = ("label", "labels", "sentiment", "class", "category", "target", "polarity", "intent", "topic")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Columns:
    """The names of the columns to read."""

    text: str
    label: str


def choose_columns(table: pd.DataFrame, text: str | None, label: str | None, where: str) -> Columns:
    """Take the columns asked for, or guess them by their names; of two columns one that is known gives the other.

    Raises:
        ValueError: if a column is missing, named twice, or cannot be guessed; the message names the columns there.
    """
    names = [str(name) for name in table.columns]
    for option, wanted in (("text", text), ("label", label)):
        if wanted is not None and wanted not in names:
            near = get_close_matches(wanted, names, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"choose one of them with `{option}`"
            raise InputError(f"{where} has no column {wanted!r}, only {listed(names)}; {hint}")
    chosen = {
        "text": text or _known(names, TEXT_NAMES, without=label),
        "label": label or _known(names, _LABEL_NAMES, without=text),
    }
    others = [name for name in names if name not in chosen.values() and not name.startswith("Unnamed:")]
    for option, found in chosen.items():
        if found is None and len(others) == 1 and len(set(names) & {name for name in chosen.values() if name}) == 1:
            chosen[option] = others[0]
    for option, found in chosen.items():
        if found is None:
            raise InputError(
                f"which column of {where} holds the {option}s cannot be told from {listed(names)}; name it with "
                f"`{option}` (and begin the file with a line of column names if it has none)"
            )
        if names.count(found) > 1:
            raise InputError(f"{where} has {names.count(found)} columns named {found!r}; rename all but one")
    columns = Columns(str(chosen["text"]), str(chosen["label"]))
    if columns.text == columns.label:
        raise InputError(f"`text` and `label` both name the column {columns.text!r} of {where}; name two")
    return columns


def _known(names: list[str], known: Sequence[str], without: str | None) -> str | None:
    by_lower = {name.lower(): name for name in reversed(names) if name != without}
    return next((by_lower[name] for name in known if name in by_lower), None)


def clean_tables(
    tables: Mapping[str, pd.DataFrame], text: str | None, label: str | None, where: str
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Bring every table to the columns `text` and `label` (both strings) and the others, without unusable rows.

    Returns:
        The tables, each with a RangeIndex, and one note for each thing guessed, dropped or mended.

    Raises:
        TypeError: if a text is not a string, or a label neither string nor number.
        ValueError: if columns cannot be found or nothing is left of a table.
    """
    notes: list[str] = []
    counts: dict[str, dict[str, int]] = {kind: {} for kind in _REPORTS}
    cleaned = {}
    for split in (split for split in SPLITS if split in tables):
        place = where if len(tables) == 1 else f"the {split} table of {where}"
        columns = choose_columns(tables[split], text, label, place)
        cleaned[split], found = _clean(tables[split], columns, place)
        for kind, count in found.items():
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


def _clean(table: pd.DataFrame, columns: Columns, where: str) -> tuple[pd.DataFrame, dict[str, int]]:
    table = table.set_axis([str(name) for name in table.columns], axis=1)
    texts = [_text(value, row, columns.text, where) for row, value in enumerate(table[columns.text].astype(object))]
    raw = [_label(value, row, columns.label, where) for row, value in enumerate(table[columns.label].astype(object))]
    labels = [value and value.strip() for value in raw]
    kept = [row for row, (text, label) in enumerate(zip(texts, labels, strict=True)) if text and label]
    mended = {row: _SURROGATE.sub("\ufffd", text) for row in kept if not _encodable(text := texts[row] or "")}
    found = {
        "empty": sum(not text for text in texts),
        "unlabelled": sum(bool(text) and not label for text, label in zip(texts, labels, strict=True)),
        "surrogates": len(mended),
        "stripped": sum(raw[row] != labels[row] for row in kept),
    }
    if not kept:
        raise InputError(
            f"no usable row is left of the {len(table):,} in {where}: {found['empty']:,} have an empty text and "
            f"{found['unlabelled']:,} no label; check the columns {columns.text!r} and {columns.label!r}"
        )
    result = pd.DataFrame(
        {"text": [mended.get(row, texts[row]) for row in kept], "label": [labels[row] for row in kept]}, dtype="str"
    )
    others = table.drop(columns=[columns.text, columns.label])
    # A column that is not the chosen one but bears its name keeps its values under another.
    others = others.rename(columns={name: f"other_{name}" for name in ("text", "label")})
    return pd.concat([result, others.iloc[kept].reset_index(drop=True)], axis=1), found


def _text(value: object, row: int, column: str, where: str) -> str | None:
    """The text as it is, or None where there is none."""
    if isinstance(value, str):
        return value if value.strip() else None
    if _is_missing(value):
        return None
    raise InputTypeError(
        f"texts must be strings, but row {row:,} of column {column!r} in {where} holds a {type(value).__name__}; "
        "choose another column with `text` or convert it"
    )


def _label(value: object, row: int, column: str, where: str) -> str | None:
    """A label's name: integers and whole floats without a point, for a gap among integers makes floats of them all."""
    if isinstance(value, str):
        return value if value.strip() else None
    if _is_missing(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        number = float(value)
        return str(int(number)) if number.is_integer() else str(number)
    raise InputTypeError(
        f"labels must be strings or numbers, but row {row:,} of column {column!r} in {where} holds a "
        f"{type(value).__name__}; choose another column with `label`"
    )


def _is_missing(value: object) -> bool:
    return (
        value is None or value is pd.NA or value is pd.NaT or (isinstance(value, Real) and float(value) != float(value))
    )


def _encodable(text: str) -> bool:
    return text.isascii() or not _SURROGATE.search(text)
