"""The scores of the parts that a model cuts words into."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.results.panels.arrays import ArrayEquality, freeze


@dataclass(frozen=True, eq=False)
class Subwords(ArrayEquality):
    """The tokens as the model reads them; the scores of a word's tokens sum to the word's.

    Attributes:
        starts: (S,) where each begins in the original text, in characters; several may share a character.
        ends: (S,) where it ends.
        tokens: (S,) as the model spells them.
        words: (S,) the number of the word that each belongs to, rising.
        scores: (S,) in the panel's unit.
        known: (S,) False where the model's vocabulary lacks it.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    tokens: tuple[str, ...]
    words: NDArray[np.int64]
    scores: NDArray[np.float64]
    known: NDArray[np.bool_]

    def __post_init__(self) -> None:
        freeze(self, starts=np.int64, ends=np.int64, words=np.int64, scores=float, known=np.bool_)
        object.__setattr__(self, "tokens", tuple(self.tokens))
        lengths = {len(part) for part in (self.starts, self.ends, self.tokens, self.words, self.scores, self.known)}
        if len(lengths) != 1:
            raise InputError(f"subwords need one entry per token in every column, got lengths {sorted(lengths)}")
        if np.any(np.diff(self.words) < 0):
            raise InputError("the words that subwords belong to must stand in reading order")
