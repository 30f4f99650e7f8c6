"""The intake of data: which rows a model is measured on, and in which columns they are."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.data.dataset import Dataset
from attribkit.data.held_out import HeldOut
from attribkit.data.label_cells import LabelFormat, is_missing, names_of
from attribkit.data.labelled_texts import LabelledTexts
from attribkit.data.load import load_dataset
from attribkit.data.readable import TokenisedRows, tokenise
from attribkit.data.readers import SPLITS
from attribkit.data.split_record import SplitRecord, text_hashes
from attribkit.data.tables import listed_alone
from attribkit.data.text_tables import Data, TextTables
from attribkit.errors import InputError
from attribkit.plurals import by_number, number_of
from attribkit.progress import Progress
from attribkit.task import Task
from attribkit.text.encoded import TextEncoder
from attribkit.text.text_pair import with_joined_pairs


class HasSplits(Protocol):
    """A model that may know its splits."""

    splits: SplitRecord | None
    provenance: dict[str, Any]
    labels: tuple[str, ...]
    task: Task

    @property
    def other_inputs(self) -> tuple[str, ...]:
        """Columns that it reads beside the text."""
        ...

    @property
    def reads_pairs(self) -> bool:
        """Whether it reads pairs of texts."""
        ...


NOT_KNOWN = "it is not known which of these rows it was trained on"
PARTS = (*SPLITS, "all")


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows that were chosen of some data, with notes on the choice.

    Attributes:
        table: the columns `text`, `label` if there is one, and whatever else; the index counts the rows given from 0.
        part: what they are: "test split", "validation split", "train split", "held-out rows" or "all rows".
        seen: how many of them have a text that the model was trained on; None if that is not known.
        source: the name of a set or file; None for a table or texts in memory.
        notes: sentences on how the data were read, and on rows left out or seen in training.
        training: the rows the model was trained on, if the data hold all of them; of a `Dataset` its training rows.
        reading: those of the notes that say how the data were read: what was guessed or mended.
        trained: (N,) bool, which of the rows have a text that the model was trained on; None if that is not known.
    """

    table: pd.DataFrame
    part: str
    seen: int | None
    source: str | None = None
    notes: tuple[str, ...] = ()
    training: pd.DataFrame | None = None
    reading: tuple[str, ...] = ()
    trained: NDArray[np.bool_] | None = None

    @staticmethod
    def of(
        model: HasSplits | None,
        data: Data,
        *,
        split: str | None = None,
        text: str | None = None,
        label: str | None = None,
        held_out: bool = True,
        encoding: str | None = None,
        progress: bool | Progress | None = None,
    ) -> "Rows":
        """Choose the rows of `data`.

        They are the test split of the data, if there is one, else all rows; without those that the model was trained on
        or that chose its weights, which it recognises by their texts. If none is left: those of its validation split,
        else all. Texts in a list are all taken, for the user chose them one by one.

        Args:
            model: None to take the rows whatever a model knows.
            data: texts in a list, a Series or an array, a table or several by split, a `Dataset`, or a named set, a
                file or a folder. A pair stands for a text as {"text": …, "text_pair": …}.
            split: "train", "validation" or "test" for that part, "all" for every row, also those seen in training.
            text: the column of the texts in a table or file; guessed from usual names if not given. For a model that
                reads pairs two columns as "premise,hypothesis"; `text` and `text_pair` are taken as such if not given.
            label: the column of the labels; likewise.
            held_out: whether rows that the model has seen are left out if no split is asked for.
            encoding: of a file; None to guess, and say so.
            progress: what is told of a download, as `attribkit.progress.shown` takes it.

        Raises:
            TypeError: for data of the wrong kind.
            ValueError: for data without texts, or without such a split.
            FileNotFoundError: for a file that does not exist.
        """
        if split not in (None, *PARTS):
            raise InputError(f"`split` must be one of {', '.join(PARTS)}, got {split!r}")
        tables = tables_for(model, data, text, label, encoding, progress)
        record = None
        if model is not None and held_out:
            record = model.splits or _recomputed_splits(model, data, text, label, encoding)
        choice = HeldOut(tables.tables, record)
        everything = tables.listed or split == "all"
        chosen, part = choice.all() if everything else choice.named(split) if split else choice.held_out()
        seen, validated, trained = None, 0, None
        if record is not None:
            hashes = text_hashes(chosen["text"])
            trained = record.holds("train", hashes)
            seen = int(trained.sum())
            validated = 0 if part == "validation split" else int((record.holds("validation", hashes) & ~trained).sum())
        on_training = () if model is None or not held_out else notes_on_training(seen, len(chosen), validated)
        notes = (*tables.notes, *choice.notes, *on_training)
        own = data.train if isinstance(data, Dataset) and len(data.train) else None
        training = choice.training() if own is None else own
        return Rows(chosen, part, seen, tables.source, notes, training, tables.notes, trained)

    @property
    def texts(self) -> list[Any]:
        """The cells of texts, "" where a table has none."""
        texts: list[Any] = self.table["text"].tolist()
        return texts

    @property
    def numbers(self) -> NDArray[np.int64]:
        """(N,) the rows' numbers among those given."""
        numbers: NDArray[np.int64] = self.table.index.to_numpy(dtype=np.int64)
        return numbers

    @property
    def labels(self) -> list[str]:
        """A name for each row, "" where it is unknown; empty if there is no column of labels, or nothing in it.

        Several labels are one name, "a, b"; numbers have none.
        """
        names = ["" if cell is None or isinstance(cell, float) else ", ".join(names_of(cell)) for cell in self.truth]
        return names if any(names) else []

    @property
    def truth(self) -> list[Any]:
        """What is known of each row: its label, a tuple of the labels that hold, or its number; None for nothing."""
        if "label" not in self.table:
            return [None] * len(self.table)
        return [None if not isinstance(cell, tuple) and is_missing(cell) else cell for cell in self.table["label"]]

    @property
    def origin(self) -> str | None:
        """What the texts are, such as "the test split of demo"; None for texts in memory."""
        return (
            None if self.source is None else f"{'' if self.part == 'all rows' else 'the '}{self.part} of {self.source}"
        )

    def provenance(self, model: str, texts: int) -> dict[str, Any]:
        """What a page says of its figures: the model, the data and how many of its texts were measured."""
        return {"model": model, "data": self.origin or "unnamed", "texts": texts}

    def only(self, mask: NDArray[np.bool_]) -> "Rows":
        """The rows (N,) that are kept, with the same notes."""
        return replace(self, table=self.table[mask], trained=None if self.trained is None else self.trained[mask])

    def trained_on(self, numbers: NDArray[np.int64]) -> NDArray[np.bool_] | None:
        """(M,) whether the model was trained on the rows of these numbers; None if that is not known."""
        if self.trained is None:
            return None
        trained: NDArray[np.bool_] = pd.Series(self.trained, index=self.numbers).loc[numbers].to_numpy()
        return trained

    def tokenised(self, tokenizer: TextEncoder, *, spans: bool = False, refuse: str | None = None) -> TokenisedRows:
        """The rows that a tokenizer can read; see `attribkit.data.readable.tokenise`."""
        return tokenise(tokenizer, self.texts, self.numbers, spans=spans, refuse=refuse)

    def seen_by(self, model: HasSplits) -> list[str]:
        """A sentence on how many rows a model was trained on, which it knows by their texts; none where none were."""
        seen = 0 if model.splits is None else int(model.splits.holds("train", text_hashes(self.table["text"])).sum())
        rows = number_of(len(self.table), "row")
        return [f"{seen:,} of the {rows} {by_number(seen, 'was', 'were')} seen in training"] if seen else []

    def labelled_texts(self) -> LabelledTexts:
        """The texts with their labels and notes."""
        whose = [] if self.origin is None else [f"the texts are {self.origin}"]
        labels = tuple(self.labels)
        return LabelledTexts(tuple(self.texts), labels, (*whose, *self.notes), numbers=tuple(self.numbers.tolist()))

    @property
    def mark(self) -> str | None:
        """The sentence beside every figure if some of the rows measured were seen in training."""
        return f"{self.seen:,} of the {len(self.table):,} rows seen in training" if self.seen else None


def tables_for(
    model: HasSplits | None,
    data: Data,
    text: str | None,
    label: str | None,
    encoding: str | None,
    progress: bool | Progress | None = None,
) -> TextTables:
    """The data as the model reads them, so that its own labels tell their column; arguments and errors of `Rows.of`."""
    if model is None:
        return TextTables.of(data, text, label, progress=progress, encoding=encoding)
    usual = model.provenance.get("split", {})
    tables = TextTables.of(
        with_joined_pairs(data, model.reads_pairs, listed=True),
        text,
        label,
        usual=(usual["text"], usual["label"]) if "text" in usual else None,
        labels=LabelFormat(model.task, usual.get("label_separator"), model.labels),
        inputs=model.other_inputs,
        progress=progress,
        encoding=encoding,
        reads_pairs=model.reads_pairs,
    )
    return replace(tables, tables={name: _joined(table, model) for name, table in tables.tables.items()})


def _joined(table: pd.DataFrame, model: HasSplits) -> pd.DataFrame:
    """The table with every pair in its column of texts as the string that stands for it."""
    cells = table["text"]
    joined = with_joined_pairs(cells, model.reads_pairs)
    return table if joined is cells else table.assign(text=joined)


def all_rows(
    model: HasSplits | None,
    data: Data,
    *,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
) -> Rows:
    """The rows of some data, seen in training or not; a string is one text, not the name of a set.

    Args:
        model: whose labels help to guess the columns; None for none.
        data: as `Rows.of` takes it, but that a string is one text.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        encoding: of a file; None to guess.

    Raises:
        TypeError: as `Rows.of`.
        ValueError: as `Rows.of`; for a string that is the name of a file.
    """
    return Rows.of(model, listed_alone(data), text=text, label=label, encoding=encoding, held_out=False)


def notes_on_training(seen: int | None, rows: int, validated: int = 0) -> list[str]:
    """Sentences on how many rows were seen in training (None: not known) or chose the weights; empty if none were."""
    if seen is None:
        return [NOT_KNOWN]
    measured = number_of(rows, "row measured", "rows measured")
    notes = [f"{seen:,} of the {measured} {by_number(seen, 'was', 'were')} seen in training"] if seen else []
    return notes + ([f"by {validated:,} of the {measured} its weights were chosen"] if validated else [])


def _recomputed_splits(
    model: HasSplits, data: Data, text: str | None, label: str | None, encoding: str | None
) -> SplitRecord | None:
    """The splits of a model that keeps none, if the data are provably those it was trained on; else None."""
    then = model.provenance.get("data", {})
    if isinstance(data, (str, Path)) and then.get("source") == Path(data).name:
        try:
            data = load_dataset(data, text=text, label=label, encoding=encoding)
        except InputError:  # nobody can have been trained on it
            return None
    if isinstance(data, Dataset) and data.fingerprint == then.get("fingerprint"):
        return data.record()
    return None
