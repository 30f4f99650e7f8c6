"""Which columns hold texts and which labels, judged by what stands in them."""

import re

import pandas as pd

from attribkit.plurals import number_of

MOST_LABELS = 0.34
"""Distinct values of a column of labels, as a share of its rows: with more of them they name rows, not classes."""

_WORDS, _SAMPLE = 2.5, 2_000
"""Mean words from which on a column holds texts; rows that are looked at."""

_IDENTIFIER = re.compile(r"[\w.:/#-]*\d[\w.:/#-]*", re.ASCII)

_FRACTION = re.compile(r"\s*[-+]?\d*[.,]\d+(e[-+]?\d+)?\s*", re.ASCII | re.IGNORECASE)


def columns_by_content(table: pd.DataFrame, text: str | None, label: str | None) -> tuple[str | None, str | None]:
    """The columns that look like texts and like labels, each None if none does; those named stay.

    Args:
        table: whose columns' names are strings, each of them once.
        text: the column of the texts that the user named, if any.
        label: the column of the labels, likewise.
    """
    words = {name: mean_words(table[name]) for name in table.columns}
    texts = [name for name, mean in words.items() if mean >= _WORDS and name != label]
    chosen = text or max(texts, key=words.__getitem__, default=None)
    labels = [name for name in table.columns if name != chosen and _may_be_labels(table[name])]
    return chosen, label or min(labels, key=lambda name: (words[name], different(table[name])), default=None)


def different(column: "pd.Series[object]") -> int:
    """How many different values a column has; cells may be lists, as JSON Lines hold them."""
    return len(set(map(str, column.dropna())))


def names_rows(column: "pd.Series[object]") -> bool:
    """Whether nearly every value occurs once and most look like codes or whole numbers."""
    values = _first(column)
    if len(values) < 4 or len(set(values)) < 0.9 * len(values) or all(map(_FRACTION.fullmatch, values)):
        return False
    return sum(bool(_IDENTIFIER.fullmatch(value.strip())) for value in values) > 0.5 * len(values)


def _may_be_labels(column: "pd.Series[object]") -> bool:
    return 2 <= different(column) <= max(2, MOST_LABELS * column.count()) and not names_rows(column)


def mean_words(column: "pd.Series[object]") -> float:
    """Words of a value, on average; six letters count as one where no space parts them."""
    values = _first(column)
    counts = (words if (words := len(value.split())) > 1 else len(value) / 6 for value in values)
    return sum(counts) / max(len(values), 1)


def _first(column: "pd.Series[object]") -> list[str]:
    """The first values as strings, which pandas' own cannot be: they refuse the lone surrogates that JSON can spell."""
    return [str(value) for value in column.dropna().head(_SAMPLE)]


def looks_like(column: "pd.Series[object]") -> str:
    """What a column looks like, as the end of a sentence that begins with its name."""
    if names_rows(column):
        return "names the rows"
    values = number_of(different(column), "different value")
    return f"has {mean_words(column):.0f} words and {values} in {number_of(len(column), 'row')}"
