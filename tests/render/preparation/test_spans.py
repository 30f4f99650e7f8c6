from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from panel_cases import SCORES

from attribkit.render.preparation.spans import has_unread, spans, words
from attribkit.results.panels import TokenScores


def scored(starts: list[int], ends: list[int]) -> TokenScores:
    n = len(starts)
    fields: dict[str, Any] = {"starts": starts, "ends": ends, "scores": [1.0] * n, "known": [True] * n}
    return TokenScores(**SCORES, **fields, tokens=("t",) * n, tokens_total=n)


@given(st.text(max_size=30), st.data())
def test_the_pieces_joined_are_the_text_and_tokens_keep_their_characters(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=10)))
    starts, ends = cuts[0 : len(cuts) // 2 * 2 : 2], cuts[1::2]
    found = spans(text, scored(starts, ends))
    assert "".join(piece.text for piece in found) == text
    for piece in found:
        if piece.token is not None:
            assert piece.text == text[starts[piece.token] : ends[piece.token]]


def test_words_that_no_token_covers_are_marked_as_not_read_and_white_space_is_not() -> None:
    found = spans("one <br /> two  three", scored([0, 11], [3, 14]))
    assert has_unread("one <br /> two  three", scored([0, 11], [3, 14]))
    assert not has_unread("one <BR/><br> two", scored([0, 14], [3, 17]))
    assert [(p.text, p.token, p.read) for p in found] == [
        ("one", 0, True),
        (" ", None, True),
        ("<br />", None, True),
        (" ", None, True),
        ("two", 1, True),
        ("  ", None, True),
        ("three", None, False),
    ]


def test_a_token_that_starts_where_the_last_one_ended_is_joined() -> None:
    assert [p.joined for p in spans("didn't go", scored([0, 3, 7], [3, 6, 9]))] == [False, True, False, False]


def test_without_a_text_the_tokens_are_shown() -> None:
    assert [p.text for p in spans(None, scored([0, 1], [1, 2]))] == ["t", " ", "t"]
    assert spans(None, scored([], [])) == []


def test_spans_beyond_the_text_are_refused_with_the_cure() -> None:
    with pytest.raises(ValueError, match="text of 3 characters, got an end at 9; give the text that was explained"):
        spans("abc", scored([0], [9]))


def test_words_are_as_written_not_as_the_model_read_them(token_scores: Callable[..., TokenScores]) -> None:
    assert words("It WAS", token_scores("It WAS")) == ["It", "WAS"]
    assert words(None, token_scores("It WAS")) == ["it", "was"]
