"""A network's logits: whether they are finite, and their probabilities by the model's task."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError, NetworkError
from attribkit.plurals import by_number, number_of
from attribkit.task import Task
from attribkit.text.encoded import shortened

_NAMED = 5  # texts in one sentence
NOT_FINITE = "the network's outputs for it are NaN or infinite"
"""Why a row of a table was left out."""


def finite(logits: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(N,) bool, which texts' logits (N, C) are finite; a table leaves out the others.

    Raises:
        RuntimeError: if there are texts, and none of them has finite logits.
    """
    rows = np.asarray(np.isfinite(logits).all(axis=1))
    if len(rows) and not rows.any():
        raise NetworkError(
            f"the network's outputs are NaN or infinite for all of {number_of(len(rows), 'text')}; check its weights "
            "and what it "
            "computes"
        )
    return rows


def check_finite(logits: NDArray[np.float64], texts: Sequence[str]) -> NDArray[np.float64]:
    """The logits (N, C) of N texts, if all are finite.

    Raises:
        NetworkError: if some are NaN or infinite; the sentence names the texts.
    """
    bad = np.flatnonzero(~np.isfinite(logits).all(axis=1)).tolist()
    if not bad:
        return logits
    named = ", ".join(f"text {row} ({shortened(texts[row])!r})" for row in bad[:_NAMED])
    named = f"the text {shortened(texts[0])!r}" if len(texts) == 1 else named
    more = f" and {len(bad) - _NAMED:,} more" if len(bad) > _NAMED else ""
    raise NetworkError(
        f"the network's outputs are NaN or infinite for {named}{more}; leave {by_number(len(bad), 'it', 'them')} out, "
        "and check the network's weights and what it computes"
    )


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities (N, C) of finite logits (N, C)."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    probabilities: NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
    return probabilities


def sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability of each label by itself; never overflows."""
    decayed = np.exp(-np.abs(logits))
    shares: NDArray[np.float64] = np.where(logits >= 0, 1.0, decayed) / (1 + decayed)
    return shares


def probabilities(logits: NDArray[np.float64], task: Task) -> NDArray[np.float64]:
    """Probabilities (N, C) of finite logits (N, C): of classes by softmax, of labels that hold or not by sigmoid.

    Raises:
        ValueError: for a regression, whose number is no probability.
    """
    if task == "regression":
        raise InputError("a regression model gives a number and no probabilities; use predict(…) for its numbers")
    return sigmoid(logits) if task == "multilabel" else softmax(logits)
