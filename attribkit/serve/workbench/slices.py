"""The rows that a question asks for, their order and their figures."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.evaluation.metrics import Metrics
from attribkit.serve.workbench.answers import ModelAnswers
from attribkit.serve.workbench.rows import DataRows
from attribkit.serve.workbench.schema import Slice
from attribkit.serve.workbench.tokens import TokenIndex

Mask = NDArray[np.bool_]


class SlicedData:
    """The rows of some data, one model's answers to them and, for where they part, another's."""

    def __init__(
        self, rows: DataRows, answers: ModelAnswers, other: ModelAnswers | None, index: Callable[[], TokenIndex]
    ) -> None:
        self._rows, self._answers, self._other, self._index = rows, answers, other, index
        places = {name: place for place, name in enumerate(answers.model.labels)}
        # the labels of the data as the model numbers them
        of_model = np.array([*(places.get(name, -1) for name in rows.names), -1])
        self.truth: NDArray[np.int64] = of_model[rows.label]

    def chosen(self, question: Slice) -> Mask:
        """(N,) which rows meet every condition.

        Raises:
            ValueError: for a word or a label that there is not, or a condition that needs a second model.
        """
        mask = self._apart(question)
        predicted = self._answers.predicted
        if question.label is not None:
            mask &= self._rows.label == _place(self._rows.names, question.label, "label")
        if question.predicted is not None:
            mask &= predicted == _place(self._answers.model.labels, question.predicted, "predicted")
        if question.other_predicted is not None:
            other = self._second()
            mask &= other.predicted == _place(other.model.labels, question.other_predicted, "other_predicted")
        if question.outcome == "differ":
            mask &= self._differ()
        elif question.outcome is not None:
            right = predicted == self.truth
            mask &= (self._rows.label >= 0) & (predicted >= 0) & (right if question.outcome == "right" else ~right)
        return mask

    def _apart(self, question: Slice) -> Mask:
        """The rows that meet the conditions which are none on labels."""
        mask = np.ones(len(self._rows), dtype=bool)
        if question.rows is not None:
            inside = np.array(question.rows, dtype=np.int64)
            mask[:] = False
            mask[inside[inside < len(self._rows)]] = True
        if (question.least, question.most) != (0.0, 1.0):
            sure = self._answers.confidence
            mask &= (self._answers.predicted >= 0) & (sure >= question.least) & (sure <= question.most)
        if question.lasso is not None:
            if self._answers.points is None:
                raise InputError("`lasso` needs the map, which is not there yet; ask again once all rows are predicted")
            mask &= inside_polygon(self._answers.points, np.array(question.lasso))
        if question.word is not None:
            mask &= self._index().holds(question.word)
        if question.search:
            wanted = question.search.lower()
            candidates = np.flatnonzero(mask)
            lower = self._rows.lower
            hits = np.fromiter((wanted in lower[row] for row in candidates.tolist()), dtype=bool, count=len(candidates))
            mask[candidates[~hits]] = False
        return mask

    def _second(self) -> ModelAnswers:
        if self._other is None:
            raise InputError("`outcome` 'differ', `other_predicted` and `difference` need a second model; give `other`")
        return self._other

    def _differ(self) -> Mask:
        other = self._second()
        names = np.array([*self._answers.model.labels, ""])
        others = np.array([*other.model.labels, ""])
        both = (self._answers.predicted >= 0) & (other.predicted >= 0)
        differ: Mask = both & (names[self._answers.predicted] != others[other.predicted])
        return differ

    def ordered(self, mask: Mask, sort: str, descending: bool) -> NDArray[np.int64]:
        """The places of the chosen rows, in order; those alike stay in the data's."""
        rows = np.flatnonzero(mask)
        key = self._key(sort)[rows]
        order = np.argsort(-key if descending else key, kind="stable")
        ordered: NDArray[np.int64] = rows[order]
        return ordered

    def _key(self, sort: str) -> NDArray[Any]:
        if sort == "confidence":
            return self._answers.confidence
        if sort == "length":
            return np.array([len(text) for text in self._rows.texts])
        if sort == "difference":
            return self._difference()
        return {"row": np.arange(len(self._rows)), "label": self._rows.label, "predicted": self._answers.predicted}[
            sort
        ]

    def _difference(self) -> NDArray[np.float32]:
        """(N,) how far the two models' probabilities of the label that the first predicts lie apart."""
        other = self._second()
        column = {name: place for place, name in enumerate(other.model.labels)}
        same = np.array([*(column.get(name, -1) for name in self._answers.model.labels), -1])[self._answers.predicted]
        rows = np.arange(len(same))
        known = (same >= 0) & (other.predicted >= 0)
        apart = np.abs(self._answers.confidence - other.probabilities[rows, same])
        difference: NDArray[np.float32] = np.where(known, apart, 0)
        return difference

    def matrix(self, question: Slice) -> tuple[Sequence[str], NDArray[np.int64]]:
        """The names of the rows of the matrix and its counts (R, C), whatever labels and outcome are asked for.

        Without a second model they are the labels of the data, with one what that predicts.
        """
        names, places = self._rows.names, self._rows.label
        if self._other is not None:
            names, places = self._other.model.labels, self._other.predicted
        mask = self._apart(question) & (places >= 0) & (self._answers.predicted >= 0)
        counts = np.zeros((len(names), len(self._answers.model.labels)), dtype=np.int64)
        np.add.at(counts, (places[mask], self._answers.predicted[mask]), 1)
        return names, counts

    def figures(self, mask: Mask) -> dict[str, Any]:
        """How good the first model is on some rows."""
        labels = self._answers.model.labels
        answered = mask & (self._answers.predicted >= 0)
        known = answered & (self.truth >= 0)
        counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
        np.add.at(counts, (self.truth[known], self._answers.predicted[known]), 1)
        metrics = Metrics(labels, counts)
        return {
            "texts": int(mask.sum()),
            "labelled": metrics.rows,
            "accuracy": metrics.accuracy if metrics.rows else None,
            "macro_f1": metrics.macro["f1"] if metrics.rows else None,
            "confidence": float(self._answers.confidence[answered].mean()) if answered.any() else None,
        }


def inside_polygon(points: NDArray[np.floating], corners: NDArray[np.floating]) -> Mask:
    """(N,) which points (N, 2) lie inside a polygon of corners (K, 2), by the even-odd rule; NaN lies nowhere."""
    x, y = points[:, 0], points[:, 1]
    inside = np.zeros(len(points), dtype=bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, 1, axis=0), strict=True):
        if ay != by:
            inside ^= ((ay > y) != (by > y)) & (x < (bx - ax) * ((y - ay) / (by - ay)) + ax)
    inside &= np.isfinite(points).all(1)
    return inside


def _place(names: Sequence[str], name: str, option: str) -> int:
    if name not in names:
        raise InputError(f"`{option}` must be one of {', '.join(names[:20])}, got {name[:100]!r}")
    return names.index(name)
