"""Which character of a text each character of the text as a vectorizer reads it comes from."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError

_SIGMAS = {"σ", "ς"}  # a capital sigma is lowered to the second at the end of a word: no letter alone tells


class Aligned(NamedTuple):
    """A text as a vectorizer reads it.

    Attributes:
        read: its characters.
        source: (len(read),) the character of the text that each comes from; None where each comes from its own place.
        length: characters of the text.
    """

    read: str
    source: NDArray[np.int64] | None
    length: int

    def spans(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where stretches of what is read begin and end in the text; what was dropped behind one belongs to it."""
        if self.source is None:
            return starts, ends
        following = np.append(self.source, self.length)
        return self.source[starts], np.maximum(self.source[ends - 1] + 1, following[ends])


def aligner(vectorizer: Any) -> Callable[[str], Aligned]:
    """The vectorizer's own preprocessing, with the place of each character.

    Lower case and accents change one character at a time, as ß or İ into two or none. Whether that holds for a
    preprocessor of the user's own is seen by changing one at a time and comparing.

    Raises (the function returned):
        InputError: if it does not hold for a text.
    """
    preprocess = vectorizer.build_preprocessor()
    usual = vectorizer.preprocessor is None and not callable(vectorizer.strip_accents)
    accents = vectorizer.strip_accents is not None

    def read(text: str) -> Aligned:
        whole = preprocess(text)
        # without accents to strip nothing becomes shorter, so that an equal length is an equal place
        if usual and (text.isascii() or (not accents and len(whole) == len(text))):
            return Aligned(whole, None, len(text))
        parts = [preprocess(character) for character in text]
        if not _equal("".join(parts), whole):
            raise InputError("its preprocessor changes characters by what stands beside them")
        return Aligned(whole, np.repeat(np.arange(len(text)), [len(part) for part in parts]), len(text))

    return read


def _equal(own: str, whole: str) -> bool:
    if own == whole:
        return True
    return len(own) == len(whole) and all(a == b or {a, b} == _SIGMAS for a, b in zip(own, whole, strict=True))
