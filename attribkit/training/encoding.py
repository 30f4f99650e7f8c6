"""Labelled texts as arrays of token ids, in batches of similar length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.data.readable import tokenise
from attribkit.task import Task
from attribkit.text import batching
from attribkit.text.tokenizer import PAD_ID, Tokenizer
from attribkit.training.objectives import OBJECTIVES

_AT_ONCE = 1_000  # texts, so that no copy of all their ids is made


@dataclass(frozen=True)
class Texts:
    """The texts of one split as token ids, with their labels.

    Attributes:
        ids: N arrays (T,) int64, none empty.
        labels: (N,) int64, each text's label as its place among the labels; with several (N, C) float32, 1 where one
            holds; of a regression (N,) float32.
        dropped: how many texts held no token and were left out.
    """

    ids: Sequence[NDArray[np.int64]]
    labels: NDArray[Any]
    dropped: int

    def __len__(self) -> int:
        return len(self.ids)

    def cropped(self, length: int | None, side: str) -> "Texts":
        """The texts with at most `length` tokens; `side` says which end of a longer one is cut off."""
        if length is None:
            return self
        crop = slice(length) if side == "end" else slice(-length, None)
        return Texts([row[crop] for row in self.ids], self.labels, self.dropped)

    def counts(self, vocabulary: int) -> NDArray[np.int64]:
        """(V,) how often each token occurs."""
        total = np.zeros(vocabulary, dtype=np.int64)
        for start in range(0, len(self.ids), _AT_ONCE):
            total += np.bincount(np.concatenate(self.ids[start : start + _AT_ONCE]), minlength=vocabulary)
        return total


def encode(tokenizer: Tokenizer, table: pd.DataFrame, labels: Sequence[str], task: Task = "multiclass") -> Texts:
    """The texts of a table with the columns `text` and `label`; those without a token are left out and counted."""
    read = tokenise(tokenizer, table["text"], refuse="row")
    of_rows = OBJECTIVES[task].targets(table["label"].tolist(), labels)
    return Texts(read.ids, of_rows[read.places], len(read.skipped))


class Batches:
    """Batches of texts, each as ids (B, T), mask (B, T) and labels (B,) or (B, C); they can be iterated several times.

    Args:
        texts: what to batch.
        batch_size: the most texts in a batch.
        tokens: the most tokens in a batch, padding included.
        seed: shuffles; None orders them by length.
    """

    def __init__(self, texts: Texts, batch_size: int, tokens: int, seed: int | None = None) -> None:
        self._texts = texts
        self._lengths = np.array([_rounded(len(row)) for row in texts.ids])
        self._rows = list(batching.by_length(self._lengths, batch_size, tokens, seed))

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for rows in self._rows:
            ids, mask = batching.pad([self._texts.ids[row] for row in rows], PAD_ID, int(self._lengths[rows].max()))
            yield torch.from_numpy(ids), torch.from_numpy(mask), torch.from_numpy(self._texts.labels[rows])


def _rounded(length: int) -> int:
    """The next of eight lengths per octave: torch keeps megabytes for each shape that it multiplies in bfloat16."""
    step = 1 << max(0, (length - 1).bit_length() - 4)
    return -(-length // step) * step
