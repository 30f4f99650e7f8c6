"""The points of texts that are read in windows: the mean of their windows' points."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.projection.outputs import LayerOutputs
from attribkit.text.long_texts import LongTexts


def windows_of(
    ids: Sequence[NDArray[np.int64]], long: LongTexts, reduce: str | None, by_step: bool
) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """The windows of all texts in a row, and (N,) how many each text has.

    Args:
        ids: each text's tokens.
        long: how long texts are read.
        reduce: how steps become points.
        by_step: whether they become several.

    Raises:
        InputError: for a point per token: a token in two windows would have two.
    """
    spans = [long.spans(len(row)) for row in ids]
    counts = np.array([len(of_text) for of_text in spans], dtype=np.int64)
    if by_step and (counts > 1).any():
        raise InputError(
            f"`reduce={reduce!r}` needs texts that the model reads at once, {(counts > 1).sum():,} of these "
            f"{len(ids):,} are read in windows, which share tokens; take 'first', 'mean' or 'last', or shorter texts"
        )
    return [row[start:end] for row, of_text in zip(ids, spans, strict=True) for start, end in of_text], counts


def averaged(outputs: LayerOutputs, counts: NDArray[np.int64]) -> LayerOutputs:
    """The outputs of the windows of N texts, of which each has so many, as those of the texts."""
    firsts = np.append(0, np.cumsum(counts)[:-1])
    several = int((counts > 1).sum())
    note = f"{several:,} of {len(counts):,} texts were read in windows: a point is the mean of its windows’ points"
    return replace(
        outputs,
        values={
            name: (np.add.reduceat(values, firsts, dtype=np.float64) / counts[:, np.newaxis]).astype(np.float32)
            for name, values in outputs.values.items()
        },
        text_index=np.arange(len(counts)),
        total=len(counts),
        logits=np.add.reduceat(outputs.logits, firsts) / counts[:, np.newaxis],
        notes=(*outputs.notes, note),
    )
