"""Which rows hold which words, from the tokens that a model has read."""

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.serve.workbench.answers import ModelAnswers


class TokenIndex:
    """For each row the words that it holds, one after another.

    Attributes:
        read: how many rows had been read when it was made.
        spelt: the word by id; empty if the tokenizer does not tell.
        size: one more than the largest id.
    """

    def __init__(self, answers: ModelAnswers) -> None:
        self.read = answers.done
        words = answers.words[: self.read]
        self._ids = np.concatenate([*words, np.zeros(0, np.int32)])
        self._row = np.repeat(np.arange(len(words), dtype=np.int32), [len(row) for row in words])
        self._rows = len(answers.rows)
        self.spelt = {place: word for place, word in enumerate(answers.model.words) if word}
        self._numbers = {word: place for place, word in self.spelt.items()}
        self.size = 1 + max(int(self._ids.max(initial=0)), max(self.spelt, default=0))

    def holds(self, word: str) -> NDArray[np.bool_]:
        """(N,) which rows hold a word.

        Raises:
            ValueError: for a word that the model does not know.
        """
        number = self._numbers.get(word, self._numbers.get(word.lower()))
        if number is None:
            raise InputError(f"`word` must be one that the model knows, got {word[:100]!r}; search for it instead")
        mask = np.zeros(self._rows, dtype=bool)
        mask[self._row[self._ids == number]] = True
        return mask

    def text_counts(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """(V,) how many of the chosen rows (N,) hold each id."""
        counts: NDArray[np.int64] = np.bincount(self._ids[mask[self._row]], minlength=self.size)
        return counts
