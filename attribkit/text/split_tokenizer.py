"""A tokenizer whose texts a user's own function splits; its vocabulary is learnt here, its code stays with the user."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
from numpy.typing import NDArray

from attribkit.errors import InputError, InputTypeError
from attribkit.text.encoded import Encoded
from attribkit.text.saved_tokenizer import SavedTokenizer
from attribkit.text.settings import TextSettings
from attribkit.text.tokenizer import PAD, PAD_ID, UNK, UNK_ID, Tokenizer
from attribkit.text.word_index import Split, WordIndex

_PROBE = "Don’t stop, U.S. e-mails: 3.5 % (so-so)!\n Straße İzmir ﬁne https://a.b/c?d=1 x_y #tag"
_PROBED = 200  # words of the vocabulary that are split once more to tell one splitter from another
_OWN = ("level", "lowercase", "stop_words", "remove_parenthesised", "remove_non_alphanumeric")


class SplitTokenizer(Tokenizer):
    """A tokenizer that splits texts by a function of the user's.

    Args:
        vocabulary: every word's number; PAD is 0 and UNK is 1.
        settings: of which the frequency, the size of the vocabulary and the length count; the function does the rest.
        split: as `attribkit.text.WordIndex` takes it: text → words, or → (word, start, end).
    """

    def __init__(self, vocabulary: dict[str, int], settings: TextSettings, split: Split) -> None:
        plain = Tokenizer.of(vocabulary, settings)
        super().__init__(plain._inner, settings)
        self.split = split
        self._words = WordIndex(vocabulary, split, PAD, UNK, max_length=2**31)

    @staticmethod
    def learnt(texts: Iterable[str], settings: TextSettings, split: Split) -> "SplitTokenizer":
        """Make a tokenizer whose vocabulary is the most frequent words of some texts.

        Raises:
            ValueError: if no word is frequent enough; for settings that the function itself decides.
        """
        usual = TextSettings()
        decided = [name for name in _OWN if getattr(settings, name) != getattr(usual, name)]
        if decided:
            raise InputError(
                f"`{decided[0]}` is for the usual tokenizer, `tokenizer` splits texts itself; leave it out"
            )
        counts = Counter(word for text in texts for word in _words_of(split(text)))
        often = [word for word, count in counts.items() if count >= settings.min_frequency and word not in (PAD, UNK)]
        often.sort(key=lambda word: (-counts[word], word))
        if not often:
            raise InputError(
                f"no word occurs {settings.min_frequency} times in the training texts; lower `min_frequency`"
            )
        most = None if settings.vocabulary_size is None else settings.vocabulary_size - 2
        vocabulary = {PAD: PAD_ID, UNK: UNK_ID} | {word: row for row, word in enumerate(often[:most], start=2)}
        return SplitTokenizer(vocabulary, settings, split)

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Each text's tokens with their places in it; a text without a token has T = 0."""
        return [self._shortened(encoded) for encoded in self._words.encode(texts)]

    def ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Each text's token ids alone."""
        return [encoded.ids for encoded in self.encode(texts)]

    def fingerprint(self) -> str:
        """A hash of the vocabulary and of how the function splits."""
        return hashlib.blake2b(f"{super().fingerprint()}{self.digest}".encode(), digest_size=16).hexdigest()

    @property
    def digest(self) -> str:
        """A hash of how the function splits a sentence full of special cases and the vocabulary's first words."""
        words = list(self.vocabulary)[2 : _PROBED + 2]
        pieces = [list(self.split(text)) for text in (_PROBE, " ".join(words))]
        return hashlib.blake2b(repr(pieces).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    @property
    def name(self) -> str:
        """What the function is called."""
        return str(getattr(self.split, "__qualname__", type(self.split).__name__))

    def _shortened(self, encoded: Encoded) -> Encoded:
        most = self.settings.max_length
        if len(encoded.ids) <= most:
            return encoded
        kept = slice(0, most) if self.settings.truncate == "end" else slice(-most, None)
        return replace(
            encoded,
            ids=encoded.ids[kept],
            starts=encoded.starts[kept],
            ends=encoded.ends[kept],
            tokens=encoded.tokens[kept],
            known=encoded.known[kept],
        )


def split_of(tokenizer: Any) -> Split:
    """The function that splits texts: the object itself if it can be called, else its method `split`.

    A path is that of a file, and a tokenizer one, of the library `tokenizers`.

    Raises:
        TypeError: for anything else.
        FileNotFoundError: for a file that does not exist.
        ValueError: for a file of something else.
    """
    if isinstance(tokenizer, Path):
        return SavedTokenizer.of_file(tokenizer)
    if isinstance(tokenizer, tokenizers.Tokenizer):
        return SavedTokenizer(tokenizer.to_str())
    split: Callable[[str], Any] | None = tokenizer if callable(tokenizer) else getattr(tokenizer, "split", None)
    if not callable(split) or isinstance(tokenizer, (str, bytes)):
        raise InputTypeError(
            "`tokenizer` must be a function from a text to words, or to (word, start, end), or an object with such a "
            f"`split`, got {type(tokenizer).__name__}; pass its function"
        )
    return split


def _words_of(pieces: Sequence[Any]) -> list[str]:
    return [piece if isinstance(piece, str) else piece[0] for piece in pieces]
