"""The features of texts from their n-grams, by the pipeline's own steps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectorMixin
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import Binarizer, MaxAbsScaler, Normalizer, StandardScaler, normalize

from attribkit.models.pipelines.occurrences import Block

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


@dataclass(frozen=True, eq=False)
class Values:
    """The features of N texts, and how often each was counted; the same places of both hold a number.

    Attributes:
        counts: (N, V) sparse, how often each n-gram was counted.
        values: (N, V) sparse, what the classifier reads.
        kept: (V,) each column's number among all columns of all vectorizers.
    """

    counts: Any
    values: Any
    kept: Ids

    def after(self, step: Any) -> "Values":
        """Behind one more step, which neither mixes columns nor moves them."""
        values, counts, kept = step.transform(self.values), self.counts, self.kept
        if isinstance(step, SelectorMixin):
            support = step.get_support(indices=True)
            counts, kept = counts[:, support], kept[support]
        return Values(counts, sp.csr_matrix(values), kept)


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

    @property
    def offsets(self) -> list[int]:
        """The number of each branch's first column among all columns."""
        return list(accumulate((branch.width for branch in self.branches), initial=0))

    def of_texts(self, blocks: Sequence[Sequence[Sequence[Block]]]) -> Values:
        """The features of N texts, from their n-grams [text][branch]."""
        parts = []
        for number, branch in enumerate(self.branches):
            counts = _counted([of_text[number] for of_text in blocks], branch.width)
            kept = np.arange(branch.width) + self.offsets[number]
            part = Values(counts, _weighted(branch.vectorizer, counts), kept)
            for step in branch.steps:
                part = part.after(step)
            parts.append(Values(part.counts, part.values * branch.weight, part.kept))
        together = parts[0]
        if len(parts) > 1:
            counts, values = (
                sp.hstack(each, format="csr") for each in ([p.counts for p in parts], [p.values for p in parts])
            )
            together = Values(counts, values, np.concatenate([part.kept for part in parts]))
        for step in self.steps:
            together = together.after(step)
        for matrix in (together.counts, together.values):
            matrix.sort_indices()
        if not np.array_equal(together.counts.indices, together.values.indices):
            raise Hidden("a step drops or adds features of a text")
        return together


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


def _counted(blocks: Sequence[Sequence[Block]], width: int) -> Any:
    """(N, V) how often each n-gram occurs, sparse; the signs of a hash are counted."""
    rows = np.repeat(np.arange(len(blocks)), [sum(len(part.columns) for part in parts) for parts in blocks])
    every = [part for parts in blocks for part in parts]
    columns = np.concatenate([part.columns for part in every]) if every else np.zeros(0, dtype=np.int64)
    signs = [part.signs for part in every if part.signs is not None]
    numbers = np.concatenate(signs).astype(float) if signs else np.ones(len(columns))
    counts = sp.csr_matrix((numbers, (rows, columns)), shape=(len(blocks), width))
    counts.sum_duplicates()  # which older versions of scipy leave to the caller; it sorts too
    return counts


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
