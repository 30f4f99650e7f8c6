"""A shortened text: on one line, never longer than asked, and with a sign of what is left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribkit.text.encoded import shortened


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a  b", "a  b"),
        ("From: me\nSubject: x\n\nThe plot", "From: me Subject: x The plot"),
        ("x" * 41, "x" * 39 + "…"),
        ("w " * 10_000, "w " * 19 + "w…"),
        ("", ""),
    ],
)
def test_a_text_is_quoted_on_one_line(text: str, shown: str) -> None:
    assert shortened(text) == shown


@given(st.text(), st.integers(5, 60))
def test_it_is_never_longer_than_asked_and_breaks_no_line(text: str, most: int) -> None:
    shown = shortened(text, most)
    assert len(shown) <= most and len(shown.splitlines()) <= 1
    assert shown == text or shown == " ".join(text.split()) or shown.endswith("…")
