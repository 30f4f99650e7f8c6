"""The live page in a real browser: typing, asking what if, comparing, taking away."""

import json
import re
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Locator, Page, Request, Route, expect
from serve.conftest import Serve
from tabbing import by_tab, controls

import attribkit as ak
from attribkit.models.classifier import Classifier
from attribkit.render.preparation import palette
from attribkit.results.explanation import Explanation
from attribkit.results.explanations import Explanations
from attribkit.results.panels import Table

pytestmark = pytest.mark.browser

LONG = 60_000
HORRIBLE = "It was a horrible movie"
Open = Callable[..., Page]


@pytest.fixture
def show(browser: Browser, live: str, serving: Serve) -> Iterator[Open]:
    """Open the page; afterwards nothing may have been said, refused or asked of anyone else.

    It asks for `serving` so that a page is closed before the server of its test.
    """
    events: list[str] = []
    pages: list[Page] = []

    def build(
        fragment: str = "", width: int = 1180, address: str = live, mistakes: bool = False, **options: Any
    ) -> Page:
        page = browser.new_page(viewport={"width": width, "height": 900}, **options)
        page.set_default_timeout(LONG)

        def said(message: ConsoleMessage) -> None:
            if not mistakes:
                events.append(f"console {message.text}")

        def refuse(dialog: Dialog) -> None:
            events.append(f"dialog {dialog.message}")
            dialog.dismiss()

        def asked(request: Request) -> None:
            if not request.url.startswith((address, "blob:")):
                events.append(f"request {request.url}")

        page.on("console", said)
        page.on("dialog", refuse)
        page.on("request", asked)
        page.on("pageerror", lambda error: events.append(f"error {error}"))
        page.goto(f"{address}/{fragment}")
        pages.append(page)
        settled(page)
        return page

    yield build
    for page in pages:
        page.close()
    assert events == []


def settled(page: Page) -> None:
    """Until every text has its answer."""
    page.wait_for_selector("html[data-ready] body:not(:has(.asking))")


def type_text(page: Page, text: str, pane: int = 0) -> None:
    area = page.locator("textarea").nth(pane)
    area.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
    settled(page)


def chooser(page: Page, name: str) -> Locator:
    """A select by the name that a screen reader says."""
    return page.get_by_role("combobox", name=name, exact=True)


def looks(page: Page, pane: int = 0) -> dict[str, str]:
    """Each coloured word and its class."""
    spans = page.locator(".mirror").nth(pane).locator("span")
    return dict(spans.evaluate_all("spans => spans.map(s => [s.textContent, s.className])"))


def mirrored(page: Page, pane: int = 0) -> str:
    return page.locator(".mirror").nth(pane).evaluate("mirror => mirror.textContent")


def point_at(page: Page, word: str, pane: int = 0) -> None:
    """Click a word of the text."""
    page.locator("textarea").nth(pane).scroll_into_view_if_needed()
    span = page.locator(".mirror").nth(pane).locator("span", has_text=re.compile(f"^{re.escape(word)}$")).first
    box = span.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator(".word").nth(pane).locator(".named bdi", has_text=word).wait_for()


def test_words_take_their_colour_while_one_types(show: Open) -> None:
    page = show()
    type_text(page, "The plot was dull and horrible")
    found = looks(page)
    assert found["horrible"].startswith("p") and found["The"] in ("", *(f"{s}{k}" for s in "pn" for k in (1, 2, 3)))
    assert page.locator(".said .label bdi").inner_text() == "neg"
    assert "scores sum to the model’s output" in page.locator(".verdict").inner_text()
    assert "sum of scores" in page.locator(".equation").inner_text()
    strongest = page.locator(".mirror span", has_text="horrible").evaluate("e => getComputedStyle(e).backgroundColor")
    assert strongest not in ("rgba(0, 0, 0, 0)", "rgb(255, 255, 255)")
    phrases = [phrase.split() for phrase in page.locator(".phrases tr bdi").all_inner_texts()]
    assert len(phrases) == 2 and "horrible" in phrases[0] and not set(phrases[0]) & set(phrases[1])
    page.wait_for_timeout(1000)
    heard = page.locator("#heard").inner_text()
    assert heard.startswith("neg, ") and "relative error" not in heard and "adds up" not in heard


@pytest.mark.parametrize("width", [1280, 390])
def test_the_examples_are_buttons_above_the_text(show: Open, width: int) -> None:
    page = show(width=width)
    page.locator(".examples button").first.wait_for()
    boxes = [page.locator(name).first.bounding_box() for name in (".examples", ".sheet")]
    assert boxes[0] and boxes[1] and boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]
    border = "e => getComputedStyle(e).borderTopStyle"
    assert page.locator(".examples button").first.evaluate(border) == "solid"


def test_the_mirror_stands_exactly_behind_the_text(show: Open) -> None:
    """Where the browser would put the caret for a place in the textarea is where the mirror has that word."""
    text = "first line of a text that is long enough to wrap around in this field " * 3 + "\n\n  last horrible line"
    page = show()
    type_text(page, text)
    assert mirrored(page) == text
    heights = page.locator(".sheet").evaluate("s => [...s.children].slice(0, 2).map(c => c.scrollHeight)")
    assert heights[0] == heights[1]
    for word in ("wrap", "horrible", "line"):
        point_at(page, word)
        caret = page.locator("textarea").evaluate(
            "a => a.value.slice(Math.max(0, a.selectionStart - 20), a.selectionStart + 20)"
        )
        assert word in caret


def test_the_caret_stays_undo_works_and_the_middle_can_be_edited(show: Open) -> None:
    page = show()
    type_text(page, "It was a movie")
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    page.keyboard.type("horrible ")
    settled(page)
    area = page.locator("textarea")
    assert area.input_value() == "It was a horrible movie" == mirrored(page)
    assert area.evaluate("a => a.selectionStart") == 18
    assert "horrible" in looks(page)
    page.keyboard.press("Control+Z")
    settled(page)
    assert area.input_value() != "It was a horrible movie" and mirrored(page) == area.input_value()


def test_pasted_rich_text_becomes_plain(show: Open) -> None:
    page = show(permissions=["clipboard-read", "clipboard-write"])
    page.evaluate("""() => navigator.clipboard.write([new ClipboardItem({
        "text/html": new Blob(["<b>horrible</b><table><tr><td>1</table>"], { type: "text/html" }),
        "text/plain": new Blob(["horrible"], { type: "text/plain" }),
    })])""")
    page.locator("textarea").focus()
    page.keyboard.press("Control+A")
    page.keyboard.press("Control+V")
    settled(page)
    assert page.locator("textarea").input_value() == "horrible" == mirrored(page)
    assert page.locator(".sheet b, .sheet table").count() == 0


@pytest.mark.parametrize(
    "text",
    [
        "family \U0001f468\u200d\U0001f469\u200d\U0001f467 horrible \U0001f600",
        "كان فيلما horrible جدا",
        "<img src=x onerror=alert(1)> horrible </textarea><script>alert(1)</script>",
        "a \u202e evil \u202c horrible {{ x }} ${y}",
        "\n\n horrible\t\ttabs \n",
    ],
)
def test_hostile_and_foreign_texts_are_shown_as_typed_and_survive_the_link(show: Open, text: str) -> None:
    page = show()
    page.locator("textarea").fill(text)
    settled(page)
    assert mirrored(page) == text
    assert looks(page)["horrible"].startswith("p")
    point_at(page, "horrible")
    page.wait_for_timeout(400)
    again = show(page.evaluate("location.hash"))
    assert again.locator("textarea").input_value() == text == mirrored(again)
    assert again.evaluate("document.scripts.length + document.images.length") == 2
    direction = page.locator("textarea").evaluate("a => getComputedStyle(a).direction")
    assert direction == ("rtl" if text[0] == "ك" else "ltr")


def test_muting_and_swapping_show_the_change_beside_the_original_with_a_trail(show: Open) -> None:
    page = show()
    before = page.locator(".said .percent").inner_text()
    point_at(page, "horrible")
    assert page.locator(".swaps button").first.inner_text().startswith("terrible")
    page.locator(".mutes").click()
    settled(page)
    assert looks(page)["horrible"].startswith("mute")
    assert page.locator("textarea").input_value() == HORRIBLE
    assert page.locator(".said .percent").inner_text() != before
    assert "before: neg 99.6%" in page.locator(".was").inner_text() and "points" in page.locator(".was").inner_text()
    assert page.locator(".track b").count() == 2
    page.locator(".tries button", has_text="as it was").click()
    settled(page)
    assert looks(page)["horrible"].startswith("p") and page.locator(".was").is_hidden()
    point_at(page, "horrible")
    page.locator(".word input").fill("lovely")
    page.keyboard.press("Enter")
    settled(page)
    assert page.locator("textarea").input_value() == "It was a lovely movie"
    assert page.locator(".said .label bdi").inner_text() == "pos"
    names = page.locator(".tries button").all_inner_texts()
    expected = ["as it was neg 99.6%", "without “horrible” pos ", "“horrible” → “lovely” pos ", "start over from here"]
    assert all(name.startswith(one) for name, one in zip(names, expected, strict=True)), names
    assert page.locator(".tries [aria-current]").inner_text().startswith("“horrible” → “lovely”")
    page.locator("textarea").focus()
    page.keyboard.press("Control+Z")
    settled(page)
    assert page.locator("textarea").input_value() == HORRIBLE


def test_a_selected_word_shows_the_words_it_acts_with(show: Open) -> None:
    page = show()
    type_text(page, "It was not bad at all")
    point_at(page, "not")
    page.locator(".with li").first.wait_for()
    assert page.locator(".with li bdi").first.inner_text() == "bad"
    assert "acts together with" in page.locator(".with p").inner_text()
    assert "partner" in looks(page)["bad"] and "partner" not in looks(page)["not"]
    for choice, option in (("Measured in", "probability"), ("Model", "imdb-attention-rnn")):
        chooser(page, choice).select_option(option)
        settled(page)
        point_at(page, "not")
        assert page.locator(".with").is_hidden() and not any("partner" in look for look in looks(page).values())


def test_choices_reach_the_explanation(show: Open) -> None:
    page = show()
    chooser(page, "Why").select_option("pos")
    settled(page)
    assert looks(page)["horrible"].startswith("n")
    chooser(page, "Measured in").select_option("probability")
    chooser(page, "Compared with").select_option("unk")
    chooser(page, "Method").select_option("leave_one_out")
    settled(page)
    assert "leave_one_out does not promise" in page.locator(".verdict").inner_text()
    assert "probability" in page.locator(".legend").inner_text()
    chooser(page, "Method").select_option("")
    chooser(page, "Model").select_option("imdb-attention-rnn")
    settled(page)
    assert "τ = " in page.locator(".agreement").inner_text()
    assert page.locator(".looked .row span").count() == 5 and page.locator(".phrases").is_hidden()


def test_the_map_shows_where_the_text_falls(show: Open) -> None:
    page = show()
    page.locator(".map summary").click()
    page.locator(".plot .star[visibility=visible]").wait_for()
    settled(page)
    assert page.locator(".plot .point").count() == 300 and page.locator(".plot .near").count() == 10
    before = page.locator(".plot .star").get_attribute("style")
    type_text(page, "A wonderful, lovely film")
    assert page.locator(".plot .star").get_attribute("style") != before
    assert page.locator(".plot ol li").count() == 6


def test_two_texts_and_two_models_stand_side_by_side(show: Open) -> None:
    page = show()
    chooser(page, "Compare").select_option("texts")
    settled(page)
    type_text(page, "A good movie", 1)
    assert page.locator(".pane").count() == 2
    one, two = looks(page, 0), looks(page, 1)
    assert one["horrible"] == "p20" and two["good"] != "p20"  # one scale for both
    ends = [re.findall(r"[\d.]+", legend)[0] for legend in page.locator(".legend .low").all_inner_texts()]
    assert ends[0] == ends[1]
    chooser(page, "Compare").select_option("models")
    settled(page)
    type_text(page, "It was a dull movie", 0)
    assert page.locator("textarea").nth(1).input_value() == "It was a dull movie"
    assert page.locator(".by").all_inner_texts() == ["predicted by imdb-cnn", "predicted by imdb-attention-rnn"]
    boxes = [page.locator(".pane").nth(k).bounding_box() for k in (0, 1)]
    assert boxes[0] and boxes[1] and boxes[0]["y"] == boxes[1]["y"] and boxes[0]["x"] < boxes[1]["x"]
    chooser(page, "Compare").select_option("")
    assert page.locator(".pane").count() == 1


def test_every_download_opens_and_holds_what_was_seen(show: Open, browser: Browser, tmp_path: Path) -> None:
    page = show("#text=A+horrible+%3Cb%3E+movie&model=imdb-cnn&mute=2-10&target=pos&output=logit")
    page.locator("#take summary").click()
    for kind in ("png", "svg", "html", "json"):
        with page.expect_download() as waiting:
            page.locator(f"[data-file={kind}]").click()
        path = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(path)
        assert path.name == f"why.{kind}"
    found = Explanation.load(tmp_path / "why.json")
    assert found.text == "A <b> movie" and found.token_scores.target == "pos"
    assert found.token_scores.unit == "logit" and found.token_scores.converged
    assert (tmp_path / "why.png").read_bytes().startswith(b"\x89PNG")
    assert "movie" in (tmp_path / "why.svg").read_text("utf-8")
    opened = browser.new_page()
    opened.goto((tmp_path / "why.html").as_uri())
    assert opened.locator("section .text").first.inner_text() == found.text
    opened.close()
    chooser(page, "Compare").select_option("texts")
    settled(page)
    with page.expect_download() as waiting:
        page.locator("[data-file=json]").click()
    waiting.value.save_as(tmp_path / "both.json")
    assert len(Explanations.load(tmp_path / "both.json")) == 2


def test_picture_and_link_can_be_copied(show: Open) -> None:
    page = show(permissions=["clipboard-read", "clipboard-write"])
    page.locator("#take summary").click()
    page.locator("[data-copy=picture]").click()
    page.locator("#taken", has_text="The picture is in your clipboard").wait_for()
    kinds = page.evaluate("navigator.clipboard.read().then(items => items.flatMap(item => item.types))")
    assert "image/png" in kinds
    page.locator("[data-copy=link]").click()
    page.locator("#taken", has_text="The link is in your clipboard").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert "#text=It+was+a+horrible+movie&model=imdb-cnn" in link


def test_a_link_restores_and_the_browsers_back_button_takes_back(show: Open) -> None:
    page = show("#text=A+dull+movie&model=imdb-attention-rnn&mute=2-6&target=pos&baseline=unk")
    assert looks(page)["dull"] == "mute" and page.locator("textarea").input_value() == "A dull movie"
    assert chooser(page, "Model").input_value() == "imdb-attention-rnn"
    assert chooser(page, "Compared with").input_value() == "unk"
    chooser(page, "Model").select_option("imdb-cnn")
    chooser(page, "Compare").select_option("texts")
    settled(page)
    page.go_back()
    settled(page)
    assert page.locator(".pane").count() == 1 and chooser(page, "Model").input_value() == "imdb-cnn"
    page.go_back()
    settled(page)
    assert chooser(page, "Model").input_value() == "imdb-attention-rnn"
    page.go_forward()
    settled(page)
    assert chooser(page, "Model").input_value() == "imdb-cnn" and looks(page)["dull"] == "mute"


@pytest.mark.parametrize(
    "fragment",
    [
        "#",
        "#text=",
        "#text=a&mute=5-2,x,1-999999,-3",
        "#model=nobody&text=b&target=x&compare=y",
        "#%ff=%u",
        "#text=" + "a" * 120_000,
    ],
)
def test_a_broken_link_breaks_nothing(show: Open, fragment: str) -> None:
    page = show(fragment)
    type_text(page, HORRIBLE)
    assert looks(page)["horrible"] == "p20"


def test_everything_can_be_done_with_the_keyboard(show: Open) -> None:
    page = show()
    area = page.locator("textarea")
    for _ in range(12):
        if area.evaluate("a => a === document.activeElement"):
            break
        page.keyboard.press("Tab")
    assert area.evaluate("a => a === document.activeElement")
    page.keyboard.press("Control+End")
    page.keyboard.press("Control+ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.locator(".named bdi", has_text="horrible").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className").startswith("mutes")
    page.keyboard.press("Enter")
    settled(page)
    assert looks(page)["horrible"].startswith("mute")
    assert area.evaluate("a => a === document.activeElement")
    page.locator("#take summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("[data-file=png]").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("[data-file=png]").is_hidden()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_no_violation_for_screen_readers_light_and_dark_wide_and_narrow(show: Open, scheme: str, width: int) -> None:
    page = show(width=width, color_scheme=scheme)
    type_text(page, "A horrible qzxv movie with great actresses")
    point_at(page, "horrible")
    page.locator(".mutes").click()
    page.locator(".map summary").click()
    page.locator(".all summary").click()
    page.locator(".plot .star[visibility=visible]").wait_for()
    point_at(page, "great")
    settled(page)
    page.locator("#take summary").click()
    # nobody reads the mirror: its letters are transparent, those of the textarea lie over its colours
    found = Axe().run(page, context={"exclude": [[".mirror"]]}).response["violations"]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    paper = page.locator(".pane").evaluate("e => getComputedStyle(e).backgroundColor")
    assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(28, 28, 28)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_forced_colours_and_paper_keep_the_words_colours(show: Open, scheme: str) -> None:
    page = show(color_scheme=scheme)
    pixels = page.locator(".sheet").screenshot()
    page.emulate_media(forced_colors="active")
    # a plate behind the letters would hide what lies below them: the picture is the same
    page.locator("textarea").focus()
    assert page.locator(".sheet").evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    page.locator("textarea").blur()
    forced = page.locator(".sheet").screenshot()
    assert _differing(pixels, forced) < 0.003
    page.emulate_media(media="print", forced_colors="none")
    word = page.locator(".mirror span", has_text="horrible")
    colour, exact = word.evaluate("e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).printColorAdjust]")
    strongest = palette.LIGHT.ramp[-1]
    assert exact == "exact" and colour == f"rgb({', '.join(str(int(strongest[i : i + 2], 16)) for i in (1, 3, 5))})"
    assert page.locator("#settings").is_hidden() and page.locator("details.all").is_hidden()


def _differing(one: bytes, other: bytes) -> float:
    """The share of the pixels of two pictures that differ by more than a shade, without their borders."""
    first, second = (
        np.asarray(Image.open(BytesIO(each)).convert("RGB"), dtype=int)[2:-2, 2:-2] for each in (one, other)
    )
    assert first.shape == second.shape
    return float((abs(first - second).max(axis=2) > 24).mean())


def test_a_stale_answer_is_never_painted_over_a_newer_one(show: Open) -> None:
    page = show("#text=a&model=imdb-cnn")
    held: list[Any] = []

    def hold(route: Any) -> None:
        if json.loads(route.request.post_data)["text"] == "first":
            held.append(route)
        else:
            route.continue_()

    page.route("**/live", hold)
    page.locator("textarea").fill("first")
    while not held:
        page.wait_for_timeout(20)
    page.wait_for_timeout(300)
    page.locator("textarea").fill("It was lovely")
    settled(page)
    assert page.locator(".said .label bdi").inner_text() == "pos"
    painted = page.locator(".pane").get_attribute("data-painted")
    held[0].continue_()
    page.wait_for_timeout(500)
    assert page.locator(".pane").get_attribute("data-painted") == painted
    assert list(looks(page)) == ["It", "was", "lovely"]


def test_only_what_changed_is_drawn_anew(show: Open) -> None:
    page = show()
    page.locator("textarea").fill("word " * 1_500)
    settled(page)
    page.evaluate("document.querySelectorAll('.mirror span').forEach((span, k) => { span.number = k; })")
    page.locator("textarea").focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("!")
    settled(page)
    kept = page.evaluate(
        "[...document.querySelectorAll('.mirror span')].filter(span => span.number !== undefined).length"
    )
    assert kept == 1_500 and page.locator(".mirror span").count() == 1_501


def test_a_mistake_is_said_and_the_next_key_cures_it(show: Open) -> None:
    page = show(mistakes=True)
    page.locator("textarea").fill("word " * 2_001)
    problem = page.locator(".problem")
    expect(problem).to_contain_text("2,000 tokens", timeout=LONG)
    page.locator("textarea").fill("")
    expect(problem).to_be_hidden()
    assert mirrored(page) == "" and "Every word" in page.locator(".verdict").inner_text()
    type_text(page, HORRIBLE)
    assert "p20" in looks(page).values()


def test_an_answer_to_the_text_before_does_not_pass_for_one_to_this(show: Open) -> None:
    page = show()
    type_text(page, HORRIBLE)
    held: list[Route] = []
    page.route("**/live", lambda route: held.append(route))
    page.locator("textarea").press("End")
    page.keyboard.type("!")
    pane = page.locator(".pane")
    expect(pane).to_have_attribute("aria-busy", "true", timeout=1_000)
    page.wait_for_timeout(150)
    for part in (".said", ".check"):
        assert float(pane.locator(part).evaluate("e => getComputedStyle(e).opacity")) < 0.5
    icon, good = pane.locator(".verdict .icon").evaluate(
        """e => { const own = getComputedStyle(e).backgroundColor;
                  e.closest('.pane').classList.remove('asking');
                  return [own, getComputedStyle(e).backgroundColor]; }"""
    )
    assert icon != good
    assert held
    page.unroute("**/live")  # which lets them go
    settled(page)
    expect(pane).to_have_attribute("aria-busy", "false")


def test_another_model_shows_no_answer_until_it_has_given_one(show: Open) -> None:
    page = show()
    held: list[Route] = []
    page.route("**/live", lambda route: held.append(route))
    chooser(page, "Model").select_option("imdb-attention-rnn")
    expect(page.locator(".said .label")).to_have_text("", timeout=1_000)
    assert page.locator(".by").inner_text() == "" and not [look for look in looks(page).values() if look]
    for _ in range(100):  # the old answer goes at once, before the request is on its way
        if held:
            break
        page.wait_for_timeout(20)
    assert held and page.locator(".by").inner_text() == ""
    page.unroute("**/live")  # which lets them go
    expect(page.locator(".by")).to_have_text("predicted by imdb-attention-rnn")


def test_a_late_answer_to_the_second_pane_stays_out_of_sight_until_it_comes(show: Open) -> None:
    page = show()
    chooser(page, "Compare").select_option("models")
    settled(page)
    type_text(page, HORRIBLE)
    held: list[Route] = []

    def of_the_second(route: Route) -> None:
        if "imdb-attention-rnn" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/live", of_the_second)
    page.locator("textarea").first.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("Such a great show")
    first, second = (page.locator(".pane").nth(place) for place in (0, 1))
    expect(first.locator(".said .label bdi")).to_have_text("pos")
    expect(first).to_have_attribute("aria-busy", "false")
    expect(second).to_have_attribute("aria-busy", "true")
    assert float(second.locator(".said").evaluate("e => getComputedStyle(e).opacity")) < 0.5
    second.locator("select.model").select_option("imdb-cnn")  # the late answer is now another model's
    expect(second.locator(".by")).to_have_text("predicted by imdb-cnn")
    expect(second).to_have_attribute("aria-busy", "false")
    shown = second.locator(".said").inner_text()
    page.unroute("**/live")  # which lets the late ones go
    page.wait_for_timeout(600)
    assert held and second.locator(".said").inner_text() == shown
    assert second.locator(".by").inner_text() == "predicted by imdb-cnn"


def test_a_text_that_is_refused_keeps_no_colours(show: Open) -> None:
    page = show(mistakes=True)
    assert "p20" in looks(page).values()
    page.locator("textarea").fill(HORRIBLE + " word" * 2_001)
    expect(page.locator(".problem")).to_be_visible(timeout=LONG)
    assert page.locator(".mirror span[class^=p], .mirror span[class^=n]").count() == 0
    assert page.locator(".said .label").inner_text().strip() == ""


def test_while_one_types_the_scale_stays(show: Open) -> None:
    page = show()
    type_text(page, HORRIBLE)
    scale = page.locator(".legend .low").inner_text()
    page.locator("textarea").press("Control+A")
    page.keyboard.type("It was a")
    settled(page)
    assert page.locator(".legend .low").inner_text().split("−")[1] == scale.split("−")[1]
    assert all(look in ("", "p1", "n1") for look in looks(page).values()), "a word that hardly counts is pale"


def test_a_text_that_hardly_moves_the_model_is_pale_from_the_start(show: Open) -> None:
    page = show("#text=the+film&model=imdb-cnn")
    assert page.locator(".legend .low").inner_text().endswith("−1.00")
    assert set(looks(page).values()) <= {"p1", "p2", "p3"}, "0.06 and 0.13 are no strong words"


@pytest.mark.parametrize("width", [1280, 390])
def test_tab_reaches_every_control_in_the_order_of_the_page(show: Open, width: int) -> None:
    page = show(width=width)
    page.locator(".map summary").click()
    page.locator(".plot .star[visibility=visible]").wait_for()
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.locator("body").click(position={"x": 1, "y": 1})
    expected = controls(page)
    assert len(expected) > 10 and by_tab(page, len(expected)) == expected


def test_many_classes_offer_why_this_and_not_that(
    show: Open, serving: Serve, make_classifier: Callable[..., Classifier]
) -> None:
    labels = tuple(f"<b>{k}</b>" for k in range(9))
    address = serving([make_classifier("cnn", labels=labels), make_classifier("lstm", labels=labels)])
    page = show("#text=a+good+film&model=tiny-cnn", address=address)
    assert page.locator(".probabilities tr").count() == 6 and "3 more labels" in page.locator(".rest").inner_text()
    chooser(page, "Why").select_option("<b>2</b>")
    chooser(page, "and not").select_option("<b>5</b>")
    settled(page)
    assert "“<b>2</b> − <b>5</b>”" in page.locator(".legend .high").inner_text()
    assert page.locator(".map").is_hidden() and page.locator(".pane b b").count() == 0


def test_the_page_weighs_little(live: str) -> None:
    import requests

    names = [
        "",
        "style.css",
        "colours.css",
        "mark.svg",
        "app.js",
        "api.js",
        "map.js",
        "pane.js",
        "sheet.js",
        "state.js",
    ]
    assert sum(len(requests.get(f"{live}/{name}", timeout=60).content) for name in names) < 100_000


def test_the_training_rows_of_a_model_that_carries_them_stand_under_the_text(serving: Serve, show: Open) -> None:
    data = ak.load_dataset("demo").sample(60)
    hostile = data.train.assign(text=[f"<img src=x onerror=alert(1)> {text}" for text in data.train["text"]])
    model = ak.load("imdb-cnn", "cpu").copy()
    ak.keep_training(model, hostile, other_rows=True)
    page = show(address=serving([model]))
    type_text(page, HORRIBLE)
    settled(page)
    rows = page.locator(".lessons tr")
    expect(rows).to_have_count(3)
    (table,) = ak.explain(model, HORRIBLE, views="training").panels()
    assert isinstance(table, Table)
    for place in range(3):
        text = rows.nth(place).inner_text()
        assert "<img src=x onerror=alert(1)>" in text and str(table.rows[place][1]) in text
    assert page.locator(".lessons img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 1180
    violations = Axe().run(page).response["violations"]
    assert [one["id"] for one in violations] == []


def test_a_model_without_training_rows_shows_none(show: Open) -> None:
    page = show()
    type_text(page, HORRIBLE)
    settled(page)
    expect(page.locator(".lessons")).to_be_hidden()
