"""The rows for which a model has a finite prediction."""

import numpy as np
from numpy.typing import NDArray

from attribkit.data.readable import TokenisedRows
from attribkit.errors import InputError
from attribkit.models.classifier import Classifier
from attribkit.models.logits import NOT_FINITE, finite
from attribkit.plurals import number_of
from attribkit.progress import Progress, silent


def answered(
    model: Classifier, read: TokenisedRows, batch_size: int | None = None, progress: Progress = silent
) -> tuple[TokenisedRows, NDArray[np.float64]]:
    """The rows for which the model has a finite prediction, and its logits (N, C).

    Args:
        model: any classifier; if it takes other inputs, with those of all rows given.
        read: the rows that its tokenizer can read.
        batch_size: the most texts at once; None chooses by their length.
        progress: called as `attribkit.progress.Progress` says.

    Raises:
        ValueError: if there are no rows.
        RuntimeError: if the network's outputs are NaN or infinite for all of them.
    """
    if not read.texts:
        why = f", the first because {read.skipped[0].reason}" if read.skipped else ""
        raise InputError(
            f"the model can read none of the {number_of(read.given, 'text')} given{why}; check the text column"
        )
    of_these = model if model.also is None else model.beside(model.also.rows(read.places))
    logits = of_these.logits(read.ids, batch_size, progress)
    is_finite = finite(logits)
    return read.only(is_finite, NOT_FINITE), logits[is_finite]
