"""Sentences end where a reader would end them, and every visible character lies in one."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribkit.text.sentences import sentence_spans

SIGNS = [
    ".",
    "...",
    "…",
    "!",
    "?",
    "。",
    "؟",
    '"',
    "”",
    ")",
    "(",
    " ",
    "\n",
    "\n\n",
    "<br />",
    "<br",
    "Mr",
    "e.g",
    "a",
    "B",
    "3",
]


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "parts",
    [
        # one after another
        ["It was great.", "I loved it!", "Did you?", "Yes"],
        ["it was great.", "i loved it!", "did you?", "yes"],
        ["Really?!", "No!!!", "Fine."],
        # abbreviations, initials, numbers
        ["Mr. Smith met Dr. J. R. R. Tolkien vs. the St. George team.", "He won."],
        ["It starts at 5 p.m. today.", "We left at 6 p.m.", "Then it rained."],
        ["The U.S. version, e.g. the dubbed one, is fine.", "I saw it in the U.S.", "It was cut."],
        ["It was on T.V. last night, esp. for fans.", "In 30 B.C. it began."],
        ["I give it 3.5 of 10.", "No. 5 is alive.", "No.", "It is not."],
        ["Taller than I.", "He knew.", "That is plan B.", "It failed."],
        ["1. The plot is thin.", "2. The music is loud."],
        ["Actors, music, etc. are fine.", "Songs, dances, etc.", "The rest is not."],
        # ellipses
        ["Well... it was fine…", "Then it ended . . .", "Wait . . . what?"],
        # quotes and brackets
        ['"Really?" she asked.', '"Yes!"', "He left."],
        ["He called it “a bore.”", "I did not.", "(It was bad.)", "So (truly!) good."],
        # paragraphs
        ["Great film.<br /><br />", "I loved it<br/>", "and you"],
        ["A title\n\n", "The first line\nwent on.", "Another"],
        # a missing space
        ["So good.", "The film was long, see www.Films.Com or node.js or Ph.D."],
        # other scripts
        ["这部电影很好。", "真的吗？", "“当然！”", "好。"],
        ["فيلم جيد؟", "نعم.", "د. أحمد ممثل جيد۔", "شكرا"],
        ["अच्छी फ़िल्म।", "सच?", "हाँ"],
        ["¿Qué tal?", "¡Muy bien!", "Él se fue."],
    ],
)
def test_a_text_is_cut_where_a_reader_would_cut_it(parts: list[str]) -> None:
    spaced = "" if "电" in parts[0] else " "
    assert cut(spaced.join(parts)) == [part.rstrip() for part in parts]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("first line\nsecond line\nThird line", ["first line\nsecond line", "Third line"]),
        ("one\r\ntwo\r\n\r\nthree", ["one\r\ntwo", "three"]),
        ("so good.The end", ["so good.", "The end"]),
        ("write to me@films.Org or a.B", ["write to me@films.Org or a.B"]),
        ("  padded.  ", ["padded."]),
        ("<br />Then. <br /> It ended", ["<br />Then. <br />", "It ended"]),
        ("no end", ["no end"]),
        ("...", ["..."]),
        ("", []),
        (" \n ", []),
    ],
)
def test_white_space_and_line_breaks(text: str, parts: list[str]) -> None:
    assert cut(text) == parts


@given(st.lists(st.sampled_from(SIGNS), max_size=25).map("".join) | st.text(max_size=40))
def test_every_visible_character_lies_in_just_one_sentence(text: str) -> None:
    spans = sentence_spans(text)
    inside = [place for start, end in spans for place in range(start, end)]
    assert inside == sorted(set(inside))
    assert {place for place, sign in enumerate(text) if not sign.isspace()} <= set(inside)
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)


@pytest.mark.parametrize("piece", [".", ". ", " ", '"', "<br />", "\n", "a\n", "a.b", '."', "? ", "<br ", "a. "])
def test_no_text_takes_more_than_linear_time(piece: str) -> None:
    def seconds(count: int) -> float:
        start = time.process_time()
        sentence_spans(piece * count)
        return time.process_time() - start

    seconds(1_000)
    assert seconds(40_000) < 0.05 + 40 * max(seconds(4_000), 1e-3)
