from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribkit.render.layout import (
    is_right_to_left,
    lines_of,
    number,
    percent,
    pieces,
    runs,
    scales,
    shorten,
    strongest,
    visible,
    words,
)
from attribkit.results.explanation import Explanation
from attribkit.results.panels import TokenScores


def scored(starts: list[int], ends: list[int]) -> TokenScores:
    n = len(starts)
    fields: dict[str, Any] = {"starts": starts, "ends": ends, "scores": [1.0] * n, "known": [True] * n}
    return TokenScores(
        **fields,
        tokens=("t",) * n,
        unit="logit",
        target="a",
        method="m",
        baseline="pad",
        steps=1,
        output_text=0.0,
        output_baseline=0.0,
        tolerance=1e-4,
        converged=None,
        tokens_total=n,
    )


@given(st.text(max_size=30), st.data())
def test_the_pieces_joined_are_the_text_and_tokens_keep_their_characters(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=10)))
    starts, ends = cuts[0 : len(cuts) // 2 * 2 : 2], cuts[1::2]
    found = pieces(text, scored(starts, ends))
    assert "".join(piece.text for piece in found) == text
    for piece in found:
        if piece.token is not None:
            assert piece.text == text[starts[piece.token] : ends[piece.token]]


def test_words_that_no_token_covers_are_marked_as_not_read_and_white_space_is_not() -> None:
    found = pieces("one <br /> two  three", scored([0, 11], [3, 14]))
    assert [(p.text, p.token, p.read) for p in found] == [
        ("one", 0, True),
        (" ", None, True),
        ("<br />", None, False),
        (" ", None, True),
        ("two", 1, True),
        ("  ", None, True),
        ("three", None, False),
    ]


def test_a_token_that_starts_where_the_last_one_ended_is_joined() -> None:
    assert [p.joined for p in pieces("didn't go", scored([0, 3, 7], [3, 6, 9]))] == [False, True, False, False]


def test_without_a_text_the_tokens_are_shown() -> None:
    assert [p.text for p in pieces(None, scored([0, 1], [1, 2]))] == ["t", " ", "t"]
    assert pieces(None, scored([], [])) == []


def test_spans_beyond_the_text_are_refused_with_the_cure() -> None:
    with pytest.raises(ValueError, match="text of 3 characters, got an end at 9; give the text that was explained"):
        pieces("abc", scored([0], [9]))


@pytest.mark.parametrize(
    ("value", "size", "shown"),
    [
        (2.31, None, "+2.31"),
        (-2.3149, None, "−2.31"),
        (0.0, None, "0"),
        (0.0, 2.0, "0.00"),
        (-0.001, 2.0, "−0.00"),
        (12.34, None, "+12.3"),
        (1234.5, None, "+1234"),
        (9.996, None, "+10.0"),
        (0.01234, None, "+0.0123"),
        (1e-7, None, "+1.00e-07"),
        (-3.2e9, None, "−3.20e+09"),
        (1e300, None, "+1.00e+300"),
        (5e-324, None, "+4.94e-324"),
        (float("inf"), None, "∞"),
        (float("nan"), None, "not a number"),
    ],
)
def test_numbers_are_written_for_readers(value: float, size: float | None, shown: str) -> None:
    assert number(value, size) == shown


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_and_its_negative_differ_in_the_sign_alone(value: float) -> None:
    plus, minus = number(abs(value)), number(-abs(value))
    assert plus.lstrip("+") == minus.lstrip("−")
    assert "np." not in plus and len(plus) < 12


@pytest.mark.parametrize(
    ("p", "shown"),
    [(0.9127, "91.3%"), (1.0, "100%"), (0.0, "0%"), (0.99999, ">99.9%"), (1e-9, "<0.1%"), (0.5, "50.0%")],
)
def test_a_probability_is_never_rounded_to_certainty(p: float, shown: str) -> None:
    assert percent(p) == shown


def test_control_characters_are_made_visible_and_honest_ones_stay() -> None:
    assert visible("a\x00b\x1bc\x7f") == "a␀b␛c␡"
    assert visible("\u202eevil\u2066") == "⟨RLO⟩evil⟨LRI⟩"
    assert visible("\x85 \ufffe \u2028 \ud800") == "⟨U+0085⟩ ⟨U+FFFE⟩ ⟨U+2028⟩ \ufffd"
    family = "\U0001f468\u200d\U0001f469 می\u200cخواهم é ß"
    assert visible(family) == family
    assert visible("a\nb\tc\r\nd\re") == "a\nb\tc\nd\ne"
    assert visible("a\nb\tc", one_line=True) == "a␊b␉c"


@given(st.text())
def test_the_runs_of_a_text_are_the_text(text: str) -> None:
    assert "".join(characters for characters, _ in runs(text)) == lines_of(text)


def test_the_first_strong_letter_decides_the_direction() -> None:
    assert is_right_to_left("123 שלום abc") and is_right_to_left("مرحبا")
    assert not is_right_to_left("abc שלום") and not is_right_to_left("123 !") and not is_right_to_left("")


def test_shortened_texts_say_so() -> None:
    assert shorten("a  b\nc", 10) == "a b c"
    assert shorten("x" * 50, 10) == "x" * 9 + "…"


def test_the_strongest_tokens_are_ordered_and_ties_keep_their_place(
    token_scores: Callable[..., TokenScores],
) -> None:
    panel = token_scores("a b c d e", [0.5, -2, 0.5, 0, -1])
    assert strongest(panel, 3) == ([0, 2], [1, 4])


def test_words_are_as_written_not_as_the_model_read_them(token_scores: Callable[..., TokenScores]) -> None:
    assert words("It WAS", token_scores("It WAS")) == ["It", "WAS"]
    assert words(None, token_scores("It WAS")) == ["it", "was"]


def test_comparable_panels_share_a_scale_and_others_do_not(explained: Callable[..., Explanation]) -> None:
    a, b = explained("one", [1.0]), explained("two", [-3.0])
    found = scales([a, b])
    assert [(found[id(e.panels[0])].limit, found[id(e.panels[0])].shared) for e in (a, b)] == [(3.0, 2), (3.0, 2)]
    other = explained("two", [-3.0], unit="probability")
    found = scales([a, other])
    assert [found[id(e.panels[0])].limit for e in (a, other)] == [1.0, 3.0]
    assert scales([explained("", [])]).popitem()[1].limit == 0.0
