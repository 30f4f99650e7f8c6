"""A text without some of its tokens."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


def without_tokens(text: str, starts: NDArray[np.int64], gone: NDArray[np.bool_]) -> str:
    """The text without the tokens that are gone, each with what follows it up to the next.

    Args:
        text: the whole text.
        starts: (T,) where each token begins, in characters.
        gone: (T,) which tokens are left out.
    """
    edges = [*starts.tolist(), len(text)]
    kept = (text[first:after] for (first, after), out in zip(pairwise(edges), gone, strict=True) if not out)
    return text[: edges[0]] + "".join(kept)
