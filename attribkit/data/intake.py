"""Which rows of some data a model is measured on: those it was not trained on, as far as that is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.data import Dataset, load_dataset, load_tables
from attribkit.data.labelled_texts import LabelledTexts
from attribkit.data.readers import SPLITS, read_file, table_suffix
from attribkit.data.split_record import SplitRecord, text_hashes
from attribkit.errors import InputError, InputTypeError

Data: TypeAlias = Dataset | LabelledTexts | pd.DataFrame | Sequence[str] | str | Path


class KnowsItsRows(Protocol):
    """A model, as far as it matters which rows it was trained on."""

    splits: SplitRecord | None
    provenance: dict[str, Any]


NOT_KNOWN = "it is not known which of these rows it was trained on"
PARTS = (*SPLITS, "all")


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows that were chosen, and what a reader of their figures must know.

    Attributes:
        table: the columns `text`, `label` if there is one, and whatever else; the index counts the rows given from 0.
        part: what they are: "test split", "validation split", "train split", "held-out rows" or "all rows".
        seen: how many of them have a text that the model was trained on; None where that is not known.
        source: the name of a set or file; None for a table or texts in memory.
        notes: sentences on rows left out or seen in training.
        training: the rows the model was trained on, if the data hold all of them.
    """

    table: pd.DataFrame
    part: str
    seen: int | None
    source: str | None = None
    notes: tuple[str, ...] = ()
    training: pd.DataFrame | None = None

    @staticmethod
    def of(
        model: KnowsItsRows | None,
        data: Data,
        *,
        split: str | None = None,
        text: str | None = None,
        label: str | None = None,
    ) -> "Rows":
        """Choose the rows of `data`.

        The test split that the data bring, else all rows; without those that the model was trained on or whose loss
        chose its weights, which it knows by their texts. If none is left: those of its validation split, else all.
        Texts in a list, chosen one by one, are all taken.

        Args:
            model: None to take the rows without asking what a model knows.
            data: a `Dataset`, a table, a list of texts, or a named set, file or folder.
            split: "train", "validation" or "test" for that part, "all" for every row, whoever has seen it.
            text, label: the columns of a table or file, if they have unusual names.

        Raises:
            TypeError, ValueError, FileNotFoundError: for what holds no texts, or has no such split.
        """
        if split not in (None, *PARTS):
            raise InputError(f"`split` must be one of {', '.join(PARTS)}, got {split!r}")
        listed = not isinstance(data, (Dataset, pd.DataFrame, str, Path))
        tables, found = _tables(data, model, text, label)
        record = None if model is None else model.splits or _recalled(model, data, text, label)
        choice = _Choice(tables, record)
        chosen, part = choice.all() if listed or split == "all" else choice.named(split) if split else choice.held_out()
        if isinstance(data, Dataset):
            source: str | None = data.name
        else:
            source = Path(data).name if isinstance(data, (str, Path)) else None
        seen, validated = None, 0
        if record is not None:
            hashes = text_hashes(chosen["text"])
            trained = record.holds("train", hashes)
            seen = int(trained.sum())
            validated = 0 if part == "validation split" else int((record.holds("validation", hashes) & ~trained).sum())
        notes = (*found, *choice.notes, *([] if model is None else _told(seen, validated, len(chosen))))
        return Rows(chosen, part, seen, source, notes, choice.training())

    @property
    def labels(self) -> list[str]:
        """A name for each row, "" where it is unknown; empty if there is no column of labels, or nothing in it."""
        if "label" not in self.table:
            return []
        found = ["" if pd.isna(one) else str(one) for one in self.table["label"]]
        return found if any(found) else []

    @property
    def mark(self) -> str | None:
        """What stands beside every figure if rows seen in training are among those measured."""
        return f"{self.seen:,} of the {len(self.table):,} rows seen in training" if self.seen else None


class _Choice:
    """Some of the rows of several tables, by what is known of a model's splits."""

    def __init__(self, tables: Mapping[str, pd.DataFrame], record: SplitRecord | None) -> None:
        self.tables, self.record = tables, record
        self.notes: list[str] = []
        self.whole = (
            pd.concat(list(tables.values()), ignore_index=True) if len(tables) > 1 else next(iter(tables.values()))
        )

    def all(self) -> tuple[pd.DataFrame, str]:
        return self.whole, "all rows"

    def named(self, split: str) -> tuple[pd.DataFrame, str]:
        """The source's own split without what the model has in another; else the model's among all rows."""
        own = self.tables.get(split) if len(self.tables) > 1 else None
        base = self.whole if own is None else own
        where = self._where(base)
        if own is not None:
            others = np.any([where[name] for name in SPLITS if name != split], axis=0)
            return base[where[split] | ~others], f"{split} split"
        if not where[split].any():
            raise InputError(
                f"the data have no {split} split of their own, and none of their rows is known to be in the model's; "
                "choose all rows with split='all' (--split all)"
            )
        return base[where[split]], f"{split} split"

    def held_out(self) -> tuple[pd.DataFrame, str]:
        """The rows to measure where nobody asked for a part."""
        base, part = (self.tables["test"], "test split") if "test" in self.tables else (self.whole, "all rows")
        where = self._where(base)
        test = where["test"]
        trained, validated = where["train"] & ~test, where["validation"] & ~test
        held = ~(trained | validated)
        if held.all():
            if "test" not in self.tables and "validation" in self.tables:
                self.notes.append("there is no test split, so the validation split was measured")
                return self.tables["validation"], "validation split"
            return base, part
        if held.any():
            self.notes.append(
                f"{len(base) - held.sum():,} of {len(base):,} rows were left out: the model was trained on "
                f"{trained.sum():,} of them, and its weights were chosen by {validated.sum():,}"
            )
            return base[held], "test split" if test[held].all() else "held-out rows"
        if (only := validated & ~trained).any():
            self.notes.append(
                "no row was held out for testing, so the validation split was measured, by which the weights were "
                "chosen"
            )
            return base[only], "validation split"
        self.notes.append("no row was held out, so all rows were measured")
        return base, part

    def training(self) -> pd.DataFrame | None:
        """The rows the model was trained on, if all of its training texts are there; a source's own others apart."""
        if self.record is None or "label" not in self.whole:
            return None
        base = self.tables.get("train", self.whole)
        hashes = text_hashes(base["text"])
        if not len(self.record.train) or not np.isin(self.record.train, hashes).all():
            return None
        return base[self.record.holds("train", hashes)].reset_index(drop=True)

    def _where(self, table: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
        """(N,) for each of the model's splits, which rows have a text of it."""
        if self.record is None:
            return dict.fromkeys(SPLITS, np.zeros(len(table), dtype=bool))
        hashes = text_hashes(table["text"])
        return {split: self.record.holds(split, hashes) for split in SPLITS}


def _told(seen: int | None, validated: int, rows: int) -> list[str]:
    if seen is None:
        return [NOT_KNOWN]
    notes = [f"{seen:,} of the {rows:,} rows measured were seen in training"] if seen else []
    return notes + ([f"by {validated:,} of the {rows:,} rows measured its weights were chosen"] if validated else [])


def _recalled(model: KnowsItsRows, data: Data, text: str | None, label: str | None) -> SplitRecord | None:
    """The splits of a model that keeps none, where the data are provably those it was trained on; None elsewhere."""
    then = model.provenance.get("data", {})
    if isinstance(data, (str, Path)) and then.get("source") == Path(data).name:
        try:
            data = load_dataset(data, text=text, label=label)
        except InputError:  # nobody can have been trained on it
            return None
    if isinstance(data, Dataset) and data.fingerprint == then.get("fingerprint"):
        return data.record()
    return None


def _tables(
    data: Data, model: KnowsItsRows | None, text: str | None, label: str | None
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """The data's tables by split, with the columns `text` and, if known, `label`; without splits one, "train".

    And sentences on what was guessed, dropped or mended in reading them.
    """
    then = {} if model is None else model.provenance.get("split", {})
    usual = (then["text"], then["label"]) if "text" in then else None
    if isinstance(data, Dataset):
        return {split: table for split in SPLITS if len(table := getattr(data, split))} or {"train": data.train}, []
    if isinstance(data, (str, Path)):
        alone = _texts_alone(Path(data), text) if label is None else None
        if alone is not None:
            return {"train": alone}, []
        tables, notes = load_tables(data, text=text, label=label, usual=usual)
        return tables, [f"{note[0].lower()}{note[1:].rstrip('.')}" for note in notes]
    if isinstance(data, pd.DataFrame):
        if usual and text is None and label is None and "text" not in data and set(usual) <= set(data):
            text, label = usual
        return {"train": _renamed(data, text or "text", label)}, list(data.attrs.get("notes", ()))
    if isinstance(data, LabelledTexts):
        columns: dict[str, Any] = {"text": data.texts} | ({"label": data.labels} if data.labels else {})
        return {"train": pd.DataFrame(columns, dtype=object)}, []
    if not isinstance(data, Sequence):
        raise InputTypeError(
            "`data` must be a Dataset, a table, a list of texts, or a data set's name or path, got "
            f"{type(data).__name__}; pass list(…) of the texts"
        )
    return {"train": pd.DataFrame({"text": list(data)}, dtype=object)}, []


def _texts_alone(path: Path, text: str | None) -> pd.DataFrame | None:
    """A file of nothing but texts, and perhaps rationales; None for any other."""
    if not path.is_file() or table_suffix(path) is None:
        return None
    table = read_file(path)
    others = [str(name) for name in table.columns if name != "rationale"]
    return table.rename(columns={others[0]: "text"}) if len(others) == 1 and text in (None, others[0]) else None


def _renamed(table: pd.DataFrame, text: str, label: str | None) -> pd.DataFrame:
    columns = ", ".join(map(str, table.columns[:10]))
    for name in (text, *([label] if label else [])):
        if name not in table:
            raise InputError(
                f"the table has no column {name!r}, only {columns}; name the right one with `text` or `label`"
            )
    new = {text: "text"} | ({label: "label"} if label else {})
    # a column that is not the chosen one but bears its name keeps its values under another
    others = {name: f"other_{name}" for name in new.values() if name in table and name not in new}
    return table.rename(columns=others | new).reset_index(drop=True)
