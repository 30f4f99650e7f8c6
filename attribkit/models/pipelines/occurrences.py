"""Every n-gram of a text that a vectorizer counts, with the tokens that share it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attribkit.models.pipelines.alignment import Aligned, aligner
from attribkit.models.pipelines.characters import Grams, grams_of
from attribkit.models.pipelines.vocabulary import lookup_of, ngram_columns
from attribkit.models.pipelines.words import Words, words_of
from attribkit.text.encoded import Encoded
from attribkit.text.text_splitter import own_words

Ids = NDArray[np.int64]


class Block(NamedTuple):
    """Some n-grams of one text, K occurrences; each is shared by a run of units: words, or characters in words.

    Attributes:
        columns: (K,) each one's feature.
        signs: (K,) 1 or −1, with which it is counted; None where that is 1 for all.
        firsts: (K,) its first unit.
        lasts: (K,) its last unit.
        tokens: (U,) the token that each unit lies in.
    """

    columns: Ids
    signs: Ids | None
    firsts: Ids
    lasts: Ids
    tokens: Ids


@dataclass(frozen=True, eq=False)
class TextNgrams:
    """A text's tokens, and its n-grams for each of several vectorizers.

    Attributes:
        encoded: the tokens; their ids do not count.
        blocks: for each vectorizer its n-grams.
        hidden: why their places cannot be told, as a clause; None if they can.
    """

    encoded: Encoded
    blocks: tuple[tuple[Block, ...], ...]
    hidden: str | None = None


class VectorizerReader:
    """One vectorizer: the n-grams of texts and their features."""

    def __init__(self, vectorizer: Any) -> None:
        self.vectorizer, self.align = vectorizer, aligner(vectorizer)
        self.by_word = vectorizer.analyzer == "word"
        self.split = words_of(vectorizer) if self.by_word else None
        self.lookup = lookup_of(vectorizer)

    def word_blocks(self, words: Sequence[Words], tokens: Sequence[Ids]) -> list[tuple[Block, ...]]:
        """Of N texts: their words, and the token that each word lies in."""
        flat = list(chain.from_iterable(of_text[0] for of_text in words))
        counts = [len(of_text[0]) for of_text in words]
        bounds = np.cumsum([0, *counts])
        text = np.repeat(np.arange(len(words)), counts)
        blocks: list[list[Block]] = [[] for _ in words]
        low, high = self.vectorizer.ngram_range
        by_size = ngram_columns(self.vectorizer, flat, range(low, high + 1))
        for size in range(low, high + 1):
            columns, signs = by_size[size]
            kept = columns >= 0
            kept &= text[: len(columns)] == text[size - 1 :]
            places = np.flatnonzero(kept)
            columns, signs = columns[places], None if signs is None else signs[places]
            cuts = np.searchsorted(places, bounds).tolist()
            firsts = places - bounds[text[places]]
            lasts = firsts + (size - 1)
            for number, (a, b) in enumerate(pairwise(cuts)):
                of_text = None if signs is None else signs[a:b]
                blocks[number].append(Block(columns[a:b], of_text, firsts[a:b], lasts[a:b], tokens[number]))
        return [tuple(of_text) for of_text in blocks]

    def character_block(self, text: Aligned, starts: Ids, ends: Ids) -> Block:
        """Of one text with tokens at these places: an n-gram is shared by its characters that lie in tokens.

        One that has none, as of spaces alone, is the token's before it, or the first one's.
        """
        grams: Grams = grams_of(self.vectorizer, text)
        columns, signs = self.lookup(grams[0])
        kept = np.flatnonzero(columns >= 0)
        firsts, lasts = grams[1][kept], grams[2][kept]
        rank = np.zeros(text.length + 1, dtype=np.int64)
        tokens = np.repeat(np.arange(len(starts)), ends - starts)
        inside = np.zeros(text.length, dtype=np.int64)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            inside[start:end] = 1
        np.cumsum(inside, out=rank[1:])
        low, high = rank[firsts], rank[lasts + 1] - 1
        none = np.flatnonzero(high < low)
        before = np.maximum(np.searchsorted(starts, firsts[none], side="right") - 1, 0)
        low[none] = high[none] = len(tokens) + np.arange(len(none))
        return Block(columns[kept], None if signs is None else signs[kept], low, high, np.append(tokens, before))


class NgramReader:
    """Reads texts as several vectorizers do.

    Its tokens are the words that the vectorizers of words read, as they read them. Beside a vectorizer of characters
    this package's own words are tokens too, those that overlap as one; and where no vectorizer reads any word.
    """

    def __init__(self, vectorizers: Sequence[Any]) -> None:
        self.readers = [VectorizerReader(vectorizer) for vectorizer in vectorizers]

    def __call__(self, texts: Sequence[str]) -> list[TextNgrams]:
        """Each text's tokens and n-grams."""
        try:
            return self._read(texts)
        except ValueError as error:  # of one text: the others are read all the same
            if len(texts) > 1:
                return [self([text])[0] for text in texts]
            return [TextNgrams(own_words(texts)[0], (), hidden=str(error).partition(";")[0])]

    def _read(self, texts: Sequence[str]) -> list[TextNgrams]:
        aligned = [[reader.align(text) for text in texts] for reader in self.readers]
        words = [
            reader.split(read) if reader.split else None for reader, read in zip(self.readers, aligned, strict=True)
        ]
        spans = [
            [text.spans(starts, ends) for text, (_, starts, ends) in zip(read, of_texts, strict=True)]
            for read, of_texts in zip(aligned, words, strict=True)
            if of_texts is not None
        ]
        if not all(reader.by_word for reader in self.readers) and spans:  # characters beside words are read too
            spans.append([(own.starts, own.ends) for own in own_words(texts)])
        names = next((of_texts for of_texts in words if of_texts is not None), None) if len(spans) == 1 else None
        tokens = [
            _tokens(text, [of_text[number] for of_text in spans], None if names is None else names[number][0])
            for number, text in enumerate(texts)
        ]
        blocks: list[list[tuple[Block, ...]]] = []
        for reader, read, of_texts in zip(self.readers, aligned, words, strict=True):
            if of_texts is None:
                of_reader: list[tuple[Block, ...]] = [
                    (reader.character_block(text, own.starts, own.ends),)
                    for text, own in zip(read, tokens, strict=True)
                ]
            else:
                places = [
                    _token_of(own, text.spans(starts, ends)[0])
                    for own, text, (_, starts, ends) in zip(tokens, read, of_texts, strict=True)
                ]
                of_reader = reader.word_blocks(of_texts, places)
            blocks.append(of_reader)
        return [
            TextNgrams(_with_known(own, of_text), of_text)
            for own, *of_text_list in zip(tokens, *blocks, strict=True)
            for of_text in (tuple(of_text_list),)
        ]


def _token_of(encoded: Encoded, starts: Ids) -> Ids:
    if np.array_equal(encoded.starts, starts):
        return np.arange(len(starts))
    return np.searchsorted(encoded.starts, starts, side="right") - 1


def _tokens(text: str, spans: Sequence[tuple[Ids, Ids]], words: Sequence[str] | None) -> Encoded:
    """The words' spans, those that overlap as one; this package's own words where there are none."""
    if not sum(len(starts) for starts, _ in spans):
        return own_words([text])[0]
    if len(spans) == 1 and words is not None and not bool((spans[0][0][1:] < spans[0][1][:-1]).any()):
        starts, ends = spans[0]
    else:
        starts, ends = (np.concatenate(parts) for parts in zip(*spans, strict=True))
        order = np.lexsort((ends, starts))
        starts, ends = starts[order], np.maximum.accumulate(ends[order])
        new = np.append(True, starts[1:] >= ends[:-1])
        starts, ends = starts[new], ends[np.append(np.flatnonzero(new)[1:] - 1, len(ends) - 1)]
        words = [text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    return Encoded(starts, starts, ends, tuple(words), np.zeros(len(starts), dtype=bool), len(starts))


def _with_known(encoded: Encoded, blocks: Sequence[tuple[Block, ...]]) -> Encoded:
    """A token is known if any n-gram that it is part of is a feature."""
    for block in chain.from_iterable(blocks):
        for step in range(int((block.lasts - block.firsts).max(initial=-1)) + 1):
            encoded.known[block.tokens[np.minimum(block.firsts + step, block.lasts)]] = True
    return encoded
