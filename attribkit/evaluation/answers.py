"""What a model says of a whole data set, read forgivingly: a row that cannot be used is listed, not fatal."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.classifier import NOT_FINITE, Classifier, finite, softmax
from attribkit.errors import InputError
from attribkit.evaluation.metrics import Metrics, counted
from attribkit.evaluation.readable import why_not
from attribkit.projector import Data, labelled_texts

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
        left_out: the rows that hold no text, or for which the network's outputs are not finite, each with the reason.
        strange: labels that the model does not know, with the number of rows that carry them.
        given: how many rows there were.
        notes: sentences on where the texts come from.
    """

    labels: tuple[str, ...]
    rows: NDArray[np.int64]
    texts: tuple[str, ...]
    ids: tuple[NDArray[np.int64], ...]
    truth: NDArray[np.int64]
    logits: NDArray[np.float64]
    left_out: tuple[tuple[int, str], ...] = ()
    strange: tuple[tuple[str, int], ...] = ()
    given: int = 0
    notes: tuple[str, ...] = ()

    @staticmethod
    def of(
        model: Classifier,
        data: Data,
        *,
        text: str | None = None,
        label: str | None = None,
        batch_size: int | None = None,
    ) -> "Answers":
        """Read the texts of `data` (as `attribkit.project` takes it) and answer them; the model stays as it is.

        Raises:
            TypeError, ValueError, FileNotFoundError: for data that holds no texts, or none that the model can read.
            RuntimeError: if the network's outputs are NaN or infinite for all of them.
        """
        column = text or "text"
        if isinstance(data, pd.DataFrame) and column in data:  # so that a row without a text keeps its number
            data = data.assign(**{column: data[column].astype(object).where(data[column].notna(), "")})
        found = labelled_texts(data, text=text, label=label)
        texts = list(found.texts)
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
        labels = [found.labels[row] if found.labels else "" for row in rows]
        places = {name: place for place, name in enumerate(model.labels)}
        strange = Counter(name for name in labels if name and name not in places)
        return Answers(
            model.labels,
            np.array(rows, dtype=np.int64),
            tuple(texts[row] for row in rows),
            tuple(ids[row] for row in rows),
            np.array([places.get(name, -1) for name in labels], dtype=np.int64),
            logits,
            tuple(sorted(refused.items())),
            tuple(strange.most_common()),
            len(texts),
            found.notes,
        )

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

    def true_label(self, place: int) -> str | None:
        """The name of a text's true label, if it is known."""
        return self.labels[self.truth[place]] if self.truth[place] >= 0 else None

    def metrics(self) -> Metrics | None:
        """How often the model is right; None without any true label."""
        if not len(self.labelled):
            return None
        return counted(
            self.labels, self.truth[self.labelled], self.predicted[self.labelled], self.given - len(self.labelled)
        )


def _ids(model: Classifier, texts: list[str]) -> list[NDArray[np.int64]]:
    return [
        row for first in range(0, len(texts), _AT_ONCE) for row in model.tokenizer.ids(texts[first : first + _AT_ONCE])
    ]
