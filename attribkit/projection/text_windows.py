"""The points of texts that are read in windows: the mean of their windows' points."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.plurals import by_number, number_of
from attribkit.projection.outputs import LayerOutputs
from attribkit.projection.pooling import Reduction
from attribkit.text.long_texts import averaged


def check_windows(counts: NDArray[np.int64], reduction: Reduction) -> None:
    """Refuse a point per token of texts that have so many windows each: a token in two of them would have two.

    Raises:
        InputError: if a text has several.
    """
    if reduction.by_step and (counts > 1).any():
        raise InputError(
            f"`reduce={reduction.name!r}` needs texts that the model reads at once, {(counts > 1).sum():,} of these "
            f"{len(counts):,} are read in windows, which share tokens; take 'first', 'mean' or 'last', or shorter texts"
        )


def of_texts(outputs: LayerOutputs, counts: NDArray[np.int64]) -> LayerOutputs:
    """The outputs for the windows of N texts, of which each has so many, as those of the texts."""
    several = int((counts > 1).sum())
    note = (
        f"{several:,} of {number_of(len(counts), 'text')} {by_number(several, 'was', 'were')} read in windows: a "
        "point is the mean of its windows’ points"
    )
    return replace(
        outputs,
        values={name: averaged(values, counts).astype(np.float32) for name, values in outputs.values.items()},
        text_index=np.arange(len(counts)),
        total=len(counts),
        logits=averaged(outputs.logits, counts),
        notes=(*outputs.notes, note),
    )
