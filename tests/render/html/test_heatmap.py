from collections.abc import Callable
from dataclasses import replace

import numpy as np
from render.reading import Page

from attribkit.render import html
from attribkit.render.html.heatmap import heatmap as draw
from attribkit.render.preparation.context import PanelContext
from attribkit.results.explanation import Explanation
from attribkit.results.panels import Heatmap, HeatmapRow

Build = Callable[..., Heatmap]


def drawn(panel: Heatmap, text: str) -> Page:
    page = Page(html.page([Explanation(text, None, (panel,), {})]))
    assert not page.stack
    return page


def cells(page: Page) -> list[tuple[str, str]]:
    return [(str(a["class"]), str(a["data-v"])) for tag, a in page.elements if tag == "i" and "data-v" in a]


def test_every_token_has_a_column_with_a_cell_for_each_row(heatmap: Build) -> None:
    page = drawn(heatmap("good bad film", [0.5, 0.0, 0.25], [-2.0, 1.0, 0.5]), "good bad film")
    assert cells(page) == [
        ("w20", "attention: 0.500"),
        ("n20", "integrated gradients: −2.00"),
        ("", "attention: 0.000"),
        ("p10", "integrated gradients: +1.00"),
        ("w10", "attention: 0.250"),
        ("p5", "integrated gradients: +0.50"),
    ]
    assert page.texts == ["good bad film"]
    assert [(word, a["class"]) for word, a in page.tokens] == [("good", "t w20"), ("bad", "t"), ("film", "t w10")]


def test_scales_agreement_notes_and_all_values_are_said(heatmap: Build) -> None:
    page = drawn(heatmap("good bad film", notes=("a note of its own",)), "good bad film")
    assert "attention ↔ integrated gradients: τ = 0.12" in page.words
    for said in ("τ-b", "0.500", "weight", "−2.00", "+2.00", "log-odds", "a note of its own", "All values", "№"):
        assert said in page.words


def test_what_cannot_be_ranked_is_a_dash(heatmap: Build) -> None:
    words = drawn(heatmap("good", [1.0], [0.0], tau=None), "good").words
    assert "τ = – (nothing to rank)" in words and "every value is 0" in words and "nan" not in words.lower()


def test_hostile_words_names_and_notes_are_inert(heatmap: Build, hostile: str) -> None:
    panel = heatmap(hostile, names=('a";}</style><script>', "b"), title=hostile, notes=(hostile,))
    source = html.page([Explanation(hostile, None, (panel,), {})])
    page = Page(source)
    assert not page.stack and {tag for tag, _ in page.elements}.isdisjoint({"script", "img"})
    style = next(str(a["style"]) for _, a in page.elements if str(a.get("class")).startswith("strip"))
    assert style.startswith('--names:"a\\22 \\3b \\7d ') and "<" not in style
    assert "\x00" not in source


def test_a_long_text_has_no_numbers_in_its_cells_and_an_endless_one_a_strip_that_says_where_it_ends(
    heatmap: Build,
) -> None:
    text = "word " * 1000
    panel = heatmap(text, np.full(1000, 1e-3), np.linspace(-1, 1, 1000))
    page = drawn(panel, text)
    assert len(cells(page)) == 2 * 600 and "400 more tokens follow" in page.words
    assert "500 strongest of 1,000 tokens" in page.words
    assert page.texts == [text]


def test_no_tokens_and_no_text_are_drawn(heatmap: Build) -> None:
    assert "there are no tokens to draw" in drawn(heatmap("  ", [], []), "  ").words
    without = draw(heatmap("good film"), PanelContext(None, None, {}))
    assert [mark.runs[0][0] for mark in without["texts"][0][1]] == ["good", " ", "film"]


def test_unknown_words_are_dotted(heatmap: Build) -> None:
    page = drawn(heatmap("good film", known=[True, False]), "good film")
    assert "a word the model does not know" in page.words
    assert [a["class"] for _, a in page.tokens] == ["t w20", "t w20 u"]


def test_texts_that_are_compared_stand_one_below_the_other_on_one_scale(heatmap: Build) -> None:
    panel = heatmap("good bad")
    rows = [HeatmapRow(name, np.array(values), "log-odds") for name, values in (("a", [4.0, 0.0]), ("b", [1.0, -2.0]))]
    rows.append(HeatmapRow("difference", [3.0, 2.0], "log-odds"))  # type: ignore[arg-type]  # a list becomes an array
    page = drawn(replace(panel, rows=tuple(rows)), "good bad")
    assert page.texts == ["good bad"] * 2
    assert [(a["class"], a["data-s"]) for _, a in page.tokens] == [
        ("t p20", "+4.00"),
        ("t", "0.00"),
        ("t p5", "+1.00"),
        ("t n10", "−2.00"),
    ]
    assert page.words.count("log-odds") == 1 and "a, b, difference" in page.words
