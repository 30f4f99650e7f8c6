from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
import pytest
from playwright.sync_api import Page

from attribkit.render import html
from attribkit.render.preparation import palette
from attribkit.results.explanation import Explanation
from attribkit.results.panels import AttentionHeads, Heatmap
from attribkit.results.several_panels import Panels

pytestmark = pytest.mark.browser

Open = Callable[..., Page]


def text_of(page: Page, index: int = 0) -> str:
    return page.locator("section .text").nth(index).evaluate("element => element.innerText")


@pytest.mark.parametrize(
    "text",
    [
        "It was a horrible movie",
        "one\n\n  two   spaces\tand a tab",
        "  leading and trailing  ",
        "didn't, won't… “quotes”",
        "family \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f600 中文電影 مرحبا بالعالم 123 שלום עולם",
        "a \u202eevil\u202c end",
        "<!-- --> <b>&amp;&lt;</b> {{ x }}",
        "x" * 3000,
    ],
)
def test_the_text_is_shown_exactly_as_typed(explained: Callable[..., Explanation], show: Open, text: str) -> None:
    assert text_of(show(html.page([explained(text)]))) == text


def test_copying_the_text_gives_the_text_without_scores(horrible: Explanation, show: Open) -> None:
    page = show(html.page([horrible]))
    select = """element => {
        const range = document.createRange();
        range.selectNodeContents(element);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        return getSelection().toString();
    }"""
    assert page.locator("section .text").evaluate(select) == "It was a horrible movie"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hostile_texts_are_inert(
    explained: Callable[..., Explanation], show: Open, hostile: str, scheme: Literal["light", "dark"]
) -> None:
    explanation = explained(hostile, true_label=hostile, target=hostile, notes=(hostile,), baseline=hostile)
    page = show(html.page([explanation, explanation], title=hostile), scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert (
        page.evaluate("document.scripts.length + document.images.length + document.querySelectorAll('iframe').length")
        == 0
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert text_of(page) == hostile.replace("\x00", "␀").replace("\x1b", "␛")


def hexadecimal(rgb: str) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in rgb.removeprefix("rgb(").removesuffix(")").split(","))


def contrasts(page: Page) -> dict[str, float]:
    """The contrast of the ink on each token's own background, as the browser computes both."""
    colours: list[list[str]] = page.locator("section .t").evaluate_all(
        """elements => elements.map(e => {
            let paper = e;
            while (getComputedStyle(paper).backgroundColor === 'rgba(0, 0, 0, 0)') paper = paper.parentElement;
            return [e.className, getComputedStyle(e).color, getComputedStyle(paper).backgroundColor];
        })"""
    )

    return {name: palette.contrast(hexadecimal(ink), hexadecimal(paper)) for name, ink, paper in colours}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_can_be_read_in_both_colour_schemes(
    explained: Callable[..., Explanation], show: Open, scheme: Literal["light", "dark"]
) -> None:
    ramp = np.linspace(-1, 1, 41)
    page = show(html.page([explained(" ".join(["word"] * 41), ramp)]), scheme)
    found = contrasts(page)
    assert len(found) == 41 and min(found.values()) >= 4.5
    expected = palette.LIGHT if scheme == "light" else palette.DARK
    strongest = page.locator("section .text .p20").evaluate("e => getComputedStyle(e).backgroundColor")
    red, green, blue = (int(expected.ramp[-1][i : i + 2], 16) for i in (1, 3, 5))
    assert strongest == f"rgb({red}, {green}, {blue})"


def test_a_notebooks_theme_wins_over_the_systems(horrible: Explanation, show: Open) -> None:
    fragment = html.fragment([horrible])
    for hook, scheme, expected in (
        ('data-jp-theme-light="false"', "light", palette.DARK),
        ('data-jp-theme-light="true"', "dark", palette.LIGHT),
        ('class="vscode-dark"', "light", palette.DARK),
        ('class="vscode-light"', "dark", palette.LIGHT),
    ):
        page = show(f"<!DOCTYPE html><meta charset=utf-8><body {hook}>{fragment}{fragment}</body>", scheme)
        paper = page.locator("article").first.evaluate("e => getComputedStyle(e).backgroundColor")
        red, green, blue = (int(expected.paper[i : i + 2], 16) for i in (1, 3, 5))
        assert paper == f"rgb({red}, {green}, {blue})"
        assert text_of(page, 1) == "It was a horrible movie"


def test_a_phone_scrolls_in_one_direction_only(
    horrible: Explanation, losses: Panels, explained: Callable[..., Explanation], show: Open
) -> None:
    rows = [horrible, losses, explained("x" * 500 + " " + "word " * 300, notes=("y" * 400,))]
    page = show(html.page(rows), width=390)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    wide = "es => es.filter(e => e.getBoundingClientRect().right > 390.5).map(e => e.outerHTML.slice(0, 80))"
    assert page.locator("main *:not(.hidden):not(.hidden *)").evaluate_all(wide) == []


def test_a_score_can_be_read_by_pointing_and_by_ear(horrible: Explanation, show: Open) -> None:
    page = show(html.page([horrible]))
    token = page.locator("section .text .p20")
    style = "e => { const s = getComputedStyle(e, '::after'); return [s.content, s.clipPath]; }"
    assert token.evaluate(style) == ['", +2.31"', "inset(50%)"]
    token.hover()
    assert token.evaluate(style) == ['"+2.31"', "none"]
    page.mouse.move(0, 0)
    heard = spoken(page)
    assert "horrible , +2.31 movie , −0.18" in " ".join(" ".join(heard).split())


def spoken(page: Page) -> list[str]:
    """The static texts of the accessibility tree, in the order in which a screen reader meets them."""
    session = page.context.new_cdp_session(page)
    nodes: list[dict[str, Any]] = session.send("Accessibility.getFullAXTree")["nodes"]
    by_id = {node["nodeId"]: node for node in nodes}

    def walk(node: dict[str, Any]) -> Iterator[str]:
        if node.get("role", {}).get("value") == "StaticText":
            yield str(node["name"]["value"])
        for child in node.get("childIds", []):
            if child in by_id:
                yield from walk(by_id[child])

    return list(walk(nodes[0]))


def test_print_shows_light_paper_and_keeps_the_colours(horrible: Explanation, show: Open) -> None:
    page = show(html.page([horrible]), "dark")
    page.emulate_media(media="print", color_scheme="dark")
    style = (
        "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor, getComputedStyle(e).printColorAdjust]"
    )
    ink, paper, exact = page.locator("section .text .p20").evaluate(style)
    light = palette.LIGHT
    assert ink == f"rgb({', '.join(str(int(light.ink[i : i + 2], 16)) for i in (1, 3, 5))})"
    assert paper == f"rgb({', '.join(str(int(light.ramp[-1][i : i + 2], 16)) for i in (1, 3, 5))})"
    assert exact == "exact"


def test_a_review_of_50_000_words_opens(explained: Callable[..., Explanation], show: Open) -> None:
    page = show(html.page([explained("word " * 50_000)]))
    assert page.locator("section .text .t").count() == 50_000


def left_of(page: Page, selector: str) -> float:
    found = page.locator(selector).first.bounding_box()
    assert found is not None
    return found["x"]


@pytest.mark.parametrize("width", [1000, 390])
def test_a_heatmaps_cells_stand_in_rows_and_columns_over_their_words(
    heatmap: Callable[..., Heatmap], show: Open, width: int
) -> None:
    text = "The final tennis tournament of this very long season starts next week in a small town by the sea."
    page = show(html.page([Explanation(text, None, (heatmap(text),), {})]), width=width)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    columns: list[list[list[float]]] = page.locator(".strip .column").evaluate_all(
        """columns => columns.map(column => [...column.children].map(cell => {
            const r = cell.getBoundingClientRect();
            return [Math.round(r.left), Math.round(r.right), Math.round(r.top)];
        }))"""
    )
    lines: dict[float, set[tuple[float, ...]]] = {}
    for cells in columns:
        assert len({(left, right) for left, right, _ in cells}) == 1
        tops = tuple(top for _, _, top in cells)
        assert list(tops) == sorted(tops)
        lines.setdefault(tops[0], set()).add(tops)
    assert all(len(tops) == 1 for tops in lines.values()) and len(lines) >= (2 if width == 1000 else 4)
    said = page.locator(".strip .column").first.evaluate("e => getComputedStyle(e, '::before').content")
    assert said == ('"attention\\a integrated gradients"' if width == 1000 else '"1\\a 2"')


def test_a_cell_tells_its_row_and_value_and_the_table_tells_all(heatmap: Callable[..., Heatmap], show: Open) -> None:
    page = show(html.page([Explanation("good bad", None, (heatmap("good bad", [0.75, 0.25]),), {})]))
    cell = page.locator(".strip i").first
    cell.hover()
    assert cell.evaluate("e => getComputedStyle(e, '::after').content") == '"attention: 0.750"'
    page.get_by_text("All values").click()
    assert page.locator(".values tbody tr").evaluate_all("rows => rows.map(row => row.innerText.split(/\\s+/))") == [
        ["1", "good", "0.750", "+2.00"],
        ["2", "bad", "0.250", "−1.00"],
    ]
    heard = " ".join(spoken(page))
    assert "good , 0.750" in " ".join(heard.split()) and "attention: 0.750" not in heard


@pytest.mark.parametrize("width", [1000, 390])
def test_any_head_is_picked_by_keyboard_and_by_pointer(
    attention_heads: Callable[..., AttentionHeads], show: Open, width: int
) -> None:
    panel = attention_heads("good bad film")
    page = show(html.page([Explanation("good bad film", None, (panel,), {})]), width=width)
    says = page.locator(".heads .says")
    says.filter(has_text="Mean of all layers, mean of all heads").wait_for()
    page.locator(".heads .layer").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    strongest = int(panel.weights[0, 1, 0].argmax())
    assert says.inner_text().startswith("Layer 1, head 2: [CLS] looks most at ")
    word, weight = says.inner_text().split("looks most at ")[1].split(", ")[0].split()
    assert word == panel.tokens[strongest] and abs(float(weight) - panel.weights[0, 1, 0, strongest]) < 0.004
    page.locator(".heads .token").nth(2).click()
    assert ": bad looks most at" in says.inner_text()
    painted = page.locator(".heads .token").nth(int(panel.weights[0, 1, 2].argmax()))
    assert "w" in (painted.get_attribute("class") or "")
    box = page.locator(".heads .all").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.75)
    assert says.inner_text().startswith("Layer 2, head ")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    drawn = page.locator(".heads .single").evaluate(
        "c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
    )
    assert drawn > 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_number_in_a_heatmap_can_be_read(
    heatmap: Callable[..., Heatmap], show: Open, scheme: Literal["light", "dark"]
) -> None:
    text = " ".join(["word"] * 21)
    panel = heatmap(text, np.linspace(0, 1, 21), np.linspace(-1, 1, 21))
    page = show(html.page([Explanation(text, None, (panel,), {})]), scheme)
    colours: list[list[str]] = page.locator(".strip i").evaluate_all(
        """cells => cells.map(e => {
            let paper = e;
            while (getComputedStyle(paper).backgroundColor === 'rgba(0, 0, 0, 0)') paper = paper.parentElement;
            return [getComputedStyle(e).color, getComputedStyle(paper).backgroundColor];
        })"""
    )
    assert min(palette.contrast(hexadecimal(ink), hexadecimal(paper)) for ink, paper in colours) >= 4.5


def test_a_band_stands_under_its_word_and_is_told(banded: Explanation, show: Open) -> None:
    page = show(html.page([banded]))
    token = page.locator("section .text .t").first
    top, height, padding = token.evaluate(
        """e => { const s = getComputedStyle(e, '::before');
                  return [parseFloat(s.top), parseFloat(s.height), e.getBoundingClientRect().height]; }"""
    )
    assert top >= padding and height > 15
    lines = page.locator("section .text").evaluate("e => parseFloat(getComputedStyle(e).lineHeight)")
    assert lines >= padding + height
    token.hover()
    assert token.evaluate("e => getComputedStyle(e, '::after').content") == '"+2.00 (−1.00 to +4.00)"'
    page.mouse.move(0, 0)
    assert "horrible , +2.00, from −1.00 to +4.00" in " ".join(" ".join(spoken(page)).split())


@pytest.mark.parametrize("width", [1000, 390])
def test_the_sentences_sums_stand_in_the_margin_and_leave_the_text_as_typed(
    sentenced: Explanation, show: Open, width: int
) -> None:
    page = show(html.page([sentenced]), width=width)
    assert text_of(page) == sentenced.text
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert left_of(page, "section .text .t") - left_of(page, "section .text") > 20
    bars: list[list[float]] = page.locator("section .text .s").evaluate_all(
        "bars => bars.map(e => { const s = getComputedStyle(e, '::before');"
        " return [parseFloat(s.width), parseFloat(s.marginLeft)]; })"
    )
    assert len(bars) == 3 and all(wide > 15 and wide + left < 0 for wide, left in bars)


def test_bands_and_strips_are_printed(banded: Explanation, heatmap: Callable[..., Heatmap], show: Open) -> None:
    page = show(html.page([banded, Explanation("good", None, (heatmap("good"),), {})]), "dark")
    page.emulate_media(media="print", color_scheme="dark")
    exact = page.locator("section .text .t").first.evaluate("e => getComputedStyle(e, '::before').printColorAdjust")
    assert exact == page.locator(".strip i").first.evaluate("e => getComputedStyle(e).printColorAdjust") == "exact"
