"""Texts in smaller pieces where memory runs out, and a sentence where one text alone does not fit."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from attribkit.errors import NetworkError, ran_out

Rows = NDArray[np.int64]
Result = TypeVar("Result")


def smaller_pieces(
    rows: Rows, run: Callable[[Rows], Result], lengths: Sequence[int], device: torch.device
) -> Iterator[tuple[Rows, Result]]:
    """What `run` makes of rows, all at once or, where memory runs out, of each half by itself.

    It stays on the device: a processor computes only if asked.

    Args:
        rows: numbers of texts, at least one.
        run: computes something of some of them.
        lengths: of all texts, in tokens.
        device: where it computes.

    Yields:
        some of the rows and what `run` made of them.

    Raises:
        RuntimeError: if memory runs out for one text by itself; and what `run` itself raises.
    """
    try:
        result = run(rows)
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error):
            raise
        if len(rows) == 1:
            other = "a smaller model" if device.type == "cpu" else "device='cpu'"
            raise NetworkError(
                f"out of memory: {device} has too little of it for a text of {lengths[rows[0]]:,} tokens; give a "
                f"shorter text, or {other}"
            ) from error
    else:
        yield rows, result
        return
    # out of the handler, for the error holds what was computed so far
    for half in np.array_split(rows, 2):
        yield from smaller_pieces(half, run, lengths, device)
