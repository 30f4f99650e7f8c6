"""The rows beside the live page, in a real browser: each choice leads to rows, a row to its explanation."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect
from serve.conftest import Serve
from serve.workbench.conftest import wait_until_answered
from tabbing import by_tab, controls

from attribkit.models.classifier import Classifier
from attribkit.serve.workbench.rows import DataRows

pytestmark = pytest.mark.browser

Open = Callable[..., Page]


@pytest.fixture
def show(browser: Browser, bench: str, serving: Serve) -> Iterator[Open]:
    """Open the page; afterwards nothing may have been said, refused or asked of anyone else.

    It asks for `serving` so that a page is closed before the server of its test.
    """
    events: list[str] = []
    pages: list[Page] = []

    def build(width: int = 1440, address: str = bench, **options: Any) -> Page:
        page = browser.new_page(viewport={"width": width, "height": 900}, **options)
        page.set_default_timeout(60_000)

        def said(message: ConsoleMessage) -> None:
            events.append(f"console {message.text}")

        def asked(request: Request) -> None:
            if not request.url.startswith((address, "blob:")):
                events.append(f"request {request.url}")

        page.on("console", said)
        page.on("request", asked)
        page.on("dialog", lambda dialog: events.append(f"dialog {dialog.message}"))
        page.on("pageerror", lambda error: events.append(f"error {error}"))
        page.goto(address)
        pages.append(page)
        page.wait_for_selector("html[data-ready] #workbench[data-complete][data-sliced]")
        settled(page)
        return page

    yield build
    for page in pages:
        page.close()
    assert events == []


def settled(page: Page) -> None:
    """Until the rows and the text have their answers."""
    page.wait_for_selector("body:not(:has(.asking))")


def acts(page: Page, act: Callable[[], object]) -> None:
    """Do something that asks for other rows, and wait for them."""
    before = page.locator("#workbench").get_attribute("data-sliced")
    act()
    page.wait_for_function("before => document.querySelector('#workbench').dataset.sliced !== before", arg=before)
    settled(page)


def count(page: Page) -> int:
    return int(page.locator("#count").inner_text().split(" of ")[0].replace(",", ""))


def cells(page: Page, name: str) -> list[str]:
    """One column of the rows in sight, from the top."""
    page.wait_for_function(
        "() => ![...document.querySelectorAll('.row-of-data:not([hidden]) .c-length')].some(c => c.textContent === '…')"
    )
    rows = page.locator(".row-of-data:not([hidden])").evaluate_all(
        f"rows => rows.map(r => [+r.getAttribute('aria-rowindex'), r.querySelector('.c-{name}').textContent])"
    )
    return [text for _, text in sorted(rows)]


def matrix(page: Page, label: str, predicted: str) -> Any:
    return page.locator(f".matrix button[aria-label^='{label}, predicted {predicted}:']")


def open_row(page: Page, place: int = 0) -> str:
    """Click a row in sight, and wait for its text in the pane."""
    row = page.locator(f".row-of-data[aria-rowindex='{place + 2}']")
    number = row.locator(".c-row").text_content()
    row.locator(".c-length").click()
    page.locator(".current .named b", has_text=f"Row {number}").wait_for()
    settled(page)
    return page.locator("textarea").first.input_value()


def test_a_cell_of_the_matrix_leads_to_rows_a_row_to_its_explanation_and_an_edit_to_what_changed(show: Open) -> None:
    page = show()
    assert page.locator("#source").inner_text() == "The test split of demo" and count(page) == 400
    assert page.locator(".examples button").all_inner_texts() == ["“neg”", "“pos”"]
    assert page.locator(".lead").inner_text().startswith("Choose rows by what the model said of them")
    cell = matrix(page, "pos", "neg")
    wanted = int(cell.inner_text())
    acts(page, cell.click)
    assert count(page) == wanted and set(cells(page, "label")) == {"pos"} and set(cells(page, "predicted")) == {"neg"}
    assert matrix(page, "pos", "neg").get_attribute("aria-pressed") == "true"
    assert page.locator(".figures tbody tr").nth(1).inner_text().split("\t")[1] == "0.0%"
    text = open_row(page)
    assert text.startswith(cells(page, "length")[0][:20])
    assert page.locator(".said .label bdi").inner_text() == "neg" and page.locator(".mirror .p20, .mirror .n20").count()
    assert "label pos · imdb-cnn says neg" in page.locator(".current .named").inner_text()
    assert page.locator(".change").inner_text() == "" and page.locator("[data-deed=back]").is_hidden()
    page.locator("textarea").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("A wonderful film, great fun")
    page.locator(".change", has_text="→ pos").wait_for()
    assert "neg moved by −" in page.locator(".change").inner_text()
    page.locator("[data-deed=back]").click()
    settled(page)
    assert page.locator("textarea").input_value() == text and page.locator(".change").inner_text() == ""
    acts(page, matrix(page, "pos", "neg").click)
    assert count(page) == 400


def test_the_page_begins_with_the_first_row_marked_and_judged_and_compares_all_rows_with_nothing(show: Open) -> None:
    page = show()
    assert page.locator(".row-of-data.at .c-row").inner_text() == "0"
    named = page.locator(".current .named").inner_text()
    assert named.startswith("Row 0") and "label pos · imdb-cnn says neg" in named and "✗ wrong" in named
    assert page.locator("textarea").input_value().startswith(cells(page, "length")[0].rstrip("…")[:30])
    figures = page.locator(".figures")
    assert figures.locator("h3").inner_text() == "All rows" and "rest" not in figures.inner_text()
    assert figures.locator("tbody tr").first.inner_text().split() == ["rows", "400"]
    open_row(page, 1)
    assert page.locator(".row-of-data.at .c-row").inner_text() == "1"
    assert "✓ right" in page.locator(".current .named").inner_text()
    acts(page, page.locator("[data-view=mistakes]").click)
    assert page.locator(".row-of-data.at").count() == 0 and "the rest" in figures.inner_text()
    acts(page, page.locator("[data-view=all]").click)
    assert page.locator(".row-of-data.at .c-row").inner_text() == "1"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_forced_colours_keep_the_matrix_the_marked_row_and_the_points(show: Open, scheme: str) -> None:
    page = show(forced_colors="active", color_scheme=scheme)
    colour = "cells => cells.map(cell => getComputedStyle(cell).backgroundColor)"
    shades = page.locator(".matrix tbody td").evaluate_all(colour)
    assert len(set(shades)) == 4 and "rgba(0, 0, 0, 0)" not in shades
    outline = "e => [getComputedStyle(e).outlineStyle, parseFloat(getComputedStyle(e).outlineWidth)]"
    assert page.locator(".row-of-data.at").evaluate(outline) == ["solid", 3]
    page.locator("#lasso summary").click()
    page.locator("#lasso[data-drawn]").wait_for()
    page.wait_for_function("() => document.querySelector('#lasso canvas').clientHeight > 100")
    inks = page.locator("#lasso canvas").evaluate(
        """canvas => { const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
           const inks = new Set();
           for (let k = 0; k < data.length; k += 4) if (data[k + 3] === 255) inks.add(data.slice(k, k + 3).join());
           return inks.size; }"""
    )
    assert inks >= 2, "the classes keep colours of their own"


def test_search_filters_and_sorting_change_the_rows(show: Open) -> None:
    page = show()
    acts(page, lambda: page.get_by_role("searchbox").fill("disappointing"))
    some = count(page)
    assert 0 < some < 100 and all("disappointing" in text for text in cells(page, "length"))
    acts(page, lambda: page.locator("#filter [name=label]").select_option("pos"))
    assert 0 < count(page) < some and set(cells(page, "label")) == {"pos"}
    acts(page, page.locator("[data-view=all]").click)
    acts(page, lambda: page.locator("#filter [name=least]").fill("90"))
    assert all(float(text.strip("<>%")) >= 90 for text in cells(page, "confidence"))
    acts(page, page.get_by_role("button", name="sure", exact=True).click)
    sure = [float(text.strip("<>%")) for text in cells(page, "confidence")]
    assert sure == sorted(sure, reverse=True)
    assert page.locator(".head [aria-sort=descending]").get_attribute("data-by") == "confidence"
    acts(page, page.get_by_role("button", name="sure", exact=True).click)
    assert cells(page, "confidence")[0].startswith("90.")
    acts(page, page.locator("[data-view=mistakes]").click)
    assert all(a != b for a, b in zip(cells(page, "label"), cells(page, "predicted"), strict=True))
    acts(page, lambda: page.get_by_role("searchbox").fill("no such words"))
    assert count(page) == 0 and page.locator(".row-of-data:not([hidden])").count() == 0


def test_the_table_shows_any_place_and_only_has_elements_for_those_in_sight(show: Open) -> None:
    page = show()
    page.locator("#rows").evaluate("rows => { rows.scrollTop = rows.scrollHeight; }")
    expect(page.locator(".row-of-data[aria-rowindex='401'] .c-row")).to_have_text("399")
    assert page.locator(".row-of-data").count() < 40
    page.locator("#rows").evaluate("rows => { rows.scrollTop = 100 * 36; }")
    expect(page.locator(".row-of-data[aria-rowindex='102'] .c-row")).to_have_text("100")
    assert cells(page, "row")[1:4] == ["100", "101", "102"]


def test_the_words_of_a_slice_stream_in_and_a_word_leads_to_its_rows(show: Open) -> None:
    page = show()
    page.locator("#words summary").click()
    page.locator("#words[data-painted][aria-busy=false]").wait_for()
    assert page.locator("#words p").inner_text().startswith("400 of 400 texts explained; mean scores for “pos”")
    heads = page.locator("#words .strongest thead th")
    assert heads.all_inner_texts() == ["word", "score", "texts"] and not page.locator("#words .frequent").is_visible()
    acts(page, page.locator("[data-view=mistakes]").click)
    page.locator("#words p", has_text=f"{count(page)} of {count(page)} texts explained").wait_for()
    page.locator("#words[aria-busy=false]").wait_for()
    assert heads.all_inner_texts() == ["word", "here", "rest", "texts"]
    word = page.locator("#words .strongest tbody tr").first
    name, texts = word.locator("button").inner_text(), int(word.locator("td").last.inner_text().split(" / ")[0])
    acts(page, word.locator("button").click)
    assert count(page) == texts and all(name in text.lower() for text in cells(page, "length") if "…" not in text)
    acts(page, page.locator("#chips button", has_text=f"word “{name}”").click)
    assert page.locator("#chips button").count() == 0 and count(page) > texts


def test_an_area_drawn_on_the_map_leads_to_its_rows(show: Open) -> None:
    page = show()
    page.locator("#lasso summary").click()
    page.locator("#lasso[data-drawn]").wait_for()
    page.wait_for_function("() => document.querySelector('#lasso canvas').clientHeight > 100")
    signs = page.locator(".signs li").all_inner_texts()
    assert [sign.rpartition(" ")[0] for sign in signs[:2]] == ["neg", "pos"] and "PC 1" in signs[2]
    canvas = page.locator("#lasso canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    left, top, wide, high = box["x"], box["y"], box["width"] / 2, box["height"]

    def draw() -> None:
        page.mouse.move(left + 2, top + 2)
        page.mouse.down()
        for x, y in ((wide, 2), (wide, high - 4), (2, high - 4)):
            page.mouse.move(left + x, top + y, steps=4)
        page.mouse.up()

    acts(page, draw)
    half = count(page)
    assert 0 < half < 400
    assert sum(int(sign.rpartition(" ")[2]) for sign in page.locator(".signs li").all_inner_texts()[:-1]) == half
    page.locator("#lasso select").select_option("right")
    assert page.locator(".signs li").first.inner_text().startswith("right ")
    acts(page, page.get_by_role("button", name="Show every row").click)
    assert count(page) == 400
    canvas.focus()
    for key in ("ArrowLeft", "+", "+", "+", "+", "+"):
        page.keyboard.press(key)
    acts(page, lambda: page.keyboard.press("Enter"))
    assert 0 < count(page) < 400
    acts(page, lambda: page.keyboard.press("Escape"))
    assert count(page) == 400


def test_bookmarks_and_notes_stay_with_the_browser_and_come_as_csv(show: Open, tmp_path: Path) -> None:
    page = show()
    open_row(page, 3)
    page.locator("[data-deed=mark]").click()
    page.locator(".current input").fill("sarcasm, twice")
    page.keyboard.press("Tab")
    page.locator(".row-of-data[aria-rowindex='7'] .c-mark button").click()
    page.reload()
    page.wait_for_selector("#workbench[data-complete][data-sliced]")
    acts(page, page.locator("[data-view=marked]").click)
    assert cells(page, "row") == ["3", "5"] and cells(page, "mark") == ["★", "★"]
    open_row(page)
    assert page.locator(".current input").input_value() == "sarcasm, twice"
    assert page.locator("[data-deed=mark]").get_attribute("aria-pressed") == "true"
    with page.expect_download() as waiting:
        page.locator("[data-deed=export]").click()
    waiting.value.save_as(tmp_path / "notes.csv")
    with (tmp_path / "notes.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert [(row["row"], row["note"]) for row in table] == [("3", "sarcasm, twice"), ("5", "")]
    assert table[0]["text"] == page.locator("textarea").input_value()
    acts(page, page.locator("[data-deed=mark]").click)
    assert cells(page, "row") == ["5"]


def test_two_models_over_the_same_rows_show_where_they_part(show: Open) -> None:
    page = show()
    acts(page, lambda: page.get_by_role("combobox", name="Compare", exact=True).select_option("models"))
    assert page.locator(".matrix h3").inner_text() == "imdb-attention-rnn ↓ and imdb-cnn →"
    acts(page, page.locator("[data-view=part]").click)
    others = [text.split()[0] for text in cells(page, "difference")]
    assert others and all(a != b for a, b in zip(cells(page, "predicted"), others, strict=True))
    parted = count(page)
    assert parted == sum(int(matrix(page, *pair).inner_text()) for pair in (("neg", "pos"), ("pos", "neg")))
    text = open_row(page)
    assert [page.locator("textarea").nth(k).input_value() for k in (0, 1)] == [text, text]
    labels = page.locator(".said .label bdi").all_inner_texts()
    assert sorted(labels) == ["neg", "pos"]
    acts(page, matrix(page, "neg", "pos").click)
    assert count(page) < parted and page.locator("#chips button").inner_text().startswith("imdb-attention-rnn says neg")
    acts(page, lambda: page.get_by_role("combobox", name="Compare", exact=True).select_option(""))
    assert page.locator("[data-view=part]").is_hidden() and page.locator("#chips button").count() == 0


def test_everything_can_be_done_with_the_keyboard(show: Open) -> None:
    page = show()
    grid = page.locator("#rows")
    for _ in range(30):
        if grid.evaluate("g => g === document.activeElement"):
            break
        page.keyboard.press("Tab")
    assert grid.evaluate("g => g === document.activeElement")
    for key in ("ArrowDown", "ArrowDown", "PageDown", "End", "Home", "ArrowDown"):
        page.keyboard.press(key)
    page.locator(".current .named b", has_text="Row 1").wait_for()
    active = grid.get_attribute("aria-activedescendant")
    assert page.locator(f"#{active}").get_attribute("aria-rowindex") == "3"
    page.keyboard.press("b")
    assert page.locator(f"#{active} .c-mark").inner_text() == "★"
    page.keyboard.press("b")
    assert page.locator(f"#{active} .c-mark").inner_text() == "☆"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    matrix(page, "neg", "pos").focus()
    acts(page, lambda: page.keyboard.press("Enter"))
    assert set(cells(page, "predicted")) == {"pos"}
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("neg, predicted pos")


def test_tab_reaches_every_control_in_the_order_of_the_page(show: Open) -> None:
    page = show()
    acts(page, page.locator("[data-view=mistakes]").click)
    page.locator("#words summary").click()
    page.locator("#words[data-painted][aria-busy=false]").wait_for()
    page.locator("#lasso summary").click()
    page.locator("#lasso[data-drawn]").wait_for()
    page.locator("body").click(position={"x": 1, "y": 1})
    expected = controls(page)
    assert len(expected) > 20 and by_tab(page, len(expected)) == expected


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)])
def test_no_violation_for_screen_readers_and_nothing_wider_than_the_window(show: Open, scheme: str, width: int) -> None:
    page = show(width=width, color_scheme=scheme)
    acts(page, page.locator("[data-view=mistakes]").click)
    open_row(page)
    page.locator("#words summary").click()
    page.locator("#words[data-painted][aria-busy=false]").wait_for()
    page.locator("#lasso summary").click()
    page.locator("#lasso[data-drawn]").wait_for()
    acts(page, page.locator("#words tbody button").first.click)
    page.locator("#words[aria-busy=false]").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # nobody reads the mirror: its letters are transparent, those of the textarea lie over its colours
    found = Axe().run(page, context={"exclude": [".mirror"]}).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:120]) for each in found] == []


def test_hostile_rows_are_shown_as_they_are_and_run_nothing(
    show: Open, make_classifier: Callable[..., Classifier], serving: Serve
) -> None:
    text = "<img src=x onerror=alert(1)> a bad film <script>alert(2)</script>"
    table = pd.DataFrame(
        {"text": [text, "", "a \u202e story"], "label": ["<b>x</b>", "neg", "pos"], "<i>k</i>": ["<u>c</u>", "", "d"]}
    )
    model = make_classifier("cnn")
    address = serving([model], data=DataRows.of([model], table))
    wait_until_answered(address)
    page = show(address=address)
    assert cells(page, "length")[:2] == [text, ""] and cells(page, "label")[0] == "<b>x</b>"
    assert open_row(page) == text
    assert "<i>k</i>: <u>c</u>" in page.locator(".current .named").inner_text()
    page.locator(".row-of-data[aria-rowindex='3']").click()
    page.locator(".current .named", has_text="it is empty").wait_for()
    assert (
        page.locator("main img, main script, main b:not(.icon):not([hidden])").evaluate_all(
            "nodes => nodes.filter(n => n.textContent === 'x' || n.tagName !== 'B').length"
        )
        == 0
    )
