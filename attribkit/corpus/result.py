"""The result of a run over a corpus."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from attribkit.data.intake import notes_on_training
from attribkit.errors import InputNotFoundError
from attribkit.plurals import by_number, number_of
from attribkit.results.panels import Convergence, Table
from attribkit.results.result import Result

WORD_SUMS = "_words.parquet"


@dataclass(frozen=True, repr=False)
class CorpusRun(Result):
    """The result of a run over a corpus: a folder of Parquet files, and counts.

    Attributes:
        folder: of the result: `part-*.parquet`, one row per text, in the corpus' order.
        rows: in all of them.
        statuses: how many rows have each status; "ok" for those explained.
        convergence: how many of the explanations converged.
        fresh: how many rows this very run explained.
        seconds: how long it took.
        versions: of Python and the packages by which the rows were explained; several if a run mixed them.
        seen: how many of the rows have a text that the model was trained on; None if that is not known.
        provenance: the model, the data and the number of texts.
    """

    about = "Explanations of a corpus"
    heading = "What became of the rows?"

    folder: Path
    rows: int
    statuses: Mapping[str, int]
    convergence: Convergence
    fresh: int
    seconds: float
    versions: tuple[Mapping[str, str], ...]
    seen: int | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on rows that the model was trained on; empty if there are none."""
        return tuple(notes_on_training(self.seen, self.rows))

    @property
    def failed(self) -> int:
        """How many rows were not explained; their status and reason say why."""
        return self.rows - self.statuses.get("ok", 0)

    @property
    def files(self) -> list[Path]:
        """The parts, in order."""
        return sorted(self.folder.glob("part-*.parquet"))

    def words(self) -> Any:
        """The sums of each word's scores, as a pandas table, largest first; see `attribkit.corpus.words`.

        Its `attrs` hold `convergence`, as `Convergence.to_json` writes it, and `notes`.

        Raises:
            FileNotFoundError: if the run was not asked for them.
        """
        path = self.folder / WORD_SUMS
        if not path.is_file():
            raise InputNotFoundError(
                "this run did not sum up words; run it with words=True (--words) in another folder"
            )
        table = pq.read_table(path).to_pandas()
        table.attrs |= {"convergence": self.convergence.to_json(), "notes": self.notes}
        return table

    def to_frame(self) -> pd.DataFrame:
        """One row per status, "ok" first: status, rows, share.

        The explained rows themselves may be more than memory holds: they are in `files`, for `pandas.read_parquet` or
        any other reader of Parquet; `words` sums them up.
        """
        statuses = sorted(self.statuses, key=lambda status: (status != "ok", status))
        rows = [(status, self.statuses[status], self.statuses[status] / self.rows) for status in statuses]
        return pd.DataFrame(rows, columns=["status", "rows", "share"])

    def panels(self) -> tuple[Table, ...]:
        """A table of how many rows have each status, with notes."""
        notes = [self.convergence.sentence, *self.notes]
        if len(self.versions) > 1:
            notes.append(f"the rows were explained under {number_of(len(self.versions), 'different set')} of versions")
        rows = tuple((str(status), int(rows), float(share)) for status, rows, share in self.to_frame().to_numpy())
        return (Table("Rows of the corpus", ("status", "rows", "share"), rows, tuple(notes)),)

    @property
    def _others(self) -> str:
        """The rows that were not explained, by status; empty if there are none."""
        return ", ".join(f"{count:,} {status}" for status, count in self.statuses.items() if status != "ok")

    def answer(self) -> str:
        """How many rows were explained, what became of the others, and how many explanations converged."""
        rest = f"; the others: {self._others}" if self._others else ""
        done = self.statuses.get("ok", 0)
        every = (
            f"All {number_of(self.rows, 'row')}" if done == self.rows else f"{done:,} of {number_of(self.rows, 'row')}"
        )
        return f"{every} are explained{rest}; {self.convergence.sentence}."

    def summary(self) -> str:
        """How many rows were explained, where they are, how many explanations converged, and what this run did."""
        rest = f" ({self._others})" if self._others else ""
        parts = [
            f"{self.statuses.get('ok', 0):,} of {number_of(self.rows, 'row')} "
            f"{by_number(self.statuses.get('ok', 0), 'is', 'are')} explained{rest}, in "
            f"{number_of(len(self.files), 'file')} of the folder {str(self.folder)!r}",
            self.convergence.sentence,
            *self.notes,
            f"this run explained {self.fresh:,} of them in {self.seconds:,.1f} seconds",
        ]
        return "\n".join(parts)

    def __repr__(self) -> str:
        return f"CorpusRun({str(self.folder)!r}, {number_of(self.rows, 'row')}; {self.convergence.sentence})"
