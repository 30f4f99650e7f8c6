"""A tokenizer made of a vocabulary and a function that splits texts, as users already have them."""

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError, did_you_mean
from attribkit.text.encoded import Encoded


class WordIndex:
    """A tokenizer made of a mapping word → index and a function that splits a text.

    Each piece that the function returns is searched in the text, in order and ignoring case, for its span.

    Args:
        vocabulary: every word's row in the network's embedding.
        split: text → words, in reading order.
        pad: the word in `vocabulary` that stands for padding.
        unk: the word that stands for the unknown.
        max_length: T, how many tokens are read.
    """

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        split: Callable[[str], Sequence[str]] = str.split,
        pad: str = "<pad>",
        unk: str = "<unk>",
        max_length: int = 2_000,
    ) -> None:
        for role, word in (("pad", pad), ("unk", unk)):
            if word not in vocabulary:
                hint = did_you_mean(word, vocabulary)
                raise InputError(f"`{role}` must be a word of the vocabulary, got {word!r}{hint}")
        self.vocabulary = dict(vocabulary)
        self.pad_id, self.unk_id = vocabulary[pad], vocabulary[unk]
        self._special = {pad, unk}
        self._split = split
        self._max_length = max_length

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Each text's tokens with their spans.

        Raises:
            ValueError: for a word that the text does not hold.
        """
        return [self._encode(text) for text in texts]

    def ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Each text's token ids alone."""
        return [encoded.ids for encoded in self.encode(texts)]

    def _encode(self, text: str) -> Encoded:
        words = list(self._split(text))
        read = words[: self._max_length]
        spans, cursor = [], 0
        for word in read:
            match = re.compile(re.escape(word), re.IGNORECASE).search(text, cursor)
            if match is None or not word:
                raise InputError(
                    f"each word that `split` returns must stand in the text in order, got {word!r}; return the words "
                    "as they are written"
                )
            spans.append(match.span())
            cursor = match.end()
        # a text that spells out the padding word means that word, not padding
        known = np.array([word in self.vocabulary and word not in self._special for word in read], dtype=bool)
        ids = np.array(
            [self.vocabulary[word] if ok else self.unk_id for word, ok in zip(read, known, strict=True)], dtype=np.int64
        )
        places = np.array(spans, dtype=np.int64).reshape(-1, 2)
        return Encoded(ids, places[:, 0], places[:, 1], tuple(read), known, len(words))
