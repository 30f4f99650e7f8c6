"""Subwords joined to words by their characters."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribkit.text.joined_words import joined_words

CASES = {
    "wasn't stays one word": ("wasn't it", [(0, 4), (4, 5), (5, 6), (7, 9)], [(0, 6), (7, 9)]),
    "with a curly apostrophe": ("wasn’t it", [(0, 4), (4, 5), (5, 6), (7, 9)], [(0, 6), (7, 9)]),
    "a sign stands alone": ("good.", [(0, 2), (2, 4), (4, 5)], [(0, 4), (4, 5)]),
    "a token over two signs joins them": ("so...", [(0, 2), (2, 5)], [(0, 2), (2, 5)]),
    "three bytes share a character": ("a 😀 b", [(0, 1), (2, 3), (2, 3), (2, 3), (4, 5)], [(0, 1), (2, 3), (4, 5)]),
    "a token over two characters": ("né !", [(0, 2), (3, 4)], [(0, 2), (3, 4)]),
    "a lone space belongs to the next word": ("a b", [(0, 1), (2, 2), (2, 3)], [(0, 1), (2, 3)]),
    "and the last one to the word before": ("a b ", [(0, 1), (2, 3), (4, 4)], [(0, 1), (2, 3)]),
    "marks are part of a word": ("हिन्दी है", [(0, 3), (3, 6), (7, 9)], [(0, 6), (7, 9)]),
    "Chinese has its tokens as words": ("电影很好", [(0, 2), (2, 3), (3, 4)], [(0, 2), (2, 3), (3, 4)]),
    "white space inside a token is no part": (" film", [(0, 5)], [(1, 5)]),
}


@pytest.mark.parametrize("name", CASES)
def test_words_of_tokens(name: str) -> None:
    text, tokens, words = CASES[name]
    starts, ends = np.array(tokens).T
    joined = joined_words(text, starts, ends)
    assert list(zip(joined.starts.tolist(), joined.ends.tolist(), strict=True)) == words
    assert joined.tokens == tuple(text[start:end] for start, end in words)


@given(st.text(max_size=30), st.data())
def test_every_token_has_a_word_and_scores_keep_their_sum(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=10)) | {0, len(text)})
    spans = [*pairwise(cuts)] or [(0, 0)]
    repeat = data.draw(st.integers(0, len(spans) - 1))
    spans.insert(repeat, spans[repeat])  # two tokens of the same characters
    starts, ends = np.array(spans).T
    joined = joined_words(text, starts, ends)
    scores = np.arange(1.0, len(spans) + 1)
    assert len(joined.word) == len(spans) and np.isclose(joined.summed(scores).sum(), scores.sum())
    assert np.all(np.diff(joined.word) >= 0) and set(joined.word) == set(range(len(joined.starts)))
    assert np.all(joined.starts[1:] >= joined.ends[:-1]) and np.all(joined.ends <= len(text))
    for token, (start, end) in enumerate(spans):  # a word's span holds every visible character of its tokens
        word, piece = joined.word[token], text[start:end].strip()
        assert not piece or (
            joined.starts[word] <= start + text[start:end].index(piece) and piece in joined.tokens[word]
        )
