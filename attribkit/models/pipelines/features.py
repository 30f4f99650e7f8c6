"""The features of texts from their n-grams, by the pipeline's own steps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectorMixin
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import Binarizer, MaxAbsScaler, Normalizer, StandardScaler, normalize

_COLUMN_BY_COLUMN = (TfidfTransformer, MaxAbsScaler, StandardScaler, Normalizer, Binarizer, SelectorMixin)
_READ = (CountVectorizer, HashingVectorizer)
Ids = NDArray[np.int64]


class Hidden(Exception):
    """Why a pipeline's features cannot be followed back to places in a text, as a clause."""


@dataclass(frozen=True, eq=False)
class Branch:
    """One vectorizer with the steps behind it, up to where the branches of a union meet.

    Attributes:
        vectorizer: of words or characters.
        steps: the steps behind it.
        weight: by which the union multiplies its features.
    """

    vectorizer: Any
    steps: tuple[Any, ...] = ()
    weight: float = 1.0

    @property
    def width(self) -> int:
        """How many features the vectorizer has."""
        hashing = isinstance(self.vectorizer, HashingVectorizer)
        return int(self.vectorizer.n_features if hashing else len(self.vectorizer.vocabulary_))


class Counted(NamedTuple):
    """How often each of a vectorizer's features occurs in N texts.

    Attributes:
        counts: (N, V) sparse, its columns in order; the signs of a hash are counted.
        entries: (K,) the number of the stored count that each occurrence belongs to.
    """

    counts: Any
    entries: Ids

    @staticmethod
    def of(rows: Ids, columns: Ids, signs: Ids | None, shape: tuple[int, int]) -> "Counted":
        """Of K occurrences: their texts, features and signs, 1 if None."""
        keys = rows * shape[1] + columns
        order = np.argsort(keys)
        ordered = keys[order]
        new = np.append(True, ordered[1:] != ordered[:-1])[: len(keys)]
        entries = np.empty(len(keys), dtype=np.int64)
        entries[order] = np.cumsum(new) - 1
        row_of, column_of = np.divmod(ordered[new], shape[1])
        numbers = np.bincount(entries, signs, len(row_of)).astype(float)
        starts = np.append(0, np.cumsum(np.bincount(row_of, minlength=shape[0])))
        return Counted(sp.csr_matrix((numbers, column_of, starts), shape=shape), entries)


@dataclass(frozen=True, eq=False)
class Values:
    """The features of N texts as the classifier reads them.

    Attributes:
        numbers: (N, V) sparse, for each the number of the stored count that it was made of, from 1.
        values: (N, V) sparse, with numbers at the same places.
    """

    numbers: Any
    values: Any

    def after(self, step: Any) -> "Values":
        """Behind one more step, which neither mixes columns nor moves them."""
        numbers = self.numbers
        if isinstance(step, SelectorMixin):
            numbers = numbers[:, step.get_support(indices=True)]
        return Values(numbers, sp.csr_matrix(step.transform(self.values)))


@dataclass(frozen=True, eq=False)
class Features:
    """The vectorizers of a pipeline, and its steps up to the classifier.

    Attributes:
        branches: those that a union sets side by side; one without a union.
        steps: the steps behind them.
    """

    branches: tuple[Branch, ...]
    steps: tuple[Any, ...]

    @staticmethod
    def of(steps: Sequence[Any]) -> "Features":
        """Of the steps before the classifier.

        Raises:
            Hidden: if a step mixes features, or a vectorizer does not tell what it reads.
        """
        first, *rest = _used(steps)
        return Features(tuple(_branches(first)), _checked(rest))

    def of_counts(self, counted: Sequence[Counted]) -> Values:
        """The features of N texts, from what each branch counts; stored counts are numbered through all branches."""
        parts, before = [], 0
        for branch, (counts, _) in zip(self.branches, counted, strict=True):
            numbers = sp.csr_matrix(
                (np.arange(counts.nnz) + before + 1, counts.indices, counts.indptr), shape=counts.shape
            )
            before += counts.nnz
            part = Values(numbers, _weighted(branch.vectorizer, counts))
            for step in branch.steps:
                part = part.after(step)
            parts.append(Values(part.numbers, part.values * branch.weight))
        together = parts[0]
        if len(parts) > 1:
            numbers, values = (
                sp.hstack(each, format="csr") for each in ([p.numbers for p in parts], [p.values for p in parts])
            )
            together = Values(numbers, values)
        for step in self.steps:
            together = together.after(step)
        numbers, values = together.numbers, together.values
        numbers.sort_indices()
        values.sort_indices()
        if not np.array_equal(numbers.indices, values.indices):  # a step made some 0, as a binarizer does
            values.eliminate_zeros()
            numbers = sp.csr_matrix(numbers.multiply(values != 0))
        return Values(numbers, values)


def _used(steps: Sequence[Any]) -> list[Any]:
    return [step for step in steps if step is not None and not isinstance(step, str)]


def _branches(step: Any, weight: float = 1.0) -> Iterator[Branch]:
    if isinstance(step, FeatureUnion):
        weights = step.transformer_weights or {}
        for name, part in step.transformer_list:
            if part == "passthrough":
                raise Hidden("a union passes the texts on as they are")
            if not isinstance(part, str):
                yield from _branches(part, weight * weights.get(name, 1.0))
    elif isinstance(step, Pipeline):
        first, *rest = _used([part for _, part in step.steps])
        within = list(_branches(first))
        if len(within) > 1:
            raise Hidden("a union stands within a union")
        yield Branch(within[0].vectorizer, (*within[0].steps, *_checked(rest)), weight * within[0].weight)
    else:
        yield Branch(_readable(step), (), weight)


def _readable(step: Any) -> Any:
    if not isinstance(step, _READ):
        raise Hidden(f"{type(step).__name__} is no vectorizer of n-grams")
    if callable(step.analyzer):
        raise Hidden("its analyzer is a function of the user's own, which does not tell where its n-grams stand")
    if step.input != "content":
        raise Hidden(f"it reads texts from a {step.input}")
    return step


def _checked(steps: Sequence[Any]) -> tuple[Any, ...]:
    for step in steps:
        if not isinstance(step, _COLUMN_BY_COLUMN):
            raise Hidden(f"{type(step).__name__} makes new features of the n-grams'")
    return tuple(steps)


def _weighted(vectorizer: Any, counts: Any) -> Any:
    """What the vectorizer makes of counts."""
    values = counts.astype(vectorizer.dtype)
    if vectorizer.binary:
        values.data.fill(1)
    if isinstance(vectorizer, TfidfVectorizer):
        return sp.csr_matrix(vectorizer._tfidf.transform(values, copy=False))
    if isinstance(vectorizer, HashingVectorizer) and vectorizer.norm is not None:
        return normalize(values, norm=vectorizer.norm, copy=False)
    return values
