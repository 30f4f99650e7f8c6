"""Which columns hold the texts and the labels, by their names or else by what stands in them, and why."""

from dataclasses import dataclass

import pandas as pd

from attribkit.data.column_contents import columns_by_content, different, looks_like, mean_words, names_rows
from attribkit.data.columns import choose_columns
from attribkit.data.readers import listed
from attribkit.errors import InputError
from attribkit.plurals import by_number


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
        if columns.label is not None and (label is not None or not names_rows(table[columns.label])):
            how = "as named" if text and label else "by its name"
            named = f"the texts are in {columns.text!r}, the labels in {columns.label!r}, {how}"
            return Guess(columns.text, columns.label, (named, *_identifiers(table, {columns.text, columns.label})))
    return _by_content(table, text, label, source)


def _by_content(table: pd.DataFrame, text: str | None, label: str | None, source: str) -> Guess:
    table = table.set_axis(map(str, table.columns), axis=1)
    chosen, target = columns_by_content(table, text, label)
    if chosen is None or target is None or chosen == target:
        looks = "; ".join(f"{name!r} {looks_like(table[name])}" for name in table.columns)
        what = "texts" if chosen is None else "labels"
        raise InputError(
            f"no column of {source} looks like {what}: {looks}; name them with `text` and `label` (and begin the file "
            "with a line of column names if it has none)"
        )
    sentence = (
        f"the texts are in {chosen!r} ({mean_words(table[chosen]):.0f} words on average), the labels in {target!r} "
        f"({different(table[target]):,} different values), by what stands in them"
    )
    return Guess(chosen, target, (sentence, *_identifiers(table, {chosen, target})))


def _identifiers(table: pd.DataFrame, without: set[str]) -> tuple[str, ...]:
    names = [str(name) for name in table.columns if str(name) not in without and names_rows(table[name])]
    does = by_number(len(names), "names the rows and is", "name the rows and are")
    return (f"{listed(names)} {does} not read",) if names else ()
