"""Every form in which users give texts, as tables with the columns `text` and, if there are any, `label`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.data.cleaning import mended
from attribkit.data.columns import Columns, choose_columns
from attribkit.data.dataset import Dataset
from attribkit.data.label_cells import LabelFormat, is_missing
from attribkit.data.labelled_texts import LabelledTexts
from attribkit.data.readers import SPLITS
from attribkit.data.tables import encodings_of, find_tables
from attribkit.errors import InputError, InputTypeError
from attribkit.progress import Progress
from attribkit.text.text_pair import KEYS, joined_cells

Data: TypeAlias = (
    Dataset
    | LabelledTexts
    | pd.DataFrame
    | Mapping[str, pd.DataFrame]
    | Sequence[str]
    | pd.Series
    | NDArray[Any]
    | str
    | Path
)
"""What public functions take: texts one by one, a table or several by split, or a named set, file or folder."""


@dataclass(frozen=True, eq=False)
class TextTables:
    """The texts of some data, in any form that users have.

    Attributes:
        tables: by split, without splits one, "train"; cells of `text` may be of any kind, "" where there is none;
            `label` holds names, None where there is none. The index counts a table's rows from 0.
        source: the name of a set or file; None for data in memory.
        notes: sentences on what was guessed or repaired.
        listed: whether the texts were given one by one.
    """

    tables: Mapping[str, pd.DataFrame]
    source: str | None = None
    notes: tuple[str, ...] = ()
    listed: bool = False

    @staticmethod
    def of(
        data: Data,
        text: str | None = None,
        label: str | None = None,
        *,
        usual: tuple[str, str] | None = None,
        labels: LabelFormat | None = None,
        inputs: Sequence[str] = (),
        progress: bool | Progress | None = None,
        encoding: str | None = None,
        reads_pairs: bool | None = None,
    ) -> "TextTables":
        """Read the data.

        Args:
            data: in any of its forms. A string is a set's name or a path.
            text: the column of the texts in a table or file; guessed from usual names if not given.
            label: the column of the labels; likewise.
            usual: the columns that are read if none is named and every table has both.
            labels: how those of a model are read; None for strings. A column that would be taken for the labels only
                because it is the other one of two is not, if it holds none of the model's.
            inputs: the names of columns that a model reads beside the text, which are not taken for the labels.
            progress: what is told of a download, as `attribkit.progress.shown` takes it.
            encoding: of a file; None to guess, and say so.
            reads_pairs: whether a model reads pairs, so that two columns may be the texts of pairs; None for no model.

        Raises:
            TypeError: for data of the wrong kind.
            ValueError: for data without texts, or whose column of texts cannot be guessed.
            FileNotFoundError: for a file that does not exist.
        """
        encodings_of(encoding, data)
        if isinstance(data, (str, Path, pd.DataFrame, Mapping)):
            raw = find_tables(data, progress=progress, encoding=encoding)
            tables, notes = _arranged(raw.tables, raw.source, text, label, usual, labels, inputs, reads_pairs)
            source: str | None = None
            if isinstance(data, (str, Path)):
                tables, mending = mended(tables)
                notes, source = [*raw.notes, *notes, *mending], Path(data).name
            notes = [f"{note[0].lower()}{note[1:].rstrip('.')}" for note in notes]
            notes += data.attrs.get("notes", ()) if isinstance(data, pd.DataFrame) else ()
            return TextTables(tables, source, tuple(notes))
        if isinstance(data, Dataset):
            own = {split: table for split in SPLITS if len(table := getattr(data, split))} or {"train": data.train}
            paired = reads_pairs is not None and all(set(table) >= KEYS for table in own.values())
            if text is not None or label is not None or paired:
                text = text or (None if paired else "text")
                own, _ = _arranged(own, data.name, text, label or "label", None, labels, (), reads_pairs)
            elif labels is not None and labels.task != data.task:
                raise InputError(
                    f"the labels of {data.name!r} are {data.task}, the model's {labels.task}; load the data with "
                    f"task={labels.task!r}"
                )
            return TextTables(own, data.name)
        if text is not None or label is not None:
            option = "text" if text is not None else "label"
            raise InputError(
                f"`{option}` names a column, the data are texts without any; give a table, or leave it out"
            )
        if isinstance(data, LabelledTexts):
            columns: dict[str, Any] = {"text": data.texts} | ({"label": data.labels} if data.labels else {})
            return TextTables({"train": pd.DataFrame(columns, dtype=object)}, listed=True)
        return TextTables({"train": pd.DataFrame({"text": listed_texts(data)}, dtype=object)}, listed=True)


def has_columns(data: object) -> bool:
    """Whether data have columns: a table, several by split, a `Dataset` or a `Path`, unlike texts one by one."""
    return isinstance(data, (pd.DataFrame, Mapping, Dataset, Path))


def listed_texts(texts: object) -> list[Any]:
    """Texts in a list, a tuple, a Series or an array, one by one.

    Raises:
        TypeError: for anything else; a single string, a table's column names and a dict's keys are no texts.
    """
    if isinstance(texts, np.ndarray) and texts.ndim != 1:
        raise InputTypeError(f"an array of texts must have one dimension, got shape {texts.shape}; give one column")
    if isinstance(texts, (pd.Series, pd.Index, np.ndarray)):
        return [None if not isinstance(cell, str) and is_missing(cell) else cell for cell in texts.tolist()]
    if isinstance(texts, (str, bytes)) or not isinstance(texts, Sequence):
        raise InputTypeError(
            "`data` must be a Dataset, a table, a list of texts, or a data set's name or path, got "
            f"{type(texts).__name__}; pass list(…) of the texts"
        )
    return list(texts)


def _arranged(
    tables: Mapping[str, pd.DataFrame],
    source: str,
    text: str | None,
    label: str | None,
    usual: tuple[str, str] | None,
    labels: LabelFormat | None,
    inputs: Sequence[str] = (),
    reads_pairs: bool | None = None,
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """The tables with the columns `text` and `label`, every row in its place, and what was guessed."""
    if usual and text is None and label is None and all(set(usual) <= set(table) for table in tables.values()):
        text, label = usual
    notes: list[str] = []
    arranged = {}
    for split in (split for split in SPLITS if split in tables):
        name = source if len(tables) == 1 else f"the {split} table of {source}"
        table = tables[split].set_axis([str(name) for name in tables[split].columns], axis=1)
        candidates = [column for column in table.columns if column not in inputs or column == label]
        columns = choose_columns(
            candidates, text, label, name, labelled=False, pairs=reads_pairs is not None, content=table[candidates]
        )
        if columns.second is not None and not reads_pairs:
            raise InputError(
                "a pair of texts was given, this model reads single ones; name one of the columns "
                f"{columns.text!r} and {columns.second!r} of {name} with `text`"
            )
        if columns.by_elimination and labels is not None and not labels.occur(table[columns.label]):
            columns = replace(columns, label=None)
        arranged[split] = _renamed(table, columns, name, labels or LabelFormat())
        notes += [note for note in _guessed(columns, text, label) if note not in notes]
    return arranged, notes


def _renamed(table: pd.DataFrame, columns: Columns, source: str, labels: LabelFormat) -> pd.DataFrame:
    new = {columns.text: "text"} | ({columns.label: "label"} if columns.label else {})
    # a column that is not the chosen one but bears its name keeps its values under another
    others = {name: f"other_{name}" for name in ("text", "label") if name in table and name not in new}
    renamed = table.rename(columns=others | new).reset_index(drop=True)
    cells = table[columns.text].astype(object).tolist()
    if columns.second is not None:
        cells = list(map(joined_cells, cells, table[columns.second].astype(object)))
    texts = ["" if is_missing(cell) else cell for cell in cells]
    renamed["text"] = pd.Series(texts, dtype=object)
    if columns.label is not None:
        named = enumerate(renamed["label"].astype(object))
        renamed["label"] = pd.Series(
            [labels.cell(cell, row, columns.label, source) for row, cell in named], dtype=object
        )
    return renamed


def _guessed(columns: Columns, text: str | None, label: str | None) -> list[str]:
    guess = f"Column {columns.text!r} was read as the text"
    named = columns.text == (text or "text")
    if columns.second is not None:
        guess, named = f"Columns {columns.text!r} and {columns.second!r} were read as pairs", text is not None
    if columns.label is None:
        return [] if named else [f"{guess}."]
    same = named and columns.label == (label or "label")
    return [] if same else [f"{guess} and column {columns.label!r} as the label."]
