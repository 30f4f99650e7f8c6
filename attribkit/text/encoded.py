"""A text as a network reads it, what a tokenizer must have, and which texts can be read."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError, InputTypeError
from attribkit.text.joined_words import JoinedWords


@dataclass(frozen=True, eq=False)
class Encoded:
    """One text as a network reads it.

    Attributes:
        ids: (T,) int64, the tokens' numbers in the vocabulary.
        starts: (T,) int64, where each token begins in the original text, in characters.
        ends: (T,) int64, where it ends.
        tokens: (T,) the tokens as the vocabulary spells them; an unknown one as the text does.
        known: (T,) bool, False where the vocabulary lacks the token.
        total: how many tokens the whole text has; more than T if it was truncated.
        words: the words that the tokens make up, where they are parts of words; None where each is a word.
    """

    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    tokens: tuple[str, ...]
    known: NDArray[np.bool_]
    total: int
    words: JoinedWords | None = None

    def by_word(self) -> "Encoded":
        """The same with a word in place of its parts, numbered by its first one's id; itself where words have none."""
        words = self.words
        if words is None:
            return self
        unread = self.total - len(self.ids)
        return Encoded(
            self.ids[words.firsts],
            words.starts,
            words.ends,
            words.tokens,
            words.every(self.known),
            len(words.tokens) + unread,
        )


class TextEncoder(Protocol):
    """What a classifier needs of a tokenizer.

    It may also have a method `fingerprint() -> str`, which changes whenever its ids could; without it
    `Classifier.fingerprint` uses its plain attributes.
    """

    pad_id: int
    unk_id: int

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Each text's tokens with their places in it."""
        ...

    def ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Each text's token ids alone, faster."""
        ...


def check_encoder(tokenizer: object) -> None:
    """Refuse what is no tokenizer of a classifier.

    Raises:
        TypeError: for a vocabulary alone, or an object without the methods of `TextEncoder`.
    """
    if isinstance(tokenizer, Mapping):
        raise InputTypeError(
            f"a tokenizer was expected, got a vocabulary alone ({type(tokenizer).__name__}); give "
            "attribkit.text.word_index.WordIndex(vocabulary)"
        )
    lacking = [name for name in ("encode", "ids", "pad_id", "unk_id") if not hasattr(tokenizer, name)]
    if lacking:
        raise InputTypeError(
            f"a tokenizer with encode, ids, pad_id and unk_id was expected, {type(tokenizer).__name__} lacks "
            f"{', '.join(lacking)}; give a TextEncoder, or attribkit.text.word_index.WordIndex(vocabulary, split)"
        )


def check_text(text: object) -> str:
    """The text itself, if it can be explained.

    Raises:
        TypeError: if it is no string.
        ValueError: if it holds half of a surrogate pair or no visible character.
    """
    if not isinstance(text, str):
        raise InputTypeError(f"a text must be a string, got {type(text).__name__}; convert it with str() or drop it")
    broken = re.search("[\ud800-\udfff]", text)
    if broken:
        raise InputError(
            f"the text holds a lone surrogate (U+{ord(broken.group()):04X} at position {broken.start()}), which is no "
            "character; repair it with text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')"
        )
    if not text.strip():
        raise InputError("the text is empty; give at least one word")
    return text


_READ = 20
"""Characters read for each that a shortened text may have: white space is dropped, and a long text is not read."""


def shortened(text: str, most: int = 40) -> str:
    """A text as a sentence or a table's cell quotes it: on one line, at most so many characters."""
    line = " ".join(text[: _READ * most].split()) if len(text) > most or len(text.splitlines()) > 1 else text
    return line if len(line) <= most and len(text) <= _READ * most else line[: most - 1] + "…"


def check_encoded(encoded: Encoded, text: str) -> Encoded:
    """The encoding itself, if it holds a token.

    Raises:
        ValueError: if it holds none.
    """
    if not len(encoded.ids):
        raise InputError(
            f"the tokenizer found no token in the text {shortened(text)!r}; give at least one word it does not remove"
        )
    return encoded
