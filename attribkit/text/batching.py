"""Batches of texts of similar length, padded to the longest among them."""

from collections.abc import Iterator, Sequence
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike, NDArray

from attribkit.errors import InputError

TOKENS_AT_ONCE = 32_768
"""The most tokens of a batch, unless the network says another number."""


def by_length(
    lengths: ArrayLike,
    batch_size: int | None = None,
    tokens: int = TOKENS_AT_ONCE,
    seed: int | None = None,
    equal: bool = False,
) -> Iterator[NDArray[np.int64]]:
    """Row numbers in batches of similar length; every row appears exactly once.

    Args:
        lengths: (N,) tokens of each text.
        batch_size: the most rows in a batch; None for no such limit.
        tokens: the most tokens in a batch, padding included; a longer text is a batch by itself.
        seed: shuffles the batches, and rows of similar length among them; None keeps the order by length, longest
            first, so that a batch too large for memory fails at once rather than at the end.
        equal: whether only texts of exactly the same length share a batch, so that none is padded.

    Raises:
        InputError: if `batch_size` is no whole number, or below 1.
    """
    if batch_size is not None and (not isinstance(batch_size, Integral) or batch_size < 1):
        raise InputError(f"`batch_size` must be a number of texts, at least 1, got {batch_size!r}; None chooses one")
    lengths = np.asarray(lengths)
    if seed is None:
        order = np.argsort(-lengths, kind="stable")
    else:
        # rows whose lengths differ by less than a tenth may swap places: batches stay tight, and never repeat
        random = np.random.default_rng(seed)
        order = np.argsort(-np.log(np.maximum(lengths, 1)) + random.uniform(0, 0.1, len(lengths)), kind="stable")
    batches: list[NDArray[np.int64]] = []
    start = 0
    while start < len(order):
        stop = start + 1
        longest = int(lengths[order[start]])
        while stop < len(order) and (batch_size is None or stop - start < batch_size):
            longest = max(longest, int(lengths[order[stop]]))
            if longest * (stop - start + 1) > tokens or (equal and lengths[order[stop]] != lengths[order[start]]):
                break
            stop += 1
        batches.append(order[start:stop])
        start = stop
    if seed is not None:
        batches = [batches[i] for i in random.permutation(len(batches))]
    yield from batches


def pad(
    ids: Sequence[NDArray[np.int64]], pad_id: int, length: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Rows of ids as one matrix (B, T), and the mask (B, T) that is True where a token is real.

    T is the longest row's length, or `length`.
    """
    length = length or max(len(row) for row in ids)
    padded = np.full((len(ids), length), pad_id, dtype=np.int64)
    mask = np.zeros((len(ids), length), dtype=bool)
    for number, row in enumerate(ids):
        padded[number, : len(row)] = row
        mask[number, : len(row)] = True
    return padded, mask
