"""A tokenizer made of a vocabulary and a function that splits texts, as users already have them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError, did_you_mean
from attribkit.text.encoded import Encoded
from attribkit.text.word_places import Span, find_words

Split = Callable[[str], Sequence[str] | Sequence[tuple[str, int, int]]]


class WordIndex:
    """A tokenizer made of a mapping word → index and a function that splits a text.

    Args:
        vocabulary: every word's row in the network's embedding.
        split: text → words, in reading order; or text → (word, start, end), for a splitter that spells words otherwise
            than the text does (stems, "<url>", "ss" for "ß"): text[start:end] is what the word was made of. A word
            alone is searched in the text, ignoring case, at word borders first. Of a script without spaces, such as
            Thai, `str.split` makes one word of a sentence: give a splitter of that language, or `list`, which returns
            characters.
        pad: the word in `vocabulary` that stands for padding.
        unk: the word that stands for the unknown.
        max_length: T, how many tokens are read.
    """

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        split: Split = str.split,
        pad: str = "<pad>",
        unk: str = "<unk>",
        max_length: int = 2_000,
    ) -> None:
        if isinstance(max_length, bool) or not isinstance(max_length, int) or max_length < 1:
            raise InputError(f"`max_length` must be a number of tokens, at least 1, got {max_length!r}")
        for role, word in (("pad", pad), ("unk", unk)):
            if word not in vocabulary:
                alike = [str(name) for name in vocabulary if role in str(name).lower()]
                advice = did_you_mean(word, alike, f"name the vocabulary's own with {role}=…")
                raise InputError(f"`{role}` must be a word of the vocabulary, got {word!r}{advice}")
        self.vocabulary = dict(vocabulary)
        self.pad_id, self.unk_id = vocabulary[pad], vocabulary[unk]
        self._special = {pad, unk}
        self._split = split
        self._max_length = max_length

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Each text's tokens with their spans.

        Raises:
            ValueError: for a word that the text does not hold, or spans that overlap or leave the text.
        """
        return [self._encode(text) for text in texts]

    def ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Each text's token ids alone."""
        return [encoded.ids for encoded in self.encode(texts)]

    def _encode(self, text: str) -> Encoded:
        pieces = list(self._split(text))
        read, spans = placed_words(pieces[: self._max_length], text, truncated=len(pieces) > self._max_length)
        # a text that spells out the padding word means that word, not padding
        known = np.array([word in self.vocabulary and word not in self._special for word in read], dtype=bool)
        ids = np.array(
            [self.vocabulary[word] if ok else self.unk_id for word, ok in zip(read, known, strict=True)], dtype=np.int64
        )
        places = np.array(spans, dtype=np.int64).reshape(-1, 2)
        return Encoded(ids, places[:, 0], places[:, 1], tuple(read), known, len(pieces))


def placed_words(pieces: Sequence[Any], text: str, truncated: bool) -> tuple[list[str], list[Span]]:
    """The words and their spans."""
    if all(isinstance(piece, str) for piece in pieces):
        return list(pieces), find_words(pieces, text, truncated=truncated)
    for piece in pieces:
        if not (
            isinstance(piece, (tuple, list))
            and len(piece) == 3
            and isinstance(piece[0], str)
            and all(isinstance(place, (int, np.integer)) for place in piece[1:])
        ):
            raise InputError(
                f"`split` must return words, or (word, start, end) for each of them, got {piece!r}; start and end "
                "count the text's characters"
            )
    spans = [(int(start), int(end)) for _, start, end in pieces]
    for (word, *_), (_, earliest), (start, end) in zip(pieces, [(0, 0), *spans], spans, strict=False):
        if not earliest <= start < end <= len(text):
            raise InputError(
                f"the spans that `split` returns must follow each other within the text, got ({word!r}, {start}, {end})"
                f" behind character {earliest} of {len(text)}; let text[start:end] be what the word was made of"
            )
    return [word for word, *_ in pieces], spans
