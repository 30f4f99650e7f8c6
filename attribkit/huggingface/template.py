"""Where special tokens stand around the words of a text or a pair, learnt from the tokenizer itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError

_PROBES = ("a", "b")


@dataclass(frozen=True)
class Part:
    """A run of special tokens, or the words of a text.

    Attributes:
        words: which text's words they are, 0 or 1; None for special tokens.
        ids: of the special tokens.
        names: of the special tokens.
        types: their token types; of words one type for all of them.
    """

    words: int | None
    ids: tuple[int, ...]
    types: tuple[int, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Template:
    """How a model reads a text, or a pair.

    Attributes:
        single: the parts of a text.
        pair: the parts of a pair; None if the tokenizer takes none.
        typed: whether the model is given token types.
    """

    single: tuple[Part, ...]
    pair: tuple[Part, ...] | None
    typed: bool

    @staticmethod
    def of(tokenizer: Any, takes_types: bool = True) -> "Template":
        """Learn it from how the tokenizer encodes two probes.

        Args:
            tokenizer: whose template it is.
            takes_types: whether the model tells token types apart; if not, it is given none.
        """
        typed = takes_types and "token_type_ids" in tokenizer(_PROBES[0])
        return Template(_parts(tokenizer, _PROBES[:1], typed), _parts(tokenizer, _PROBES, typed), typed)

    def parts(self, pair: bool) -> tuple[Part, ...]:
        """The parts of a text, or of a pair."""
        chosen = self.pair if pair else self.single
        if chosen is None:
            raise InputError("the tokenizer takes no pairs; give one text")
        return chosen

    @property
    def before(self) -> int:
        """How many special tokens stand before a text."""
        return len(self.single[0].ids)

    def specials(self, pair: bool) -> int:
        """How many special tokens stand around a text, or a pair."""
        return sum(len(part.ids) for part in self.parts(pair))

    def arranged(self, lengths: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The special tokens, types and the words' places of texts with so many words: one number, or two of a pair.

        Returns:
            (L,) ids, with −1 at the words; (L,) token types; (T,) the place of each word.
        """
        ids: list[int] = []
        types: list[int] = []
        places: list[int] = []
        for part in self.parts(len(lengths) > 1):
            count = len(part.ids) if part.words is None else lengths[part.words]
            if part.words is not None:
                places += range(len(ids), len(ids) + count)
            ids += part.ids if part.words is None else [-1] * count
            types += part.types if part.words is None else [part.types[0]] * count
        return np.array(ids, dtype=np.int64), np.array(types, dtype=np.int64), np.array(places, dtype=np.int64)

    def names(self, lengths: Sequence[int]) -> tuple[str, ...]:
        """(L,) the special token at each place of texts with so many words; "" where the words are."""
        parts = self.parts(len(lengths) > 1)
        named = [part.names if part.words is None else ("",) * lengths[part.words] for part in parts]
        return tuple(name for names in named for name in names)


def _parts(tokenizer: Any, texts: Sequence[str], typed: bool) -> tuple[Part, ...]:
    encoded = tokenizer(*texts, return_special_tokens_mask=True)
    ids = encoded["input_ids"]
    types = encoded["token_type_ids"] if typed else [0] * len(ids)
    own = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    parts: list[Part] = []
    place = 0
    for number, words in enumerate(own):
        start = _found(ids, words, place)
        parts += _specials(tokenizer, ids, types, place, start)
        parts.append(Part(number, (), (types[start],)))
        place = start + len(words)
    return (*parts, *_specials(tokenizer, ids, types, place, len(ids)))


def _specials(tokenizer: Any, ids: Sequence[int], types: Sequence[int], start: int, end: int) -> list[Part]:
    own = tuple(ids[start:end])
    names = tuple(map(str, tokenizer.convert_ids_to_tokens(list(own))))
    return [Part(None, own, tuple(types[start:end]), names)] if own else []


def _found(ids: Sequence[int], words: Sequence[int], after: int) -> int:
    for start in range(after, len(ids) - len(words) + 1):
        if list(ids[start : start + len(words)]) == list(words):
            return start
    raise InputError(
        "the tokenizer encodes a text otherwise with special tokens than without, so that its words cannot be told "
        "from them; give a tokenizer that adds special tokens around the words only"
    )
