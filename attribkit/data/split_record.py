"""The record of a model's splits: a 64-bit hash of each training, validation and test text."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from attribkit.errors import InputError

Hashes = NDArray[np.uint64]

_NAMES = ("train", "validation", "test")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, eq=False)
class SplitRecord:
    """The rows of a model's splits, recognised by their texts, in any file and any order.

    Attributes:
        train: 64 bits of the BLAKE2b hash of each training text, sorted, each text once.
        validation: likewise of the validation texts.
        test: likewise of the test texts.
    """

    train: Hashes
    validation: Hashes
    test: Hashes

    @staticmethod
    def of(tables: Mapping[str, Iterable[object]]) -> "SplitRecord":
        """The record of the texts of each split."""
        return SplitRecord(*(np.unique(text_hashes(tables[name])) for name in _NAMES))

    def holds(self, split: str, hashes: Hashes) -> NDArray[np.bool_]:
        """(N,) which of the texts with these hashes are in the split."""
        return np.isin(hashes, getattr(self, split), kind="sort")  # NumPy 2.0 fails on tables of uint64

    def to_bytes(self) -> bytes:
        """A safetensors file with an array for each split."""
        return safetensors.numpy.save({name: getattr(self, name) for name in _NAMES})

    @staticmethod
    def from_bytes(content: bytes) -> "SplitRecord":
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: for anything else.
        """
        try:
            arrays: dict[str, NDArray[Any]] = safetensors.numpy.load(content)
            hashes = [arrays[name] for name in _NAMES]
        except (SafetensorError, KeyError) as error:
            raise InputError(f"the hashes of a model's rows were expected, got something else ({error})") from error
        if any(column.ndim != 1 or column.dtype != np.uint64 for column in hashes):
            raise InputError("the hashes of a model's rows must be lists of 64-bit numbers; save the model anew")
        return SplitRecord(*hashes)


def text_hashes(texts: Iterable[object]) -> Hashes:
    """(N,) 64 bits of each text's BLAKE2b hash, as a data set holds the text; 0 for anything else."""
    return np.fromiter((_hash(text) for text in texts), dtype=np.uint64)


def _hash(text: object) -> int:
    if not isinstance(text, str) or not text.strip():
        return 0
    try:
        content = text.encode()
    except UnicodeEncodeError:
        content = _SURROGATE.sub("\ufffd", text).encode()  # as a data set mends it
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")
