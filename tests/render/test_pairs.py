"""Pairs in every format: the strongest, their signs and numbers, hostile words, long texts."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import PathPatch
from matplotlib.text import Text
from panel_cases import PAIRS
from render.reading import Page
from rich.console import Console

from attribkit.render import html, picture
from attribkit.render.preparation import palette
from attribkit.render.preparation.pairs import ARCS, ArcDiagram, caveats
from attribkit.results.explanation import Explanation
from attribkit.results.panels import Pairs

WORDS = "It was not bad at all"


def pairs(text: str, values: dict[tuple[int, int], float], **changes: Any) -> Pairs:
    spans = [match.span() for match in re.finditer(r"\S+", text)]
    order = sorted(values)
    fields: dict[str, Any] = {
        "title": "Which words act together",
        "starts": [start for start, _ in spans],
        "ends": [end for _, end in spans],
        "tokens": [text[start:end].lower() for start, end in spans],
        "known": [True] * len(spans),
        "firsts": [first for first, _ in order],
        "seconds": [second for _, second in order],
        "values": [values[pair] for pair in order],
        "own": [0.0] * len(spans),
        "expected": [sum(v for pair, v in values.items() if i in pair) for i in range(len(spans))],
        **PAIRS,
        "tokens_total": len(spans),
    }
    return Pairs(**{**fields, **changes})


def explained(text: str, values: dict[tuple[int, int], float], **changes: Any) -> Explanation:
    return Explanation(text, None, (pairs(text, values, **changes),))


NEGATION = {(2, 3): -1.04, (3, 4): -2.08, (4, 5): 0.52}


def strokes(page: Page, kind: str) -> list[tuple[str, str]]:
    """Class and width of each arc of a page's diagram."""
    found, inside = [], False
    for tag, attributes in page.elements:
        if tag == "svg":
            inside = kind in str(attributes.get("class")).split()
        elif tag == "path" and inside:
            found.append((str(attributes["class"]), str(attributes["stroke-width"])))
    return found


def test_a_page_draws_arcs_by_sign_and_size_over_a_short_sentence_and_beside_it_on_a_narrow_page() -> None:
    page = Page(html.page([explained(WORDS, NEGATION)]))
    assert not page.stack
    expected = [("towards", "2.2"), ("against", "3.5"), ("against", "6.0")]
    assert strokes(page, "across") == strokes(page, "upright") == expected
    assert {"narrow"} < set(
        next(str(a["class"]) for tag, a in page.elements if tag == "svg" and "upright" in str(a["class"])).split()
    )
    for said in (
        "not – bad",
        "bad – at",
        "−1.04",
        "+0.52",
        "for “neg”, log-odds",
        "values sum to the model’s output for every word",
    ):
        assert said in page.words
    cells = [a["class"] for tag, a in page.elements if tag == "rect"]
    assert len(cells) == 30 and (cells.count("n20"), cells.count("n10"), cells.count("p5")) == (2, 2, 2)


def test_of_a_long_text_the_words_with_arcs_are_drawn_beside_one_another_and_the_rest_counted() -> None:
    text = " ".join(f"word{i}" for i in range(60))
    values = {(i, i + 20): 1.0 + i for i in range(20)}
    diagram = ArcDiagram.of(pairs(text, values))
    assert len(diagram.arcs) == ARCS and diagram.tokens[0] is None and diagram.tokens[1] == 8
    assert [arc.share for arc in diagram.arcs] == sorted(arc.share for arc in diagram.arcs)
    page = Page(html.page([explained(text, values)]))
    assert not strokes(page, "across") and len(strokes(page, "upright")) == ARCS
    assert "8 more pairs are not drawn, each at most 8.00" in page.words
    assert "words without an arc are left out" in page.words
    assert not [tag for tag, _ in page.elements if tag == "rect"]


def test_values_that_do_not_add_up_nothing_and_a_truncated_text_are_said() -> None:
    wrong = pairs(WORDS, NEGATION, expected=[1.0] * 6)
    assert "values do not sum to the model’s output" in Page(html.page([Explanation(WORDS, None, (wrong,))])).words
    assert "no two words act together: every interaction is 0" in Page(html.page([explained(WORDS, {})])).words
    assert "6 of 9 tokens were read" in caveats(pairs(WORDS, NEGATION, tokens_total=9))


def test_a_picture_draws_the_same_arcs_in_their_colours_dashed_where_they_speak_against() -> None:
    figure = picture.figure([explained(WORDS, NEGATION)])
    arcs = [one for one in figure.findobj(PathPatch) if isinstance(one, PathPatch)]
    assert [to_hex(arc.get_edgecolor()) for arc in arcs] == [palette.LIGHT.towards, *[palette.LIGHT.against] * 2]
    widths = np.array([arc.get_linewidth() for arc in arcs])
    np.testing.assert_allclose(widths, [0.7 + 3.3 * share for share in (0.25, 0.5, 1.0)])
    assert [arc.get_linestyle() == "-" for arc in arcs] == [True, False, False]
    said = [one.get_text() for one in figure.findobj(Text) if isinstance(one, Text)]
    assert {
        "not – bad",
        "−1.04",
        "bad – at",
        "✓ values sum to the model’s output for every word: relative error 0 ≤ 0.0001",
    } <= set(said)


def test_hostile_words_are_harmless_everywhere(hostile: str, capsys: pytest.CaptureFixture[str]) -> None:
    count = len(hostile.split())
    values = {(i, i + 1): (-1.0) ** i * (1 + i) for i in range(count - 1)}
    why = explained(hostile, values)
    page = Page(why.to_html())
    assert not page.stack and not [tag for tag, _ in page.elements if tag in ("img", "script")]
    assert why.to_png(dpi=40).startswith(b"\x89PNG")
    assert "\x1b" not in why.to_latex() and "\\begin{tabular}{llr}" in why.to_latex()
    Console(width=80).print(why)
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(("format", "said"), [("terminal", "  −1.04  not – bad"), ("latex", "not & bad & $-$1.04")])
def test_terminal_and_latex_list_the_strongest(format: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    why = explained(WORDS, NEGATION)
    if format == "terminal":
        Console(width=100).print(why)
    shown = capsys.readouterr().out if format == "terminal" else why.to_latex()
    assert said in shown and shown.index("at")
    assert "values sum to the model's output for every word" in shown.replace("’", "'")
    assert shown.index("2.08") < shown.index("1.04") < shown.index("0.52")


@pytest.mark.parametrize("words", [5, 60])
def test_nothing_is_wider_than_a_narrow_page(words: int, show: Callable[..., Any]) -> None:
    text = " ".join(f"word{i}" for i in range(words))
    page = show(explained(text, {(i, i + 3): 1.0 + i for i in range(words - 3)}).to_html(), width=390)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    kind = "narrow" if words == 5 else "upright"
    assert page.locator(f".arcs.{kind}").is_visible()


def test_beside_a_text_the_fold_says_which_pair_is_strongest_before_it_is_opened(horrible: Explanation) -> None:
    both = Explanation(
        horrible.text,
        horrible.prediction,
        (*horrible.panels(), pairs(horrible.text, {(0, 1): 0.5, (2, 3): -1.25})),
    )
    assert "Interactions: most “a” with “horrible”, −1.25" in Page(html.page([both])).words
