"""The rows a model was trained on, with their labels; whether they are its own is checked by their texts."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.data.dataset import Dataset
from attribkit.data.intake import NOT_KNOWN, Rows
from attribkit.data.readers import listed
from attribkit.data.split_record import text_hashes
from attribkit.data.text_tables import Data
from attribkit.errors import InputError
from attribkit.models.classifier import Classifier
from attribkit.plurals import number_of
from attribkit.progress import Progress


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """N labelled texts that a model can read.

    Attributes:
        texts: (N,).
        ids: (N,) their tokens.
        labels: (N,) int64, the place of each one's label among the model's.
        rows: (N,) int64, their numbers in the table.
        table: the table itself, for groups by its columns; its index is `rows`.
        notes: sentences that a reader must know.
        source: what the rows are, in a few words.
        own: whether they are the model's own training rows, as far as that is known.
    """

    texts: tuple[str, ...]
    ids: tuple[NDArray[np.int64], ...]
    labels: NDArray[np.int64]
    rows: NDArray[np.int64]
    table: pd.DataFrame
    notes: tuple[str, ...]
    source: str = ""
    own: bool = True

    @staticmethod
    def of(
        model: Classifier,
        data: Data,
        *,
        other_rows: bool = False,
        text: str | None = None,
        label: str | None = None,
        encoding: str | None = None,
        progress: bool | Progress | None = None,
    ) -> "TrainingRows":
        """The training rows among some data: those that the model knows again, or all where it keeps no record.

        Args:
            model: any classifier of one label of several.
            data: as `attribkit.load_dataset` takes it.
            other_rows: whether rows are taken that are not those the model was trained on.
            text: the column of the texts; guessed from usual names if not given.
            label: the column of the labels; likewise.
            encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.
            progress: what is told of a download.

        Raises:
            ValueError: for data without labels, with others than the model's rows, or with fewer than two rows of a
                class.
        """
        check_task(model)
        chosen = Rows.of(model, data, split="all", text=text, label=label, encoding=encoding, progress=progress)
        notes = chosen.reading
        table = data.train if isinstance(data, Dataset) else chosen.table
        if not other_rows:
            table, of_own = _own_rows(model, data, chosen)
            notes = (*of_own, *notes)
        rows = labelled_rows(model, Rows(table, chosen.part, None, chosen.source), notes)
        return replace(rows, source=chosen.source or "unnamed", own=not other_rows)


def check_task(model: Classifier) -> None:
    """Refuse a model that does not choose one of its labels.

    Raises:
        ValueError: for a model of several labels a text, or of a number.
    """
    if model.task != "multiclass":
        raise InputError(
            f"training rows are asked of a model of one label a text, this one is {model.task}; train one that "
            "chooses among labels"
        )


def labelled_rows(model: Classifier, rows: Rows, notes: tuple[str, ...] = ()) -> TrainingRows:
    """The rows that have a text the model can read and a label that it has; a sentence tells of the others.

    Raises:
        ValueError: for data without labels; for fewer than two rows of any class.
    """
    if "label" not in rows.table or not rows.labels:
        if not len(rows.table):
            raise InputError("rows with labels were expected, got an empty table")
        columns = ", ".join(map(str, rows.table.columns))
        raise InputError(f"rows with labels were expected, got only {columns}; name their column with `label`")
    names = rows.labels
    known = np.array([name in model.labels for name in names])
    if not known.any():
        other = sorted({str(name) for name in names if name} or {"none"})
        raise InputError(
            f"no row has a label that the model knows: it knows {listed(model.labels)}, the rows have "
            f"{listed(other, most=5)}; relabel them, or name another column with `label`"
        )
    chosen = rows.only(known)
    read = chosen.tokenised(model.tokenizer)
    if not known.all():
        other = sorted({name or "none" for name, own in zip(names, known.tolist(), strict=True) if not own})
        notes = (
            *notes,
            f"{number_of(int((~known).sum()), 'row was', 'rows were')} left out, whose label is "
            f"{', '.join(map(repr, other[:5]))}",
        )
    own = chosen.labels
    labels = np.array([model.labels.index(own[place]) for place in read.places.tolist()], dtype=np.int64)
    counts = np.bincount(labels, minlength=len(model.labels))
    few = [name for name, count in zip(model.labels, counts.tolist(), strict=True) if count < 2]
    if few:
        raise InputError(
            f"each label needs two rows or more, got {int(counts[model.labels.index(few[0])])} of {few[0]!r}: without "
            "its only row a label could not be learnt; add rows, or train a model without the label"
        )
    return TrainingRows(read.texts, read.ids, labels, read.rows, rows.table, (*notes, *read.notes))


def _own_rows(model: Classifier, data: Data, chosen: Rows) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The rows of the model's training split, and what is to be said of them.

    Raises:
        ValueError: for rows that the model is known not to have been trained on.
    """
    if model.splits is None:
        then = model.provenance.get("data", {}).get("fingerprint")
        if isinstance(data, Dataset):
            if then not in (None, data.fingerprint):
                raise _not_its_own(f"got {data.name!r} with another fingerprint")
            return data.train, (NOT_KNOWN,) if then is None else ()
        return (chosen.table, (NOT_KNOWN,)) if chosen.training is None else (chosen.training, ())
    hashes = text_hashes(chosen.table["text"])
    own = model.splits.holds("train", hashes)
    texts, trained = len(np.unique(hashes[own])), len(model.splits.train)
    if not own.any() or (texts < trained and own.mean() < 0.5):
        raise _not_its_own(f"got {int(own.sum()):,} of them among {len(own):,}")
    part = () if texts == trained else (f"they hold {texts:,} of the {number_of(trained, 'text')} it was trained on",)
    return chosen.table[own], part


def _not_its_own(got: str) -> InputError:
    return InputError(
        f"the rows that the model was trained on were expected, {got}; give its training data, or say other_rows=True "
        "to ask what these would teach it"
    )


def rows_key(model: Classifier, ids: tuple[NDArray[np.int64], ...]) -> str:
    """What tells these texts, read by this model, from any others."""
    digest = hashlib.blake2b(digest_size=16)
    for row in ids:
        digest.update(len(row).to_bytes(8, "little") + np.ascontiguousarray(row).tobytes())
    return f"{model.fingerprint()} {digest.hexdigest()}"
