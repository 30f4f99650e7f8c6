"""Texts cut into words, and put together again from some of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import attribkit as ak
from attribkit.text import text_splitter
from attribkit.text.text_splitter import TextSplitter

TEXTS = st.text(alphabet="ab ,.\n'İßé漢👍🏽\t<br/>", min_size=1, max_size=30)


@given(TEXTS, st.randoms(use_true_random=False))
def test_a_text_is_itself_and_loses_only_the_words_left_out(text: str, random: object) -> None:
    splitter = TextSplitter()
    (encoded,) = splitter.encode([text])
    assert [text[a:b] for a, b in zip(encoded.starts, encoded.ends, strict=True)] == list(encoded.tokens)
    if not len(encoded.ids):
        return
    assert splitter.text(encoded.ids) == text
    keep = np.array([bool(random.getrandbits(1)) for _ in encoded.ids])  # type: ignore[attr-defined]
    expected, end = "", 0
    for start, stop, kept in zip(encoded.starts, encoded.ends, keep, strict=True):
        expected, end = expected + text[end:start] + (text[start:stop] if kept else ""), int(stop)
    expected = expected + text[end:] if keep.any() else ""
    # taken away, or replaced by PAD: the same text
    assert splitter.text(encoded.ids[keep]) == expected
    assert splitter.text(np.where(keep, encoded.ids, splitter.pad_id)) == expected


def test_what_stands_between_words_stays_and_a_stand_in_takes_the_place_of_a_word() -> None:
    splitter = TextSplitter(stand_in="[MASK]")
    (ids,) = splitter.ids(["Dull,\n\nvery  dull."])
    without = np.where(np.arange(len(ids)) == 2, splitter.pad_id, ids)
    assert splitter.text(without) == "Dull,\n\n[MASK]  dull."
    assert splitter.text(np.delete(ids, 2)) == "Dull,\n\n  dull."  # deleted, nothing takes its place
    assert splitter.text(np.full(2, splitter.pad_id)) == "[MASK] [MASK]"
    assert TextSplitter().text(np.full(2, 0)) == ""


def test_ids_are_the_same_whatever_was_read_before() -> None:
    first, second = TextSplitter(), TextSplitter()
    second.encode(["another text", "and one more"])
    assert np.array_equal(first.ids(["a good film"])[0], second.ids(["a good film"])[0])
    assert len({int(ids[0]) for ids in first.ids(["a", "a ", "b", "a"])}) == 3


def test_words_of_two_texts_follow_each_other() -> None:
    splitter = TextSplitter()
    (one,), (two,) = splitter.ids(["good"]), splitter.ids(["it was bad , bad"])[:1]
    assert splitter.text(np.concatenate((one, two[2:4]))) == "good bad ,"
    assert splitter.text(np.concatenate((two[:1], two[2:3], one))) == "it bad good"


def test_texts_read_long_ago_are_forgotten_and_that_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_splitter, "_MOST_CHARACTERS", 10)
    splitter = TextSplitter()
    early, late = splitter.ids(["a good film", "a bad one"])
    assert splitter.text(late) == "a bad one"
    with pytest.raises(ak.InputError, match=r"more than 10 characters were read at once.*give the texts in parts"):
        splitter.text(early)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (lambda text: ["other"], "each word that `split` returns must stand in the text in order, got 'other'"),
        (lambda text: [("a", 0, 3), ("b", 2, 4)], "must follow each other within the text, got .'b', 2, 4."),
        (lambda text: [("a", 0, 99)], r"must follow each other within the text"),
        (lambda text: [], "found no word in the text 'a good film'"),
    ],
)
def test_a_splitter_whose_words_are_not_in_the_text_is_told_so(split: object, message: str) -> None:
    with pytest.raises(ak.InputError, match=message):
        TextSplitter(split).encode(["a good film"])  # type: ignore[arg-type]
