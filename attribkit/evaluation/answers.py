"""What a model says of a whole data set, read forgivingly: a row that cannot be used is listed, not fatal."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.data.intake import Data, Rows
from attribkit.errors import InputError
from attribkit.evaluation.performance import Metrics, counted, measure
from attribkit.evaluation.readable import why_not
from attribkit.models.classifier import NOT_FINITE, Classifier, finite, softmax

_AT_ONCE = 1_000  # texts; the library's encodings hold far more than the ids that are kept of them


@dataclass(frozen=True, eq=False)
class Answers:
    """N texts that the model could read, and what it says of them.

    Attributes:
        labels: (C,) the model's.
        rows: (N,) int64, their places among the rows given, counted from 0.
        texts: (N,).
        ids: (N,) their tokens.
        truth: (N,) int64, the true label's place among `labels`; −1 where it is unknown, or unknown to the model.
        logits: (N, C) float64.
        skipped: the rows that hold no text, or for which the network's outputs are not finite, each with the reason.
        given: how many rows there were.
        measured: the rows that were chosen of the data, by what is known of the model's training.
        named: (N,) the labels as they were given, "" where there is none.
    """

    labels: tuple[str, ...]
    rows: NDArray[np.int64]
    texts: tuple[str, ...]
    ids: tuple[NDArray[np.int64], ...]
    truth: NDArray[np.int64]
    logits: NDArray[np.float64]
    skipped: tuple[tuple[int, str], ...] = ()
    given: int = 0
    measured: Rows | None = None
    named: tuple[str, ...] = ()

    @staticmethod
    def of(
        model: Classifier,
        data: Data,
        *,
        split: str | None = None,
        text: str | None = None,
        label: str | None = None,
        batch_size: int | None = None,
    ) -> "Answers":
        """Read the texts of `data`, chosen as `Rows.of` says, and answer them; the model stays as it is.

        Raises:
            TypeError, ValueError, FileNotFoundError: for data that holds no texts, or none that the model can read.
            RuntimeError: if the network's outputs are NaN or infinite for all of them.
        """
        measured = Rows.of(model, data, split=split, text=text, label=label)
        texts = measured.table["text"].tolist()
        if isinstance(data, pd.DataFrame):
            texts = [one if isinstance(one, str) or not pd.isna(one) else "" for one in texts]
        refused = {row: reason for row, one in enumerate(texts) if (reason := why_not(one))}
        ids = _ids(model, ["" if row in refused else one for row, one in enumerate(texts)])
        refused |= {row: "it holds no token" for row, one in enumerate(ids) if not len(one) and row not in refused}
        rows = [row for row in range(len(texts)) if row not in refused]
        if not rows:
            raise InputError("the data holds no text that the model can read; check the text column")
        logits = model.logits([ids[row] for row in rows], batch_size)
        there = finite(logits)
        refused |= {row: NOT_FINITE for row, ok in zip(rows, there, strict=True) if not ok}
        rows, logits = [row for row in rows if row not in refused], logits[there]
        named = measured.labels
        labels = [named[row] if named else "" for row in rows]
        numbers = measured.table.index.to_numpy(dtype=np.int64)
        places = {name: place for place, name in enumerate(model.labels)}
        return Answers(
            model.labels,
            numbers[rows],
            tuple(texts[row] for row in rows),
            tuple(ids[row] for row in rows),
            np.array([places.get(name, -1) for name in labels], dtype=np.int64),
            logits,
            tuple((int(numbers[row]), reason) for row, reason in sorted(refused.items())),
            len(texts),
            measured,
            tuple(labels),
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on where the texts come from, which were left out and which were seen in training."""
        if self.measured is None:
            return ()
        source, part = self.measured.source, self.measured.part
        whose = f"the texts are {part if part == 'all rows' else f'the {part}'} of {source}"
        return (*([] if source is None else [whose]), *self.measured.notes)

    @property
    def table(self) -> pd.DataFrame | None:
        """The rows behind the texts, with every column of the data; None where they are not known."""
        return None if self.measured is None else self.measured.table.loc[self.rows]

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """(N, C)."""
        return softmax(self.logits)

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """(N,) the likeliest label's place."""
        return self.logits.argmax(1)

    @property
    def confidence(self) -> NDArray[np.float64]:
        """(N,) the likeliest label's probability."""
        return self.probabilities.max(1)

    @property
    def labelled(self) -> NDArray[np.int64]:
        """(M,) the places of the texts whose true label is known."""
        return np.flatnonzero(self.truth >= 0)

    @property
    def right(self) -> NDArray[np.bool_]:
        """(M,) whether the answer is the true label, of those in `labelled`."""
        return self.predicted[self.labelled] == self.truth[self.labelled]

    @property
    def unknown_labels(self) -> tuple[tuple[str, int], ...]:
        """Labels that the model does not know, with the number of rows that carry them, the most frequent first."""
        return tuple(Counter(name for name in self.named if name and name not in self.labels).most_common())

    def true_label(self, place: int) -> str | None:
        """The name of a text's true label, if it is known."""
        return self.labels[self.truth[place]] if self.truth[place] >= 0 else None

    def metrics(self) -> Metrics | None:
        """How often the model is right; None without any true label."""
        if not len(self.labelled):
            return None
        if self.measured is None:
            true, said = self.truth[self.labelled], self.predicted[self.labelled]
            return counted(self.labels, true, said, self.given - len(self.labelled))
        some = np.array([bool(name) for name in self.named])
        return measure(self.labels, np.array(self.named)[some], self.logits[some], self.rows[some], self.measured)


def _ids(model: Classifier, texts: list[str]) -> list[NDArray[np.int64]]:
    return [
        row for first in range(0, len(texts), _AT_ONCE) for row in model.tokenizer.ids(texts[first : first + _AT_ONCE])
    ]
