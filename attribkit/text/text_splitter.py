"""A tokenizer for models that read texts by themselves: a token is a stretch of the text, some tokens are a text again.

An id is no row of an embedding. It names a token of a text: the text by a hash, and the token's place in it. So the ids
of a text from which some are taken away, or have PAD in their place, say which words of which text are left.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from threading import Lock

import numpy as np
import xxhash
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.text.encoded import Encoded, shortened
from attribkit.text.settings import TextSettings
from attribkit.text.tokenizer import PAD, PAD_ID, UNK, UNK_ID, Tokenizer
from attribkit.text.word_index import Split, placed_words

_PLACE_BITS = 21
_MOST_TOKENS = 2**_PLACE_BITS
_MOST_CHARACTERS = 2**28  # of the texts that are kept; those read longest ago are forgotten first

Ids = NDArray[np.int64]
Read = Callable[[Sequence[str]], Sequence[Encoded]]
"""From texts to their tokens and places; the ids do not count."""


class TextSplitter:
    """Splits texts into words, and makes a text of some of its words.

    Of a text from which words are left out, everything else stays as it is written: spaces, line breaks, and whatever
    the splitter does not take for a word. A text of which no word is left is empty.

    Args:
        split: text → words, or (word, start, end), as `attribkit.text.word_index.WordIndex` takes it; None for this
            package's own words.
        stand_in: what is written in the place of a word that is left out.
        read: in place of `split`, from texts to their tokens and places.

    Example:
        >>> from attribkit.text.text_splitter import TextSplitter
        >>> splitter = TextSplitter()
        >>> (ids,) = splitter.ids(["A great, great film!"])
        >>> splitter.text(ids)
        'A great, great film!'
        >>> splitter.text(ids[[0, 2, 4]])
        'A ,  film'
    """

    pad_id = unk_id = 0

    def __init__(self, split: Split | None = None, stand_in: str = "", *, read: Read | None = None) -> None:
        self.split, self.stand_in = split, stand_in
        self._read = read or (own_words if split is None else self._by_split)
        self._texts = _KeptTexts()

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Each text's tokens with their places in it.

        Raises:
            ValueError: for words that the text does not hold, or spans that overlap or leave the text.
        """
        encoded = []
        for text, tokens in zip(texts, self._read(texts), strict=True):
            if len(tokens.starts) > _MOST_TOKENS:
                raise InputError(f"a text may have {_MOST_TOKENS:,} words, got {len(tokens.starts):,}; cut it")
            first = self._texts.keep(text, tokens.starts, tokens.ends) << _PLACE_BITS
            encoded.append(replace(tokens, ids=np.arange(first, first + len(tokens.starts))))
        return encoded

    def ids(self, texts: Sequence[str]) -> list[Ids]:
        """Each text's token ids alone."""
        return [encoded.ids for encoded in self.encode(texts)]

    def texts(self, ids: Ids, mask: NDArray[np.bool_]) -> list[str]:
        """The texts of ids (B, T), of which mask (B, T) says which count; whole ones take no time."""
        first = ids[:, 0]
        in_order = ((ids == first[:, np.newaxis] + np.arange(ids.shape[1])) | ~mask).all(1)
        in_order &= (first & (_MOST_TOKENS - 1) == 0) & (first != self.pad_id)
        lengths, numbers = mask.sum(1).tolist(), (first >> _PLACE_BITS).tolist()
        whole = [
            self._texts.of(number) if ordered else None
            for ordered, number in zip(in_order.tolist(), numbers, strict=True)
        ]
        return [
            kept.text if kept is not None and len(kept.starts) == length else self.text(row[own])
            for kept, length, row, own in zip(whole, lengths, ids, mask, strict=True)
        ]

    def text(self, ids: Ids) -> str:
        """The text of ids (T,): its other words are left out; where ids are PAD, `stand_in` stands for those.

        Words of several texts, as those of a text and of its baseline, follow each other in the order of the ids.
        """
        kept = ids[ids != self.pad_id]
        if not len(kept):
            return " ".join([self.stand_in] * len(ids)) if self.stand_in else ""
        stand_in = self.stand_in if len(kept) < len(ids) else ""
        keys, places = kept >> _PLACE_BITS, kept & (_MOST_TOKENS - 1)
        if keys[0] == keys[-1] and bool((keys == keys[0]).all()):
            return self._texts.of(int(keys[0])).left(places, stand_in)
        runs = groupby(range(len(kept)), key=keys.__getitem__)
        return " ".join(self._texts.of(int(key)).stretch(places[list(run)]) for key, run in runs)

    def _by_split(self, texts: Sequence[str]) -> list[Encoded]:
        return [_split_words(text, self.split) for text in texts]


class _Pieces:
    """A text cut at its words: what stands before each word and behind the last, and the words."""

    def __init__(self, text: str, starts: Ids, ends: Ids) -> None:
        self.text, self.starts, self.ends = text, starts, ends
        self._pieces: NDArray[np.object_] | None = None

    @property
    def pieces(self) -> NDArray[np.object_]:
        """(2T + 1,) of T words: gap, word, gap … word, gap."""
        if self._pieces is None:
            cuts = [0, *np.stack((self.starts, self.ends), axis=1).reshape(-1).tolist(), len(self.text)]
            self._pieces = np.array([self.text[start:end] for start, end in pairwise(cuts)], dtype=object)
        return self._pieces

    def left(self, places: Ids, stand_in: str) -> str:
        """The text with `stand_in` for all words but those at places (P,)."""
        if len(places) == len(self.starts):
            return self.text
        pieces, gone = self.pieces.copy(), np.ones(len(self.starts), dtype=bool)
        gone[places] = False
        pieces[1::2][gone] = stand_in
        return "".join(pieces.tolist())

    def stretch(self, places: Ids) -> str:
        """The words at places (P,), with what stands between those that are neighbours and a space between others."""
        parts = [str(self.pieces[2 * places[0] + 1])]
        for before, place in pairwise(places.tolist()):
            parts += [self.pieces[2 * place] if place == before + 1 else " ", self.pieces[2 * place + 1]]
        return "".join(parts)


class _KeptTexts:
    """The texts that were read, by a number made of their words' places and characters; any thread may ask."""

    def __init__(self) -> None:
        self._texts: OrderedDict[int, _Pieces] = OrderedDict()
        self._lock, self._characters = Lock(), 0

    def keep(self, text: str, starts: Ids, ends: Ids) -> int:
        """The number of a text, the same whatever was read before it."""
        number = (xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass")) >> (_PLACE_BITS + 2)) or 1
        with self._lock:
            while (known := self._texts.get(number)) is not None and known.text != text:
                number += 1
            if known is None:
                self._texts[number] = _Pieces(text, starts, ends)
                self._characters += len(text)
                while self._characters > _MOST_CHARACTERS and len(self._texts) > 1:
                    self._characters -= len(self._texts.popitem(last=False)[1].text)
            else:
                self._texts.move_to_end(number)
        return number

    def of(self, number: int) -> _Pieces:
        """The text of a number."""
        with self._lock:
            if number not in self._texts:
                raise InputError(
                    f"more than {_MOST_CHARACTERS:,} characters were read at once, and the first are forgotten; give "
                    "the texts in parts"
                )
            return self._texts[number]


def own_words(texts: Sequence[str]) -> list[Encoded]:
    """This package's own words as they are written: every punctuation mark is one."""
    return [replace(encoded, known=np.ones_like(encoded.known)) for encoded in _OWN.encode(texts)]


_OWN = Tokenizer.of({PAD: PAD_ID, UNK: UNK_ID}, TextSettings(lowercase=False, max_length=_MOST_TOKENS + 1))


def _split_words(text: str, split: Split | None) -> Encoded:
    if split is None:
        return own_words([text])[0]
    words, spans = placed_words(list(split(text)), text, truncated=False)
    places = np.array(spans, dtype=np.int64).reshape(-1, 2)
    if not len(words) and text.strip():
        raise InputError(f"`split` found no word in the text {shortened(text)!r}; leave it out, or split otherwise")
    return Encoded(places[:, 0], places[:, 0], places[:, 1], tuple(words), np.ones(len(words), dtype=bool), len(words))
