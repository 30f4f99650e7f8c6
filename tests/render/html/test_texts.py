"""Many explained texts in a few characters each: what is written is read back."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from panel_cases import SCORES

from attribkit.render.html.texts import CHARACTERS, DIGITS, texts
from attribkit.results.explanation import Explanation
from attribkit.results.panels import Prediction, TokenScores


def decoded(codes: str) -> list[tuple[int, int, bool, int]]:
    """Each token's gap, length, whether it is known, and its score in the last printed digit."""
    found, place = [], 0

    def number() -> int:
        nonlocal place
        value, unit = 0, 1
        while True:
            digit = DIGITS.index(codes[place])
            place += 1
            value += digit % 32 * unit
            if digit < 32:
                return value
            unit *= 32

    while place < len(codes):
        first = DIGITS.index(codes[place])
        place += 1
        token = (first >> 4, (first & 15) + 1, True) if first < 32 else (number(), number(), first == 33)
        zigzag = number()
        found.append((*token, (zigzag + 1) // 2 if zigzag % 2 else -zigzag // 2))
    return found


def scored(text: str, spans: list[tuple[int, int]], scores: list[float], known: list[bool]) -> Explanation:
    panel = TokenScores(
        starts=np.array([a for a, _ in spans], dtype=np.int64),
        ends=np.array([b for _, b in spans], dtype=np.int64),
        tokens=tuple(text[a:b] for a, b in spans),
        scores=np.array(scores, dtype=float),
        known=np.array(known, dtype=bool),
        tokens_total=len(spans),
        **{**SCORES, "output_text": float(sum(scores)), "output_baseline": 0.0},
    )
    return Explanation(text, Prediction("pos", ("neg", "pos"), (0.25, 0.75)), (panel,), {})


token = st.tuples(
    st.integers(0, 40), st.text("ab\U0001f600é", min_size=1, max_size=40), st.floats(-9, 9), st.booleans()
)


@given(st.lists(token, min_size=1, max_size=12))
@example([(0, "a", 2e-313, False)])
def test_the_characters_give_back_every_token_and_its_printed_score(
    tokens: list[tuple[int, str, float, bool]],
) -> None:
    text, spans = "", []
    for gap, word, _, _ in tokens:
        text += " " * gap
        spans.append((len(text), len(text) + len(word)))
        text += word
    scores = [score for _, _, score, _ in tokens]
    found = texts([scored(text, spans, scores, [known for *_, known in tokens])])
    (row,) = found["rows"]
    assert row["text"] == text
    back = decoded(row["codes"])
    assert [(gap, length, known) for gap, length, known, _ in back] == [
        (gap, len(word), known) for gap, word, _, known in tokens
    ]
    unit = 10.0 ** -found["decimals"]
    assert [value * unit for *_, value in back] == pytest.approx(scores, abs=0.51 * unit)


def test_hazards_are_shown_as_signs_that_the_places_count(explained: Callable[..., Explanation]) -> None:
    (row,) = texts([explained("a \u202ebad\x00 end")])["rows"]
    assert row["text"] == "a ⟨RLO⟩bad␀ end"
    place, cut = 0, []
    for gap, length, _, _ in decoded(row["codes"]):
        cut.append(row["text"][place + gap : place + gap + length])
        place += gap + length
    assert cut == ["a", "⟨RLO⟩", "bad", "␀", "end"]


def test_a_text_without_end_is_cut_and_says_so(explained: Callable[..., Explanation]) -> None:
    (row,) = texts([explained("word " * 3_000)])["rows"]
    assert len(row["text"]) == CHARACTERS and row["rest"] == "15,000 characters; the first 5,000 are shown"
    (row,) = texts([explained("x" * 1_000_000)])["rows"]
    assert len(row["text"]) <= CHARACTERS and len(row["codes"]) < 10


def test_a_common_token_takes_two_or_three_characters(explained: Callable[..., Explanation]) -> None:
    rng = np.random.default_rng(0)
    scores = rng.laplace(0, 0.1, 1_000)
    (row,) = texts([explained("word " * 1_000, scores)])["rows"]
    assert len(row["codes"]) <= 3 * 1_000


def test_rows_without_scores_or_prediction_are_shown_plainly() -> None:
    found = texts([Explanation("just a text", None, (), {})])
    assert found["rows"][0]["codes"] == "" and found["rows"][0]["probability"] is None
    assert found["legend"]["flat"] and not found["judged"]
