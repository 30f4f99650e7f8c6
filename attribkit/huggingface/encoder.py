"""Texts as a transformer reads them: its own tokenizer's ids, each with its place in the text.

The ids are those of the words alone: the network adds the special tokens. Those of a pair's second text carry a mark,
2^40, so that a row of ids says where the one ends and the other begins, however many are left out.
"""

import hashlib
import json
import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import TooLongError
from attribkit.huggingface.spelling import places_by_spelling
from attribkit.huggingface.template import Template
from attribkit.plurals import by_number, number_of
from attribkit.text.encoded import Encoded
from attribkit.text.joined_words import joined_words
from attribkit.text.long_texts import CutTextsWarning, LongTexts
from attribkit.text.text_pair import SECOND, SEPARATOR, parts_of
from attribkit.text.tokenizer import one_spelling


class TransformerEncoder:
    """A tokenizer of `transformers` as `attribkit.text.encoded.TextEncoder` asks for it.

    Args:
        tokenizer: the model's.
        template: where it puts special tokens.
        fill_id: the id that stands where a word is taken out, and fills a batch.
        longest: the most tokens, special ones included, that the model reads; None for no limit.
        long: what becomes of a text that is longer.
        trailing: an id that the model takes no notice of at a text's end; None if there is none.
    """

    def __init__(
        self,
        tokenizer: Any,
        template: Template,
        fill_id: int,
        longest: int | None,
        long: LongTexts,
        trailing: int | None = None,
    ) -> None:
        self.tokenizer, self.template, self.longest, self.trailing = tokenizer, template, longest, trailing
        self.long = long
        self.pad_id = fill_id
        self.unk_id = fill_id if tokenizer.unk_token_id is None else int(tokenizer.unk_token_id)

    @property
    def has_offsets(self) -> bool:
        """Whether the tokenizer says where its tokens stand; a slow one, written in Python, does not."""
        return bool(self.tokenizer.is_fast)

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Each text's tokens with their places in it, and the words that they make up.

        Raises:
            TooLongError: for a text longer than the model reads, if it is neither cut nor read in windows.
        """
        return [self._encoded(text) for text in texts]

    def ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Each text's token ids alone; a `CutTextsWarning` says how many texts were cut."""
        read = []
        cut = 0
        for text in texts:
            parts = [self._words(part)["input_ids"] for part in self._texts(text)]
            ids, _ = self._ids(parts)
            whole, special = sum(map(len, parts)), self.template.specials(len(parts) > 1)
            cut += self.long.how == "cut" and self.longest is not None and whole > self.longest - special
            read.append(ids)
        if cut:
            sentence = (
                f"of {number_of(len(read), 'text')} {cut:,} {by_number(cut, 'is', 'are')} cut to the "
                f"{self.longest:,} tokens "
                "that the model reads"
            )
            warnings.warn(sentence, CutTextsWarning, stacklevel=2)
        return read

    def fingerprint(self) -> str:
        """A hash of what decides the ids."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        backend = getattr(self.tokenizer, "backend_tokenizer", None)
        own = json.dumps(self.tokenizer.get_vocab(), sort_keys=True) if backend is None else _content(backend.to_str())
        content = f"{own} {self.template!r} {self.pad_id} {self.unk_id} {self.longest}"
        if self.long.how != "refuse":  # which was once the only way
            content += f" {self.long!r}"
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()

    def _texts(self, text: str) -> list[str]:
        first, second = parts_of(text)
        return [first] if second is None else [first, second]

    def _words(self, part: str) -> Any:
        return self.tokenizer(
            part,
            add_special_tokens=False,
            return_offsets_mapping=self.has_offsets,
            return_attention_mask=False,
            return_token_type_ids=False,
            truncation=False,
            verbose=False,
        )

    def _ids(self, parts: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], list[slice]]:
        """What is read of a text, or of the two of a pair, and which of each one's tokens that is."""
        ids = [np.array(part, dtype=np.int64) for part in parts]
        lengths = [len(part) for part in ids]
        if self.trailing is not None:
            lengths[-1] -= int(np.argmin(np.append(ids[-1][::-1] == self.trailing, False)))
        special = self.template.specials(len(parts) > 1)
        kept = [slice(0, length) for length in lengths]
        if self.longest is not None and sum(lengths) > self.longest - special:
            kept = self._kept(lengths, self.longest, special)
        read = [part[own] + number * SECOND for number, (part, own) in enumerate(zip(ids, kept, strict=True))]
        return np.concatenate(read), kept

    def _kept(self, lengths: Sequence[int], longest: int, special: int) -> list[slice]:
        """Which tokens are read of a text, or of a pair, that is too long."""
        pair, whole = len(lengths) > 1, sum(lengths)
        if self.long.how == "windows" and not pair:
            return [slice(0, whole)]
        if self.long.how == "cut":
            room = longest - special
            rooms = longest_first(lengths[0], lengths[1], room, self.tokenizer.is_fast) if pair else (room,)
            if self.tokenizer.truncation_side == "left":
                return [slice(length - own, length) for length, own in zip(lengths, rooms, strict=True)]
            return [slice(0, own) for own in rooms]
        cure = "a pair is not read in windows: shorten it, or load the model with long='cut'"
        if not pair:
            cure = "shorten it, or load the model with long='windows' or long='cut' (on the command line --long)"
        raise TooLongError(
            f"the model reads {longest:,} tokens, of which {special} are special ones, the "
            f"{'pair' if pair else 'text'} has {whole:,}; {cure}"
        )

    def _encoded(self, text: str) -> Encoded:
        texts = self._texts(text)
        parts = [self._words(part) for part in texts]
        ids, kept = self._ids([part["input_ids"] for part in parts])
        spans: list[tuple[int, int]] = []
        for number, (part, words, own) in enumerate(zip(texts, parts, kept, strict=True)):
            shift = number and len(texts[0]) + len(SEPARATOR)
            offsets = (
                words["offset_mapping"]
                if self.has_offsets
                else places_by_spelling(self.tokenizer, part, words["input_ids"])
            )
            spans += [(start + shift, end + shift) for start, end in offsets[own]]
        starts, ends = _visible(text, np.array(spans, dtype=np.int64).reshape(-1, 2))
        tokens = tuple(self.tokenizer.convert_ids_to_tokens((ids % SECOND).tolist()))
        joined = joined_words(text, starts, ends) if len(ids) else None
        total = sum(len(part["input_ids"]) for part in parts)
        return Encoded(ids, starts, ends, tokens, ids % SECOND != self.unk_id, total, joined)


def longest_first(first: int, second: int, room: int, fast: bool) -> tuple[int, int]:
    """How many tokens of each text of a pair a tokenizer keeps that cuts the longer one first.

    Args:
        first: tokens of the first text.
        second: of the second.
        room: for both; less than they have.
        fast: whether it is a fast tokenizer, which gives an odd token to the longer text, or else to the second; a slow
            one gives it to the first.
    """
    shorter = min(first, second)
    if 2 * shorter <= room:
        return (shorter, room - shorter) if first <= second else (room - shorter, shorter)
    half = room // 2
    return (half, room - half) if fast and first <= second else (room - half, half)


def _content(serialised: str) -> str:
    """What a tokenizer.json says, without how it pads and truncates, which each call sets anew."""
    settings = json.loads(serialised)
    return one_spelling(json.dumps({**settings, "padding": None, "truncation": None}))


def _visible(text: str, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places without the white space at their ends: that before a word is no part of it."""
    starts, ends = places[:, 0].copy(), places[:, 1].copy()
    for token, (start, end) in enumerate(places.tolist()):
        piece = text[start:end]
        stripped = piece.strip()
        starts[token] = start + len(piece) - len(piece.lstrip()) if stripped else end
        ends[token] = starts[token] + len(stripped)
    return starts, ends
