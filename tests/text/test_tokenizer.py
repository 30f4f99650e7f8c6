"""Tokens keep their place in the user's own text, whatever the text holds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribkit.text.encoded import Encoded, check_encoded, check_text
from attribkit.text.settings import ENGLISH_STOP_WORDS, TextSettings
from attribkit.text.tokenizer import PAD_ID, UNK_ID, Tokenizer
from attribkit.text.word_index import WordIndex

TEXTS = (
    "I've never watched something as bad, didn't you?",
    "Best film ever!<br /><br />Well-made & moving: 10/10.",
    "Очень хороший фильм, привет",
    "我爱北京 film",
    "pad unk [PAD] <pad> [UNK]",
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(TEXTS, TextSettings(min_frequency=1))


def written(encoded: Encoded, text: str) -> list[str]:
    return [text[start:end] for start, end in zip(encoded.starts, encoded.ends, strict=True)]


def test_contractions_are_split_as_the_vectors_spell_them(tokenizer: Tokenizer) -> None:
    text = "I've didn't can't it’s DON'T o'clock"
    encoded = tokenizer.encode([text])[0]
    assert written(encoded, text) == [
        *("I", "'ve", "did", "n't", "ca", "n't", "it", "’s", "DO", "N'T", "o", "'", "clock"),
    ]
    assert encoded.tokens[1] == "'ve"


def test_case_is_folded_for_the_model_and_kept_for_the_picture(tokenizer: Tokenizer) -> None:
    text = "BEST   Film"
    encoded = tokenizer.encode([text])[0]
    assert encoded.tokens == ("best", "film")
    assert written(encoded, text) == ["BEST", "Film"]


def test_punctuation_stands_alone_and_breaks_are_no_words(tokenizer: Tokenizer) -> None:
    text = "Well-made<BR/>moving!!"
    assert written(tokenizer.encode([text])[0], text) == ["Well", "-", "made", "moving", "!", "!"]


def test_scripts_without_spaces_are_split_by_character(tokenizer: Tokenizer) -> None:
    text = "我爱film привет"
    assert written(tokenizer.encode([text])[0], text) == ["我", "爱", "film", "привет"]


def test_an_emoji_with_joiners_is_one_token(tokenizer: Tokenizer) -> None:
    text = "film👨‍👩‍👧❤️!"
    assert written(tokenizer.encode([text])[0], text) == ["film", "👨‍👩‍👧", "❤️", "!"]


@pytest.mark.parametrize("literal", ["[PAD]", "<pad>", "[UNK]", "[pad]"])
def test_a_literal_special_token_is_just_text(tokenizer: Tokenizer, literal: str) -> None:
    for one in (tokenizer, Tokenizer.from_json(tokenizer.to_json(), tokenizer.settings)):
        encoded = one.encode([literal])[0]
        assert PAD_ID not in encoded.ids
        assert written(encoded, literal) == [literal[0], literal[1:-1], literal[-1]]


def test_letters_that_grow_when_lowered_keep_their_place(tokenizer: Tokenizer) -> None:
    text = "İstanbul ist GROẞ film"
    assert written(tokenizer.encode([text])[0], text) == ["İstanbul", "ist", "GROẞ", "film"]


def test_an_unknown_word_is_marked_and_spelt_as_written(tokenizer: Tokenizer) -> None:
    encoded = tokenizer.encode(["film Xyzzy"])[0]
    assert encoded.tokens == ("film", "Xyzzy")
    assert encoded.known.tolist() == [True, False]
    assert encoded.ids[1] == UNK_ID


def test_a_truncated_text_says_how_many_tokens_it_has() -> None:
    text = " ".join(f"w{i}" for i in range(10))
    for side, first in (("end", "w0"), ("start", "w7")):
        short = Tokenizer.train([text], TextSettings(min_frequency=1, max_length=3, truncate=side))  # type: ignore[arg-type]
        encoded = short.encode([text])[0]
        assert encoded.tokens[0] == first
        assert (len(encoded.ids), encoded.total) == (3, 10)


def test_the_vocabulary_keeps_the_most_frequent_tokens() -> None:
    trained = Tokenizer.train(["a a a b b c"], TextSettings(min_frequency=1, vocabulary_size=4))
    assert list(trained.vocabulary) == ["[PAD]", "[UNK]", "a", "b"]
    assert list(Tokenizer.train(["a a a b b c"], TextSettings(min_frequency=2)).vocabulary)[2:] == ["a", "b"]


def test_no_frequent_token_is_refused() -> None:
    with pytest.raises(ValueError, match="lower `min_frequency`"):
        Tokenizer.train(["every word once"], TextSettings(min_frequency=2))


def test_the_attention_seeds_preprocessing_is_an_option() -> None:
    text = "The film (with a star) was not bad !!"
    trained = Tokenizer.train(
        [text],
        TextSettings(
            min_frequency=1, stop_words=ENGLISH_STOP_WORDS, remove_parenthesised=True, remove_non_alphanumeric=True
        ),
    )
    again = Tokenizer.from_json(trained.to_json(), trained.settings)
    for one in (trained, again):
        assert written(one.encode([text])[0], text) == ["film", "not", "bad"]


def test_characters_can_be_the_tokens() -> None:
    trained = Tokenizer.train(["naïve 👨‍👩‍👧  x"], TextSettings(min_frequency=1, level="character"))
    text = "Naïve 👨‍👩‍👧  x"
    assert written(trained.encode([text])[0], text) == ["N", "a", "ï", "v", "e", " ", "👨‍👩‍👧", "  ", "x"]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
@settings(max_examples=300)
def test_spans_are_in_order_inside_the_text_and_never_overlap(text: str) -> None:
    tokenizer = Tokenizer.train(TEXTS, TextSettings(min_frequency=1))
    (encoded,) = tokenizer.encode([text])
    ends = np.concatenate([[0], encoded.ends])
    assert (encoded.starts >= ends[:-1]).all()
    assert (encoded.ends > encoded.starts).all()
    assert (encoded.ends <= len(text)).all()
    assert encoded.total == len(encoded.ids) == len(encoded.tokens)
    assert tokenizer.ids([text])[0].tolist() == encoded.ids.tolist()
    # nothing a person can see is left out, but for the break
    if "<br" not in text.lower():
        seen = set().union(*(range(s, e) for s, e in zip(encoded.starts, encoded.ends, strict=True)))
        assert not [c for i, c in enumerate(text) if c.isalnum() and i not in seen]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_saved_tokenizer_reads_texts_as_before(text: str) -> None:
    tokenizer = Tokenizer.train([*TEXTS, text], TextSettings(min_frequency=1))
    again = Tokenizer.from_json(tokenizer.to_json(), tokenizer.settings)
    assert again.vocabulary == tokenizer.vocabulary
    assert again.encode([text])[0].ids.tolist() == tokenizer.encode([text])[0].ids.tolist()


@pytest.mark.parametrize("content", ["", "{}", "not json", '{"model": 3}'])
def test_a_tokenizer_file_that_is_none_is_refused(content: str) -> None:
    with pytest.raises(ValueError, match=r"tokenizer\.json was expected"):
        Tokenizer.from_json(content, TextSettings())


@pytest.mark.parametrize("text", [None, 3, float("nan"), b"bytes", ["list"]])
def test_what_is_no_string_is_refused(text: object) -> None:
    with pytest.raises(TypeError, match="must be a string, got"):
        check_text(text)


@pytest.mark.parametrize("text", ["", "  \n\t "])
def test_an_empty_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="empty; give at least one word"):
        check_text(text)


def test_half_a_surrogate_pair_is_refused_by_its_place() -> None:
    with pytest.raises(ValueError, match=r"lone surrogate \(U\+D83D at position 4\)"):
        check_text("film\ud83d")


@pytest.mark.parametrize("text", ["\x00", "\u202e", "<br />"])
def test_a_text_without_a_token_is_refused(tokenizer: Tokenizer, text: str) -> None:
    with pytest.raises(ValueError, match="found no token"):
        check_encoded(tokenizer.encode([text])[0], text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": "sentence"}, "'word' or 'character'"),
        ({"truncate": "middle"}, "'end' or 'start'"),
        ({"max_length": 0}, "`max_length` must be at least 1"),
        ({"vocabulary_size": 2}, "`vocabulary_size` must be at least 3"),
    ],
)
def test_settings_out_of_range_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TextSettings(**options)


def test_a_word_index_finds_its_words_again_in_the_text() -> None:
    index = WordIndex({"<pad>": 7, "<unk>": 3, "good": 1, "film": 2}, split=lambda text: text.lower().split())
    text = "A  GOOD good Film"
    (encoded,) = index.encode([text])
    assert encoded.ids.tolist() == [3, 1, 1, 2]
    assert written(encoded, text) == ["A", "GOOD", "good", "Film"]
    assert (index.pad_id, index.unk_id) == (7, 3)


def test_a_word_index_takes_a_spelt_out_padding_word_for_a_word() -> None:
    index = WordIndex({"<pad>": 0, "<unk>": 1, "pad": 2})
    assert index.ids(["<pad> pad"])[0].tolist() == [1, 2]


def test_a_word_index_without_its_padding_word_is_refused() -> None:
    with pytest.raises(ValueError, match="got '<pad>'; did you mean 'pad'"):
        WordIndex({"pad": 0, "unk": 1})
    with pytest.raises(ValueError, match="got '<pad>'; name the vocabulary's own with pad=…"):
        WordIndex({"bad": 0, "good": 1})


def test_a_split_that_invents_words_is_refused() -> None:
    index = WordIndex({"<pad>": 0, "<unk>": 1}, split=lambda text: ["other"])
    with pytest.raises(ValueError, match="must stand in the text in order, got 'other'"):
        index.encode(["some text"])
