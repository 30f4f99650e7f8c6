"""The columns of texts and labels in a table: named by the user, or guessed."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from attribkit.data.column_contents import columns_by_content
from attribkit.data.readers import listed
from attribkit.errors import InputError, did_you_mean
from attribkit.text.text_pair import KEYS

TEXT_NAMES = ("text", "review", "sentence", "content", "comment", "body", "message", "tweet", "utterance", "document")
_LABEL_NAMES = ("label", "labels", "sentiment", "class", "category", "target", "polarity", "intent", "topic")
_RATIONALE = "rationale"


@dataclass(frozen=True)
class Columns:
    """The names of the columns to read.

    Attributes:
        text: of the texts.
        label: of the labels; None if the table has none.
        by_elimination: whether the column of the labels was chosen only because it is the other one of two.
        second: of the second texts, where each row is a pair of texts.
    """

    text: str
    label: str | None
    by_elimination: bool = False
    second: str | None = None


def choose_columns(
    columns: Iterable[object],
    text: str | None,
    label: str | None,
    source: str,
    *,
    labelled: bool = True,
    pairs: bool = False,
    content: pd.DataFrame | None = None,
) -> Columns:
    """The columns asked for, or guessed by their names; of two columns one that is known determines the other.

    Args:
        columns: the names of all columns of a table.
        text: the column of the texts that the user named, if any.
        label: the column of the labels that the user named, if any.
        source: what an error's sentence calls the table.
        labelled: whether there must be labels. If not, a single column holds the texts.
        pairs: whether two columns may hold the texts of pairs: those that `text` names as "premise,hypothesis", or, if
            it names none, `text` and `text_pair`.
        content: the table itself, so that the sentence on columns that cannot be guessed can propose some.

    Raises:
        ValueError: if a column is missing, named twice, or cannot be guessed; the sentence names the columns there are.
    """
    names = [str(name) for name in columns]
    text, second = columns_of_pairs(names, text) if pairs else (text, None)
    for option, wanted in (("text", text), ("label", label)):
        if wanted is not None and wanted not in names:
            hint = did_you_mean(wanted, names, f"choose one of them with `{option}`")
            raise InputError(f"{source} has no column {wanted!r}, only {listed(names)}{hint}")
    chosen = {
        "text": text or _known(names, TEXT_NAMES, without=label),
        "label": label or _known(names, _LABEL_NAMES, without=text),
    }
    others = [
        name for name in names if name not in (*chosen.values(), second, _RATIONALE) and not name.startswith("Unnamed:")
    ]
    unknown = [option for option, name in chosen.items() if name is None]
    by_elimination = False
    if len(others) == 1 and (len(unknown) == 1 or (len(unknown) == 2 and not labelled)):
        option = "text" if "text" in unknown else "label"
        chosen[option], by_elimination = others[0], option == "label"
    wanted_columns = [*chosen.items(), *([("text", second)] if second is not None else [])]
    for option, name in wanted_columns:
        if name is None and (labelled or option == "text"):
            proposed = _proposed(content, text, label, option)
            if proposed is not None:
                raise InputError(
                    f"which column of {source} holds the {option}s cannot be told from {listed(names)}; did you mean "
                    f"{proposed}?"
                )
            raise InputError(
                f"which column of {source} holds the {option}s cannot be told from {listed(names)}; name it with "
                f"`{option}` (and begin the file with a line of column names if it has none)"
            )
        if name is not None and names.count(name) > 1:
            raise InputError(f"{source} has {names.count(name)} columns named {name!r}; rename all but one")
    if chosen["text"] == chosen["label"]:
        raise InputError(f"`text` and `label` both name the column {chosen['text']!r} of {source}; name two")
    return Columns(str(chosen["text"]), chosen["label"], by_elimination, second)


def _proposed(content: pd.DataFrame | None, text: str | None, label: str | None, option: str) -> str | None:
    """The columns whose content fits, as they are given; None if there is none for the option."""
    if content is None or row_of_data(content.columns) or not content.columns.is_unique:
        return None
    fit = columns_by_content(content.set_axis(map(str, content.columns), axis=1), text, label)
    columns = {name: column for name, column in zip(("text", "label"), fit, strict=True) if column is not None}
    named = ", ".join(f"`{name}={column!r}`" for name, column in columns.items())
    return named if option in columns else None


def row_of_data(columns: Iterable[object]) -> bool:
    """Whether a table's column names look like a row of data: a long text, or a number, among them."""
    names = [str(name) for name in columns]
    return any(len(re.findall(r"\S+", name)) > 6 or re.fullmatch(r"[-+]?\d+([.,]\d+)?", name.strip()) for name in names)


def columns_of_pairs(names: Sequence[str], text: str | None) -> tuple[str | None, str | None]:
    """The columns of the first and the second texts, where each row is a pair; else `text` itself and None.

    Args:
        names: of all columns.
        text: what the user named: a column, or two as "premise,hypothesis"; None for nothing.
    """
    if text is None:
        return ("text", "text_pair") if set(names) >= KEYS else (None, None)
    first, _, second = text.partition(",")
    first, second = first.strip(), second.strip()
    return (first, second) if text not in names and {first, second} <= set(names) else (text, None)


def _known(names: list[str], known: Sequence[str], without: str | None) -> str | None:
    by_lower = {name.lower(): name for name in reversed(names) if name != without}
    return next((by_lower[name] for name in known if name in by_lower), None)
