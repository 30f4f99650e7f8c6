"""Texts in common scripts are split by regular expressions of Python's, word for word as the library splits them."""

import sys
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribkit.text.settings import TextSettings
from attribkit.text.tokenizer import Tokenizer
from attribkit.text.word_split import WordSplit

KNOWN = "".join(char for char in map(chr, range(0x2200)) if WordSplit.knows(char))
PARTS = (
    *(
        "n't",
        "N'T",
        "n’t",
        "'s",
        "'LL",
        "’ve",
        "can",
        "don",
        "n",
        "it",
        "'",
        "10",
        "<br />",
        "<BR\t/>",
        "<br",
        "(",
        ")",
    ),
    *(" ", "\r\n", "\xa0", "\x85", "é", "Ж", "½", "—", "a(b)c", "[PAD]", "&"),
)
common = st.lists(st.one_of(st.sampled_from(PARTS), st.text(KNOWN, max_size=3)), max_size=30).map("".join)
any_text = st.lists(
    st.one_of(st.sampled_from(PARTS), st.text(st.characters(exclude_categories=["Cs"]), max_size=3)), max_size=30
).map("".join)


def made(
    lowercase: bool = True,
    remove_parenthesised: bool = False,
    max_length: int = 2_000,
    truncate: Literal["end", "start"] = "end",
) -> Tokenizer:
    settings = TextSettings(
        lowercase=lowercase,
        min_frequency=1,
        max_length=max_length,
        truncate=truncate,
        remove_parenthesised=remove_parenthesised,
    )
    return Tokenizer.train(["I can't say it's 10 é½ ж film, n't 'll — & don"], settings)


TOKENIZERS = (
    made(),
    made(lowercase=False),
    made(remove_parenthesised=True),
    made(max_length=3),
    made(lowercase=False, max_length=4, truncate="start"),
)


def assert_same(tokenizer: Tokenizer, texts: list[str]) -> None:
    library = tokenizer._library_encoded(texts)
    for own, other in zip(tokenizer.encode(texts), library, strict=True):
        assert own.tokens == other.tokens
        assert own.total == other.total
        for name in ("ids", "starts", "ends", "known"):
            assert np.array_equal(getattr(own, name), getattr(other, name))
    for row, encoded in zip(tokenizer.ids(texts), library, strict=True):
        assert np.array_equal(row, encoded.ids)


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@given(text=common)
def test_common_texts_are_split_as_by_the_library(tokenizer: Tokenizer, text: str) -> None:
    assert WordSplit.knows(text)
    assert_same(tokenizer, [text])


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@given(texts=st.lists(any_text, max_size=4))
def test_any_texts_are_split_as_by_the_library_and_keep_their_order(tokenizer: Tokenizer, texts: list[str]) -> None:
    assert_same(tokenizer, texts)


@pytest.mark.parametrize("tokenizer", TOKENIZERS[:2])
def test_every_character_that_is_known_is_read_as_the_library_reads_it(tokenizer: Tokenizer) -> None:
    assert len(KNOWN) > 450
    surroundings = ("{}", "a{}b", "{}n't", "don'{}", "'{}", "{0}{0}", "n'T{}", " {} ", "<br{}/>")
    assert_same(tokenizer, [around.format(char) for char in KNOWN for around in surroundings])


def test_what_joins_or_grows_or_stands_alone_is_left_to_the_library() -> None:
    for text in (
        "e\u0301",
        "我",
        "İ",
        "Σ",
        "ſ",
        "\u200d",
        "👍",
        "\xad",
        "\u212a",
    ):  # the last one is the sign of kelvins
        assert not WordSplit.knows(text)
    assert not any(WordSplit.knows(chr(code)) for code in range(0x2200, sys.maxunicode, 97))


@pytest.mark.parametrize(
    "settings",
    [
        TextSettings(min_frequency=1, level="character"),
        TextSettings(min_frequency=1, stop_words=("a",)),
        TextSettings(min_frequency=1, remove_non_alphanumeric=True),
    ],
)
def test_other_rules_are_the_library_s(settings: TextSettings) -> None:
    tokenizer = Tokenizer.train(["a film, and a good one"], settings)
    assert tokenizer._split is None
    assert_same(tokenizer, ["a film!", "what a  film's end"])


def test_a_file_with_other_rules_than_this_version_s_is_the_library_s() -> None:
    tokenizer = made()
    changed = tokenizer.to_json().replace(r"\\p{Han}|", "", 1)
    assert changed != tokenizer.to_json()
    assert Tokenizer.from_json(changed, tokenizer.settings)._split is None
    assert Tokenizer.from_json(tokenizer.to_json(), tokenizer.settings)._split is not None
