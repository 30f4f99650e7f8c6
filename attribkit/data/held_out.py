"""Held-out rows: those that a model was not trained on, as far as its record of its splits tells."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.data.readers import SPLITS
from attribkit.data.split_record import SplitRecord, text_hashes
from attribkit.errors import InputError
from attribkit.plurals import by_number, number_of


class HeldOut:
    """The rows of several tables that a model was not trained on, as far as its record of its splits tells.

    Args:
        tables: by split, each with a column `text`; a source without splits is "train" alone.
        record: of the model's splits; None if it is not known.

    Attributes:
        notes: sentences on rows left out, filled by choosing.
    """

    def __init__(self, tables: Mapping[str, pd.DataFrame], record: SplitRecord | None) -> None:
        self.tables, self.record = tables, record
        self.notes: list[str] = []
        self.whole = (
            pd.concat(list(tables.values()), ignore_index=True) if len(tables) > 1 else next(iter(tables.values()))
        )

    def all(self) -> tuple[pd.DataFrame, str]:
        """Every row."""
        return self.whole, "all rows"

    def named(self, split: str) -> tuple[pd.DataFrame, str]:
        """The source's own split without the model's rows of other splits; else the model's split among all rows."""
        own = self.tables.get(split) if len(self.tables) > 1 else None
        base = self.whole if own is None else own
        in_split, _ = self._where(base)
        if own is not None:
            others = np.any([in_split[name] for name in SPLITS if name != split], axis=0)
            return base[in_split[split] | ~others], f"{split} split"
        if not in_split[split].any():
            raise InputError(
                f"the data have no {split} split of their own, and none of their rows is known to be in the model's; "
                "choose all rows with split='all' (--split all)"
            )
        return base[in_split[split]], f"{split} split"

    def held_out(self) -> tuple[pd.DataFrame, str]:
        """The rows to measure if no split was asked for; rows without a text are in no split."""
        base, part = (self.tables["test"], "test split") if "test" in self.tables else (self.whole, "all rows")
        in_split, blank = self._where(base)
        test = in_split["test"]
        trained, validated = in_split["train"] & ~test, in_split["validation"] & ~test
        held = ~(trained | validated)
        if held.all():
            if "test" not in self.tables and "validation" in self.tables:
                self.notes.append("there is no test split, so the validation split was measured")
                return self.tables["validation"], "validation split"
            return base, part
        if (held & ~blank).any():
            self.notes.append(
                f"{len(base) - held.sum():,} of {number_of(len(base), 'row')} "
                f"{by_number(len(base) - held.sum(), 'was', 'were')} left out: the model was trained on "
                f"{trained.sum():,} of them, and its weights were chosen by {validated.sum():,}"
            )
            return base[held], "test split" if test[held & ~blank].all() else "held-out rows"
        if (only := validated & ~trained).any():
            self.notes.append(
                "no row was held out for testing, so the validation split was measured, by which the weights were "
                "chosen"
            )
            return base[only], "validation split"
        self.notes.append("no row was held out, so all rows were measured")
        return base, part

    def training(self) -> pd.DataFrame | None:
        """The model's training rows, if all its training texts are there outside the source's other splits."""
        if self.record is None or "label" not in self.whole:
            return None
        base = self.tables.get("train", self.whole)
        hashes = text_hashes(base["text"])
        if not len(self.record.train) or not np.isin(self.record.train, hashes, kind="sort").all():
            return None
        return base[self.record.holds("train", hashes)].reset_index(drop=True)

    def _where(self, table: pd.DataFrame) -> tuple[dict[str, NDArray[np.bool_]], NDArray[np.bool_]]:
        """(N,) for each of the model's splits, which rows have a text of it; and which rows have no text at all."""
        if self.record is None:
            none = np.zeros(len(table), dtype=bool)
            return dict.fromkeys(SPLITS, none), none
        hashes = text_hashes(table["text"])
        return {split: self.record.holds(split, hashes) for split in SPLITS}, hashes == 0
