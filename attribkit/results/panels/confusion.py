"""A confusion matrix: how often each true label is given each label."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.results.panels.arrays import ArrayEquality, freeze, frozen_array


@dataclass(frozen=True, eq=False)
class ConfusionMatrix(ArrayEquality):
    """How often each true label is given each label.

    Attributes:
        title: what it shows.
        labels: (C,).
        counts: (C, C) texts, true labels down, predicted ones across.
        order: (C,) the places of the labels as they are drawn; as they are given, if empty.
        notes: sentences a reader must know.
    """

    title: str
    labels: tuple[str, ...]
    counts: NDArray[np.int64]
    order: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    notes: tuple[str, ...] = ()

    kind = "confusion_matrix"

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        object.__setattr__(self, "notes", tuple(self.notes))
        object.__setattr__(self, "counts", frozen_array(self.counts, np.int64, "counts", 2))
        if not len(self.order):
            object.__setattr__(self, "order", np.arange(len(self.labels)))
        freeze(self, order=np.int64)
        size = len(self.labels)
        if self.counts.shape != (size, size) or (self.counts < 0).any():
            raise InputError(
                f"`counts` must hold a number of texts for each pair of {size} labels, got shape {self.counts.shape}"
            )
        if sorted(self.order.tolist()) != list(range(size)):
            raise InputError(f"`order` must hold each place of 0 to {size - 1} once")

    @property
    def shares(self) -> NDArray[np.float64]:
        """(C, C) each cell's part of its true label's texts, 0 to 1."""
        texts = self.counts.sum(1, keepdims=True)
        shares: NDArray[np.float64] = np.divide(self.counts, texts, out=np.zeros(self.counts.shape), where=texts > 0)
        return shares

    def most_confused(self, count: int | None = None) -> list[tuple[int, int]]:
        """The pairs (true, predicted) of different labels that occur, the most frequent first.

        Args:
            count: the most pairs; None for all.
        """
        wrong = self.counts - np.diag(np.diag(self.counts))
        true, predicted = np.nonzero(wrong)
        first = np.lexsort((predicted, true, -self.shares[true, predicted], -wrong[true, predicted]))[:count]
        return list(zip(true[first].tolist(), predicted[first].tolist(), strict=True))
