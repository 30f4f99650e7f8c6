from hypothesis import given
from hypothesis import strategies as st

from attribkit.render.preparation.unicode import is_right_to_left, lines_of, runs, shorten, visible


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
