"""Texts as a transformer reads them: its own tokenizer's ids, each with its place in the text.

The ids are those of the words alone: the network adds the special tokens. Those of a pair's second text carry a mark,
2^40, so that a row of ids says where the one ends and the other begins, however many are left out.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.huggingface.template import Template
from attribkit.text.encoded import Encoded
from attribkit.text.joined_words import joined_words
from attribkit.text.text_pair import SECOND, SEPARATOR, parts_of
from attribkit.text.tokenizer import one_spelling


class TransformerEncoder:
    """A tokenizer of `transformers` as `attribkit.text.encoded.TextEncoder` asks for it.

    Args:
        tokenizer: the model's.
        template: where it puts special tokens.
        fill_id: the id that stands where a word is taken out, and fills a batch.
        longest: the most tokens, special ones included, that the model reads; None for no limit.
        trailing: an id that the model takes no notice of at a text's end; None if there is none.
    """

    def __init__(
        self, tokenizer: Any, template: Template, fill_id: int, longest: int | None, trailing: int | None = None
    ) -> None:
        self.tokenizer, self.template, self.longest, self.trailing = tokenizer, template, longest, trailing
        self.pad_id = fill_id
        self.unk_id = fill_id if tokenizer.unk_token_id is None else int(tokenizer.unk_token_id)

    @property
    def has_offsets(self) -> bool:
        """Whether the tokenizer says where its tokens stand; a slow one, written in Python, does not."""
        return bool(self.tokenizer.is_fast)

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Each text's tokens with their places in it, and the words that they make up."""
        return [self._encoded(text) for text in texts]

    def ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Each text's token ids alone."""
        return [self._ids(text, [self._words(part) for part in self._texts(text)]) for text in texts]

    def fingerprint(self) -> str:
        """A hash of what decides the ids."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        backend = getattr(self.tokenizer, "backend_tokenizer", None)
        own = json.dumps(self.tokenizer.get_vocab(), sort_keys=True) if backend is None else _content(backend.to_str())
        content = f"{own} {self.template!r} {self.pad_id} {self.unk_id} {self.longest}"
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

    def _ids(self, text: str, parts: Sequence[Any]) -> NDArray[np.int64]:
        ids = [np.array(part["input_ids"], dtype=np.int64) for part in parts]
        if self.trailing is not None:
            last = ids[-1]
            ids[-1] = last[: len(last) - int(np.argmin(np.append(last[::-1] == self.trailing, False)))]
        whole = np.concatenate([part + number * SECOND for number, part in enumerate(ids)])
        special = self.template.specials(len(parts) > 1)
        if self.longest is not None and len(whole) > self.longest - special:
            raise InputError(
                f"the model reads {self.longest} tokens, of which {special} are special ones, the text has "
                f"{len(whole):,}; shorten it"
            )
        return whole

    def _encoded(self, text: str) -> Encoded:
        texts = self._texts(text)
        parts = [self._words(part) for part in texts]
        ids = self._ids(text, parts)
        spans: list[tuple[int, int]] = []
        for number, (part, words) in enumerate(zip(texts, parts, strict=True)):
            shift = number and len(texts[0]) + len(SEPARATOR)
            offsets = words["offset_mapping"] if self.has_offsets else self._found(part, words["input_ids"])
            spans += [(start + shift, end + shift) for start, end in offsets]
        places = np.array(spans[: len(ids)], dtype=np.int64).reshape(-1, 2)
        starts, ends = _visible(text, places)
        tokens = tuple(self.tokenizer.convert_ids_to_tokens((ids % SECOND).tolist()))
        words = joined_words(text, starts, ends) if len(ids) else None
        return Encoded(ids, starts, ends, tokens, ids % SECOND != self.unk_id, len(spans), words)

    def _found(self, text: str, ids: Sequence[int]) -> list[tuple[int, int]]:
        """Where a slow tokenizer's tokens stand, found by their spelling; one that is not found stands nowhere."""
        places, done, plain = [], 0, text.lower()
        for token in self.tokenizer.convert_ids_to_tokens(list(ids)):
            piece = token.removeprefix("##").removeprefix("▁").removeprefix("Ġ").removesuffix("</w>").lower()
            start = plain.find(piece, done) if piece else -1
            if start >= 0 and not text[done:start].strip():
                places.append((start, start + len(piece)))
                done = start + len(piece)
            else:
                places.append((done, done))
        return places


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
