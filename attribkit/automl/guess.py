"""Which columns hold the texts and the labels, by what stands in them; and what language the texts are in."""

import re
from dataclasses import dataclass

import pandas as pd

from attribkit.data.columns import choose_columns
from attribkit.data.readers import listed
from attribkit.errors import InputError

MOST_LABELS = 0.34
"""Distinct values of a column of labels, as a share of its rows: with more of them they name rows, not classes."""

_WORDS, _SAMPLE = 2.5, 2_000
"""Mean words from which on a column holds texts; rows that are looked at."""

_IDENTIFIER = re.compile(r"[\w.:/#-]*\d[\w.:/#-]*", re.ASCII)

_FRACTION = re.compile(r"\s*[-+]?\d*[.,]\d+(e[-+]?\d+)?\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Guess:
    """The columns chosen, with sentences that say why.

    Attributes:
        text: the column of the texts.
        label: the column of the labels.
        sentences: what was guessed, and by what.
    """

    text: str
    label: str
    sentences: tuple[str, ...]


def guess_columns(table: pd.DataFrame, text: str | None, label: str | None, source: str) -> Guess:
    """The columns that the user named, else those with usual names, else those whose content fits.

    Raises:
        ValueError: if no column fits; the sentence says what each looks like.
    """
    try:
        columns = choose_columns(table.columns, text, label, source)
    except InputError:
        if any(wanted is not None and wanted not in map(str, table.columns) for wanted in (text, label)):
            raise
    else:
        if columns.label is not None and (label is not None or not _names_rows(table[columns.label])):
            how = "as named" if text and label else "by its name"
            named = f"the texts are in {columns.text!r}, the labels in {columns.label!r}, {how}"
            return Guess(columns.text, columns.label, (named, *_identifiers(table, {columns.text, columns.label})))
    return _by_content(table, text, label, source)


def _by_content(table: pd.DataFrame, text: str | None, label: str | None, source: str) -> Guess:
    head = table.head(_SAMPLE)
    words = {str(name): _mean_words(head[name]) for name in table.columns}
    texts = [name for name, mean in words.items() if mean >= _WORDS and name != label]
    chosen = text or max(texts, key=words.__getitem__, default=None)
    labels = [str(name) for name in table.columns if str(name) != chosen and _may_be_labels(table[name])]
    target = label or min(labels, key=lambda name: (words[name], table[name].nunique()), default=None)
    if chosen is None or target is None or chosen == target:
        looks = "; ".join(f"{name!r} {_looks_like(table[name])}" for name in map(str, table.columns))
        what = "texts" if chosen is None else "labels"
        raise InputError(
            f"no column of {source} looks like {what}: {looks}; name them with `text` and `label` (and begin the file "
            "with a line of column names if it has none)"
        )
    sentence = (
        f"the texts are in {chosen!r} ({words[chosen]:.0f} words on average), the labels in {target!r} "
        f"({table[target].nunique():,} different values), by what stands in them"
    )
    return Guess(chosen, target, (sentence, *_identifiers(table, {chosen, target})))


def _identifiers(table: pd.DataFrame, without: set[str]) -> tuple[str, ...]:
    names = [str(name) for name in table.columns if str(name) not in without and _names_rows(table[name])]
    return (f"{listed(names)} names the rows and is not read",) if names else ()


def _names_rows(column: "pd.Series[object]") -> bool:
    """Whether nearly every value occurs once and most look like codes or whole numbers."""
    values = column.dropna().astype(str).head(_SAMPLE)
    if len(values) < 4 or values.nunique() < 0.9 * len(values) or values.str.fullmatch(_FRACTION).all():
        return False
    return float(values.map(lambda value: bool(_IDENTIFIER.fullmatch(value.strip()))).mean()) > 0.5


def _may_be_labels(column: "pd.Series[object]") -> bool:
    values = column.dropna()
    return 2 <= values.nunique() <= max(2, MOST_LABELS * len(values)) and not _names_rows(column)


def _mean_words(column: "pd.Series[object]") -> float:
    values = column.dropna().astype(str)
    counts = values.str.count(r"\S+")
    letters = values.str.len()
    return float(counts.where(counts > 1, letters / 6).mean()) if len(values) else 0.0


def _looks_like(column: "pd.Series[object]") -> str:
    if _names_rows(column):
        return "names the rows"
    return f"has {_mean_words(column):.0f} words and {column.nunique():,} different values in {len(column):,} rows"
