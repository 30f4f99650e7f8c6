"""One explanation as the browser shows it: chips that recolour, folds that open in place, rows."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pytest
from playwright.sync_api import Page
from render.test_browser import contrasts, text_of

from attribkit.render import html
from attribkit.results.explanation import Explanation
from attribkit.results.panels import Heatmap, HeatmapRow, Prediction
from attribkit.results.several_panels import Panels

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
Make = Callable[..., Explanation]


def three_classes(explained: Make, text: str = "a good film") -> Explanation:
    labels, probabilities = ("red", "green", "blue"), (0.2, 0.7, 0.1)
    scores = ([1.0, -2.0, 0.5], [0.25, 4.0, -1.0], [-3.0, 0.0, 0.0])
    panels = [explained(text, row, target=label).token_scores for label, row in zip(labels, scores, strict=True)]
    return Explanation(text, Prediction("green", labels, probabilities, "red"), panels, {"model": "tiny"})


def shown(page: Page) -> list[list[str]]:
    """Each token's colour class and score."""
    read = "tokens => tokens.map(t => [t.className, t.dataset.s])"
    found: list[list[str]] = page.locator("section .text .t").evaluate_all(read)
    return found


def test_chips_recolour_the_one_text_for_another_class(explained: Make, show: Open) -> None:
    page = show(html.page([three_classes(explained)]))
    assert page.locator(".scored .text").count() == 1
    chips = page.locator("button.chip")
    assert chips.all_inner_texts() == ["green\n70.0%", "red\n20.0%", "blue\n10.0%"]
    assert shown(page) == [["t p1", "+0.25"], ["t p20", "+4.00"], ["t n5", "−1.00"]]
    chips.nth(1).click()
    assert shown(page) == [["t p5", "+1.00"], ["t n10", "−2.00"], ["t p2", "+0.50"]]
    assert page.locator(".legend .words").inner_text().split("\n") == ["against “red”", "for “red”"]
    bars = page.locator(".strongest tr").evaluate_all("rows => rows.map(row => row.innerText.split(/\\s+/).join(' '))")
    assert bars == ["a +1.00", "film +0.50", "good −2.00"]
    assert chips.evaluate_all("chips => chips.map(chip => chip.ariaPressed)") == ["false", "true", "false"]
    page.get_by_text("How to read this").click()
    assert page.locator(".facts:visible").count() == 1
    assert page.locator(".facts:visible tr").nth(2).inner_text().split()[:2] == ["Target", "red"]
    chips.nth(0).press("Enter")
    assert shown(page) == [["t p1", "+0.25"], ["t p20", "+4.00"], ["t n5", "−1.00"]]


def test_the_script_colours_as_the_page_was_made(explained: Make, show: Open) -> None:
    scores = np.linspace(-1, 1, 41)
    text = " ".join(["word"] * 41)
    panels = [explained(text, row, target=name).token_scores for name, row in (("a", scores), ("b", scores[::-1]))]
    page = show(html.page([Explanation(text, Prediction("a", ("a", "b"), (0.9, 0.1)), panels, {})]))
    made = shown(page)
    for chip in (1, 0):
        page.locator("button.chip").nth(chip).click()
    assert shown(page) == made


def test_a_page_without_script_tells_everything(explained: Make, show: Open) -> None:
    source = html.page([three_classes(explained), explained("another text")])
    page = show(source, java_script_enabled=False)
    page.locator(".row > summary").first.click()
    assert page.locator("button.chip:enabled").count() == 0
    page.get_by_text("All 3 scores").click()
    rows = page.locator("table.all").first.locator("tr").all_inner_texts()
    assert [row.split() for row in rows] == [
        ["№", "token", "green", "red", "blue"],
        ["1", "a", "+0.25", "+1.00", "−3.00"],
        ["2", "good", "+4.00", "−2.00", "0.00"],
        ["3", "film", "−1.00", "+0.50", "0.00"],
    ]


def test_many_classes_are_chips_for_the_likeliest_and_a_list_of_the_others(explained: Make, show: Open) -> None:
    count = 150
    labels = tuple(f"class {i}" for i in range(count))
    chances = np.exp(-0.05 * np.arange(count)[::-1])
    rng = np.random.default_rng(0)
    panels = [explained("a good film", rng.normal(size=3), target=label).token_scores for label in labels]
    prediction = Prediction(labels[-1], labels, tuple((chances / chances.sum()).tolist()))
    source = html.page([Explanation("a good film", prediction, panels, {})])
    assert len(source.encode()) < 150_000
    page = show(source)
    assert page.evaluate("document.documentElement.scrollHeight") <= 1200
    assert page.locator("button.chip").first.inner_text().startswith("class 149")
    assert page.locator(".chips select option").count() == 1 + count - page.locator("button.chip").count()
    page.locator(".chips select").select_option("class 3")
    assert page.locator(".legend .words").inner_text().split("\n")[1] == "for “class 3”"
    expected = [f"{score:+.2f}".replace("-", "−") for score in panels[3].scores]
    assert [said for _, said in shown(page)] == expected


def with_attention(explained: Make, heatmap: Callable[..., Heatmap], text: str, weights: Any) -> Explanation:
    panel = heatmap(text, weights)
    single = Heatmap(
        **{
            **{name: getattr(panel, name) for name in ("title", "starts", "ends", "tokens", "known", "tokens_total")},
            "rows": (HeatmapRow("attention", panel.rows[0].values, "weight"),),
            "agreements": (),
        }
    )
    why = explained(text)
    return Explanation(text, why.prediction, (*why.panels(), single), why.provenance)


def test_attention_is_a_line_under_the_words_once_its_fold_is_open(
    explained: Make, heatmap: Callable[..., Heatmap], show: Open
) -> None:
    page = show(html.page([with_attention(explained, heatmap, "a good film", [0.0, 0.8, 0.2])]))
    lines = "tokens => tokens.map(t => getComputedStyle(t).backgroundImage)"
    tokens = page.locator(".scored .t[data-w]")
    assert tokens.evaluate_all(lines) == ["none"] * 3
    page.get_by_text("Attention", exact=True).click()
    none, most, some = tokens.evaluate_all(lines)
    assert "rgba(0, 0, 0, 0)" in none and most != some != none
    assert "it is strongest at good 0.800, film 0.200" in page.locator(".fold.heatmap p").first.inner_text()
    assert page.locator(".strip").count() == 0, "the weights are not drawn twice"
    tokens.nth(1).hover()
    said = "e => getComputedStyle(e, '::after').content"
    assert tokens.nth(1).evaluate(said) == '"−1.00 · attention 0.800"'


def test_rows_open_in_place_and_show_the_text_once(horrible: Explanation, explained: Make, show: Open) -> None:
    wrong = explained("A dull film", [0.0, 1.0, 0.1], true_label="positive")
    page = show(html.page([horrible, wrong]))
    says = page.locator(".row .says").all_inner_texts()
    assert says[0].split("\n")[-1].strip().endswith("✓ right")
    assert "✗ said negative, is positive" in says[1]
    row = page.locator(".row").nth(1)
    assert not row.locator(".scored .text").is_visible()
    row.locator("> summary").press("Enter")
    assert row.locator(".scored .text").is_visible() and not row.locator(".excerpt").is_visible()
    assert row.locator(".scored .text").inner_text() == "A dull film"


def test_twelve_texts_and_one_text_are_short_pages(explained: Make, show: Open) -> None:
    text = "It was a horrible movie, and I would not watch it again for all the tea in China. " * 3
    page = show(html.page([explained(text, true_label="positive")] * 12), width=1280)
    assert page.evaluate("document.documentElement.scrollHeight") <= 3000
    assert show(html.page([explained(text[:80])]), width=1280).evaluate("document.body.scrollHeight") <= 1200


def test_a_break_of_html_is_a_break(explained: Make, show: Open) -> None:
    text = "One film.<br /><br />Two films."
    starts, ends, tokens = [0, 4, 8, 21, 25, 30], [3, 8, 9, 24, 30, 31], ["one", "film", ".", "two", "films", "."]
    why = explained(text, np.ones(6), starts=starts, ends=ends, tokens=tokens, known=[True] * 6, tokens_total=6)
    page = show(html.page([why]))
    boxes = [page.locator(".scored .t").nth(i).bounding_box() for i in (0, 3)]
    first, second = (box for box in boxes if box is not None)
    assert second["y"] > first["y"] + 1.5 * first["height"] and abs(second["x"] - first["x"]) < 3
    assert page.locator(".scored .text").evaluate("e => e.textContent") == text
    assert page.locator(".x").count() == 0


def test_the_strongest_sentence_is_one_press_away(sentenced: Explanation, show: Open) -> None:
    page = show(html.page([sentenced]))
    button = page.locator(".jump")
    assert button.get_attribute("title") == "sentence 1: +21.0"
    button.click()
    assert page.locator(".t.here").count() == 21


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_unknown_words_are_grey_and_can_be_read_at_any_score(
    explained: Make, show: Open, scheme: Literal["light", "dark"]
) -> None:
    page = show(html.page([explained(" ".join(["word"] * 41), np.linspace(-1, 1, 41), known=[False] * 41)]), scheme)
    assert min(contrasts(page).values()) >= 4.5
    ink, unknown = (
        page.locator(f".scored {name}").first.evaluate("e => getComputedStyle(e).color") for name in (".text", ".t.p1")
    )
    assert ink != unknown


def test_a_page_paints_within_300_ms(horrible: Explanation, show: Open) -> None:
    page = show(html.page([horrible]))
    paint = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
    page.wait_for_function(paint)
    assert page.evaluate(paint) <= 300
    assert text_of(page) == horrible.text


def test_a_word_of_both_directions_stands_in_one_box(explained: Make, show: Open) -> None:
    text = "שלום עולם abcשלום def"
    page = show(html.page([explained(text)]))
    boxes = page.locator(".scored .text .t").evaluate_all("tokens => tokens.map(t => t.getClientRects().length)")
    assert boxes == [1] * 4
    # words of one direction keep the order of the line
    places = page.locator(".scored .text .t").evaluate_all("tokens => tokens.map(t => t.getBoundingClientRect().left)")
    assert places == sorted(places, reverse=True)


@pytest.mark.parametrize("text", ["שלוםabc def עולם", "film xשלום עולם and film"])
def test_a_word_whose_second_half_runs_with_the_next_one_is_not_torn_apart(
    explained: Make, show: Open, text: str
) -> None:
    page = show(html.page([explained(text)]))
    boxes = page.locator(".scored .text .t").evaluate_all(
        "tokens => tokens.map(t => { const r = t.getBoundingClientRect(); return [r.left, r.right]; })"
    )
    boxes.sort()
    assert len(boxes) == len(text.split())
    assert all(before[1] <= after[0] + 6 for before, after in pairwise(boxes))


def test_windows_high_contrast_keeps_marks_and_bars(horrible: Explanation, banded: Explanation, show: Open) -> None:
    page = show(html.page([horrible]), forced_colors="active")
    border = "e => [parseFloat(getComputedStyle(e).borderBottomWidth), parseFloat(getComputedStyle(e).borderTopWidth)]"
    below, above = page.locator(".scored .t.p20").evaluate(border)
    weak_below, weak_above = page.locator(".scored .t.n2").evaluate(border)
    assert below >= 3 and above == 0 and 0 < weak_above < below and weak_below == 0
    bar = page.locator(".bars.for .axis i").first
    paper = page.locator("article").evaluate("e => getComputedStyle(e).backgroundColor")
    assert bar.evaluate("e => getComputedStyle(e).backgroundColor") not in (paper, "rgba(0, 0, 0, 0)")
    interval = show(html.page([banded]), forced_colors="active").locator(".axis b").first
    assert interval.evaluate("e => getComputedStyle(e).backgroundColor") not in (paper, "rgba(0, 0, 0, 0)")


def test_high_contrast_keeps_attention_passages_and_the_samples_of_the_legend(
    explained: Make, heatmap: Callable[..., Heatmap], sentenced: Explanation, show: Open
) -> None:
    page = show(html.page([with_attention(explained, heatmap, "a good film", [0.0, 0.8, 0.2])]), forced_colors="active")
    page.get_by_text("Attention", exact=True).click()
    tokens = page.locator(".scored .t[data-w]")
    none, most, some = tokens.evaluate_all("all => all.map(t => getComputedStyle(t).backgroundImage)")
    assert "rgba(0, 0, 0, 0)" in none and most != some != none
    assert set(tokens.evaluate_all("all => all.map(t => getComputedStyle(t).backgroundColor)")) == {"rgba(0, 0, 0, 0)"}
    page = show(html.page([sentenced]), forced_colors="active")
    picture = "e => getComputedStyle(e, '::before').backgroundImage"
    assert all("rgb(" in page.locator(name).first.evaluate(picture) for name in (".text .s", ".cues .sample"))


def test_print_keeps_marks_where_backgrounds_are_left_out_and_twenty_rows_take_few_pages(
    explained: Make, show: Open
) -> None:
    rows = [explained("It was a horrible movie and a waste of time. " * (12 if i % 10 == 9 else 1)) for i in range(20)]
    page = show(html.page(rows))
    for background in (True, False):
        printed = page.pdf(format="A4", print_background=background)
        assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") in range(1, 4)
    page.emulate_media(media="print")
    exact = page.locator(".excerpt .t").first.evaluate("e => getComputedStyle(e).printColorAdjust")
    assert exact == "exact"
    assert page.locator(".row.whole .scored").first.is_hidden()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_pages_break_no_rule_of_accessibility(
    horrible: Explanation,
    explained: Make,
    losses: Any,
    sentenced: Explanation,
    table: Any,
    heatmap: Any,
    show: Open,
    width: int,
    scheme: Literal["light", "dark"],
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    pages = [
        [three_classes(explained)],
        [horrible, explained("A dull film zzz", known=[True, True, True, False], true_label="positive"), sentenced],
        [with_attention(explained, heatmap, "a good film", [0.0, 0.8, 0.2])],
        [losses, Panels((table,)), Explanation("good film", None, (heatmap("good film"),), {})],
    ]
    for rows in pages:
        page = show(html.page(rows), scheme, width, bypass_csp=True)
        for state in ("false", "true"):
            page.evaluate(f"document.querySelectorAll('details').forEach(d => d.open = {state})")
            violations = axe.run(page).response["violations"]
            assert [
                (found["id"], found["nodes"][0]["html"]) for found in violations if found["impact"] != "minor"
            ] == []
