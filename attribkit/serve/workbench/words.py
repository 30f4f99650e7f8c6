"""The words of a slice beside those of the rest: how often they occur, and what they do to the model there."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.models.encoded_batch import EncodedBatch
from attribkit.projection.regions import surely_more
from attribkit.serve.workbench.answers import ModelAnswers
from attribkit.serve.workbench.tokens import TokenIndex
from attribkit.views.attribution import Attribution

EXPLAINED = 2_000
"""Texts of a slice that are explained for its words, at most; drawn at random."""

AT_ONCE = 250
"""Texts after which the page is told the words so far."""

REFERENCE = 500
"""Texts of all rows whose explanations stand for the rest, at most."""

SHOWN = 15
"""Words of each list."""

_LEAST = 3  # texts in which a word must occur


class ExplainedRows:
    """The scores of the rows explained so far: each is explained once."""

    def __init__(self, answers: ModelAnswers) -> None:
        self._answers, self._model = answers, answers.model
        self._scores: dict[int, tuple[NDArray[np.int32], NDArray[np.float32]]] = {}
        self.spelt: dict[int, str] = {}
        # of two labels what speaks for the one speaks against the other; of more, each text's own prediction counts
        labels = self._model.labels
        self.target = labels[1] if len(labels) == 2 else None

    def explain(self, rows: Sequence[int]) -> None:
        """Explain those rows that are not; all must have been answered, whose logits are not computed again."""
        new = [row for row in rows if row not in self._scores]
        if not new:
            return
        texts = tuple(self._answers.rows.texts[row] for row in new)
        batch = EncodedBatch(texts, tuple(self._model.encode(texts)), self._answers.logits[new], self._model.also)
        panels = Attribution(self.target, details=False)(self._model, batch)
        for row, encoded, (panel,) in zip(new, batch.encoded, panels, strict=True):
            ids = np.where(encoded.known, encoded.ids, -1).astype(np.int32)
            self._scores[row] = ids, panel.scores.astype(np.float32)
            if not self._model.words:
                self.spelt |= dict(zip(encoded.ids.tolist(), encoded.tokens, strict=True))

    def sums(self, rows: Sequence[int], size: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """(V,) the sum of each id's scores in those of the rows that are explained, and how often it occurs there."""
        parts = [self._scores[row] for row in rows if row in self._scores]
        ids = np.concatenate([np.zeros(0, np.int32), *(part[0] for part in parts)])
        scores = np.concatenate([np.zeros(0, np.float32), *(part[1] for part in parts)])
        known = ids >= 0
        counts: NDArray[np.int64] = np.bincount(ids[known], minlength=size).astype(np.int64)
        sums = np.bincount(ids[known], scores[known].astype(np.float64), size).astype(np.float64)
        return sums, counts


@dataclass(frozen=True, eq=False)
class SliceWords:
    """A slice of which words are wanted.

    Attributes:
        index: which rows hold which words.
        mask: (N,) the rows of the slice that the model can read.
        others: (N,) the other rows that it can read.
        rows: those of the slice that are to be explained, in this order.
        reference: rows of the rest that are to be explained.
    """

    index: TokenIndex
    mask: NDArray[np.bool_]
    others: NDArray[np.bool_]
    rows: tuple[int, ...]
    reference: tuple[int, ...]

    @staticmethod
    def of(index: TokenIndex, mask: NDArray[np.bool_], readable: NDArray[np.bool_]) -> "SliceWords":
        """Draw the rows that are explained, the same at every call."""
        inside, outside = mask & readable, ~mask & readable
        reference = _drawn(np.flatnonzero(readable), REFERENCE)
        return SliceWords(
            index,
            inside,
            outside,
            tuple(_drawn(np.flatnonzero(inside), EXPLAINED).tolist()),
            tuple(row for row in reference.tolist() if outside[row]),
        )

    @cached_property
    def _counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(V,) how many rows of the slice hold each id, and how many of the others."""
        return self.index.text_counts(self.mask), self.index.text_counts(self.others)

    def steps(self) -> list[int]:
        """After how many texts of the slice the words so far are told; the last time the rest is explained too."""
        return [*range(AT_ONCE, len(self.rows), AT_ONCE), len(self.rows)]

    def answer(self, explained: ExplainedRows, upto: int) -> dict[str, Any]:
        """Explain up to so many texts of the slice, and say what `schema.WordsAnswer` has."""
        explained.explain(self.rows[:upto])
        if upto == len(self.rows):
            explained.explain(self.reference)
        size = self.index.size
        inside, outside = self._counts
        sums, counts = explained.sums(self.rows[:upto], size)
        rest_sums, rest_counts = explained.sums(self.reference, size)
        spelt = self.index.spelt or explained.spelt
        surely = surely_more(inside, outside, int(self.mask.sum()), int(self.others.sum()))

        def rows_of(order: NDArray[np.int64], value: NDArray[np.float64]) -> list[dict[str, Any]]:
            shown = (k for k in order.tolist() if inside[k] >= _LEAST and value[k] > 0 and k in spelt)
            return [
                {
                    "word": spelt[k],
                    "inside": int(inside[k]),
                    "outside": int(outside[k]),
                    "score": float(sums[k] / counts[k]) if counts[k] else None,
                    "rest": float(rest_sums[k] / rest_counts[k]) if rest_counts[k] else None,
                }
                for k in islice(shown, SHOWN)
            ]

        return {
            "explained": upto,
            "wanted": len(self.rows),
            "texts": int(self.mask.sum()),
            "target": explained.target or "the predicted label",
            "strongest": rows_of(np.argsort(-np.abs(sums), kind="stable"), np.abs(sums)),
            "frequent": rows_of(np.argsort(-surely, kind="stable"), surely),
        }


def _drawn(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Up to `most` of the rows."""
    return np.random.default_rng(0).permutation(rows)[:most]
