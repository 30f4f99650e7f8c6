"""Cleaning: the rows that can be trained on, with a note on everything dropped, guessed or repaired."""

from collections.abc import Mapping

import pandas as pd

from attribkit.data.columns import Columns, choose_columns
from attribkit.data.label_cells import SURROGATE, Cell, LabelFormat, is_missing
from attribkit.data.readers import SPLITS
from attribkit.errors import InputError, InputTypeError
from attribkit.plurals import number_of
from attribkit.task import Task


def clean_tables(
    tables: Mapping[str, pd.DataFrame],
    text: str | None,
    label: str | None,
    source: str,
    task: str | None = None,
    separator: str | None = None,
) -> tuple[dict[str, pd.DataFrame], list[str], Task]:
    """Bring every table to the columns `text` and `label` and the others, without unusable rows.

    `text` holds strings; `label` strings, with several labels a text tuples of them, for a regression numbers.

    Args:
        tables: by split.
        text: the column of the texts that the user named, if any.
        label: the column of the labels that the user named, if any.
        source: what a sentence calls the tables.
        task: as `attribkit.load_dataset` takes it.
        separator: between several labels in a cell.

    Returns:
        the tables, each with a RangeIndex, one note for each thing guessed, dropped or repaired, and the task.

    Raises:
        TypeError: if a text is not a string, or a label neither string nor number.
        ValueError: if columns cannot be found or nothing is left of a table.
    """
    notes: list[str] = []
    counts: dict[str, dict[str, int]] = {kind: {} for kind in _REPORTS}
    cleaned = {}
    present = [split for split in SPLITS if split in tables]
    places = {split: source if len(tables) == 1 else f"the {split} table of {source}" for split in present}
    named = {
        split: choose_columns(tables[split].columns, text, label, places[split], content=tables[split])
        for split in present
    }
    cells = [tables[split].set_axis(map(str, tables[split].columns), axis=1)[named[split].label] for split in present]
    labels = LabelFormat.of(cells, task, separator, source)
    for split in present:
        columns = named[split]
        cleaned[split], counted = _clean(tables[split], columns, places[split], labels)
        for kind, count in counted.items():
            if count:
                counts[kind][split] = count
        guess = f"Column {columns.text!r} was read as the text and column {columns.label!r} as the label."
        if (columns.text, columns.label) != (text or "text", label or "label") and guess not in notes:
            notes.append(guess)
    for kind, by_split in counts.items():
        if total := sum(by_split.values()):
            parts = ", ".join(f"{split} {count:,}" for split, count in by_split.items())
            notes.append(
                _REPORTS[kind].format(rows=number_of(total, "row")) + (f" ({parts})." if len(tables) > 1 else ".")
            )
    return cleaned, notes, labels.task


_REPORTS = {
    "empty": "Dropped {rows} whose text is empty",
    "unlabelled": "Dropped {rows} without a label",
    "surrogates": "Replaced lone surrogates, which are no characters, by U+FFFD in {rows}",
    "stripped": "Removed spaces around the label of {rows}",
    "none": "None of the labels holds for {rows}",
}


def _clean(
    table: pd.DataFrame, columns: Columns, source: str, labelled: LabelFormat
) -> tuple[pd.DataFrame, dict[str, int]]:
    table = table.set_axis([str(name) for name in table.columns], axis=1)
    texts = [_text(value, row, columns.text, source) for row, value in enumerate(table[columns.text].astype(object))]
    column = str(columns.label)
    raw = table[column].astype(object).tolist()
    labels = [labelled.cell(value, row, column, source) for row, value in enumerate(raw)]
    usable = [row for row, (text, label) in enumerate(zip(texts, labels, strict=True)) if text and label is not None]
    mended = {row: SURROGATE.sub("\ufffd", text) for row in usable if not _encodable(text := texts[row] or "")}
    counts = {
        "empty": sum(not text for text in texts),
        "unlabelled": sum(bool(text) and label is None for text, label in zip(texts, labels, strict=True)),
        "surrogates": len(mended),
        "stripped": sum(isinstance(raw[row], str) and raw[row] != raw[row].strip() for row in usable),
        "none": sum(labels[row] == () for row in usable),
    }
    if not usable:
        raise InputError(
            f"no usable row is left of the {len(table):,} in {source}: {counts['empty']:,} have an empty text and "
            f"{counts['unlabelled']:,} no label; check the columns {columns.text!r} and {column!r}"
        )
    result = pd.DataFrame(
        {
            "text": pd.Series([mended.get(row, texts[row]) for row in usable], dtype="str"),
            "label": label_series([labels[row] for row in usable], labelled.task),
        }
    )
    others = table.drop(columns=[columns.text, column])
    # A column that is not the chosen one but bears its name keeps its values under another.
    others = others.rename(columns={name: f"other_{name}" for name in ("text", "label")})
    return pd.concat([result, others.iloc[usable].reset_index(drop=True)], axis=1), counts


def label_series(cells: list[Cell], task: Task) -> pd.Series:
    """A column of labels: strings, tuples of them, or numbers."""
    return pd.Series(cells, dtype={"multiclass": "str", "multilabel": "object", "regression": "float64"}[task])


def mended(tables: Mapping[str, pd.DataFrame]) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """The tables without halves of surrogate pairs in their texts, and a note on the rows that had some."""
    count, whole = 0, {}
    for split, table in tables.items():
        broken = [isinstance(cell, str) and not _encodable(cell) for cell in table["text"]]
        count += sum(broken)
        texts = [
            SURROGATE.sub("\ufffd", cell) if bad else cell for cell, bad in zip(table["text"], broken, strict=True)
        ]
        whole[split] = table.assign(text=pd.Series(texts, dtype=object)) if any(broken) else table
    return whole, [_REPORTS["surrogates"].format(rows=number_of(count, "row")) + "."] if count else []


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


def _encodable(text: str) -> bool:
    return text.isascii() or not SURROGATE.search(text)
