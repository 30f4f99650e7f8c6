"""What a reader does with a map of many points: recolour, search, pin; and names where a legend would not do."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from render.points import scatter
from render.test_browser_scatter import near, page_of, painted, point_at, state

from attribkit.render.preparation import markers
from attribkit.results.panels import Map, Mixing, Region, Scatter

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
REGIONS = (
    Region(np.array([0.2, 0.2]), 60, ("waste", "dull")),
    Region(np.array([0.8, 0.8]), 40, ("great", "<b>fun</b>")),
    Region(np.array([0.21, 0.2]), 10, ("hidden",)),
)


@pytest.fixture
def drawn(show: Open) -> Open:
    """Open a page and wait until its map is drawn."""

    def build(*arguments: Any, **settings: Any) -> Page:
        page: Page = show(*arguments, **settings)
        if settings.get("java_script_enabled", True):
            page.locator(".scatter[data-zoom]").first.wait_for(state="attached")
        return page

    return build


def known(count: int = 100, **changes: Any) -> Scatter:
    """Points along a diagonal; every fifth is predicted wrongly, the confidence grows from .5 to 1."""
    points = np.repeat(np.linspace(0, 1, count)[:, None], 2, axis=1)
    labels = tuple(("neg", "pos")[k % 2] for k in range(count))
    wrong = {"neg": "pos", "pos": "neg"}
    predictions = tuple(wrong[name] if k % 5 == 0 else name for k, name in enumerate(labels))
    fields: dict[str, Any] = {
        "predictions": predictions,
        "confidence": np.linspace(0.5, 1, count),
        "maps": (Map("rnn", None, points, None, REGIONS),),
    }
    return scatter(points, **{**fields, **changes})


def topics(classes: int = 150, each: int = 8) -> Scatter:
    """Classes that lie on a grid, each around its own place."""
    group = np.repeat(np.arange(classes), each)
    places = np.array([[k % 15, k // 15] for k in range(classes)], dtype=float)
    points = places[group] + np.random.default_rng(0).normal(size=(len(group), 2)) * 0.1
    names = tuple(f"topic {k}" for k in range(classes))
    labels = tuple(names[k] for k in group)
    return scatter(points, groups=names, group=group, labels=labels, predictions=labels)


def test_the_colours_can_be_those_of_label_prediction_error_and_confidence(drawn: Open) -> None:
    page = drawn(page_of(known()))
    choice = page.locator("[data-do=colour]")
    assert choice.locator("option").all_inner_texts() == ["label", "prediction", "error", "confidence"]
    legends = page.locator(".key:visible [data-group]")
    assert [text.split() for text in legends.all_inner_texts()] == [["neg", "50"], ["pos", "50"]]
    choice.select_option("error")
    assert [text.split() for text in legends.all_inner_texts()] == [["right", "80"], ["wrong", "20"]]
    legends.first.click()
    assert state(page)["shown"] == "20"
    choice.select_option("prediction")
    assert state(page)["shown"] == "100"  # what one choice of colours hides another shows
    choice.select_option("confidence")
    state(page)
    assert page.locator(".key:visible .ends").inner_text().split() == ["50.0%", "100%"]
    assert near(painted(page), markers.ramp()[-1][0]) and not near(painted(page), markers.COLOURS[0][0])
    point_at(page, 0.5 + 0.62 * 0.49, 0.01)
    page.locator("canvas").focus()
    page.keyboard.press("ArrowUp")
    assert "confidence" in page.locator(".tip").inner_text()


def test_a_search_marks_the_texts_that_hold_the_words_and_enter_goes_through_them(drawn: Open) -> None:
    page = drawn(
        page_of(known(excerpts=tuple(f"Text {k} of {'Vienna' if k % 10 == 3 else 'a town'}" for k in range(100))))
    )
    page.get_by_role("searchbox").fill("vienna")
    assert state(page)["hits"] == "10" and page.locator(".hits").inner_text() == "10 of 100"
    for wanted in ("3", "13", "23"):
        page.keyboard.press("Enter")
        assert state(page)["hover"] == wanted
    page.get_by_role("searchbox").fill("nowhere")
    assert page.locator(".hits").inner_text() == "0 of 100"
    page.keyboard.press("Enter")
    assert state(page)["hover"] == "-1"
    page.get_by_role("searchbox").fill("")
    assert state(page)["hits"] == "" and page.locator(".hits").inner_text() == ""


def test_a_pinned_text_stays_listed_until_it_is_let_go(drawn: Open, hostile: str) -> None:
    page = drawn(page_of(known(excerpts=(hostile[:120],) * 100)))
    page.locator("canvas").focus()
    page.keyboard.press("ArrowUp")
    first = state(page)["hover"]
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    second = state(page)["hover"]
    page.keyboard.press("Enter")
    assert state(page)["pins"] == f"{first} {second}"
    items = page.locator(".pins li")
    assert items.count() == 2 and "confidence" in items.first.inner_text() and "<script>" in items.first.inner_text()
    page.locator("[data-do=colour]").select_option("error")
    state(page)
    assert items.count() == 2
    items.first.locator("button").click()
    assert state(page)["pins"] == second
    items.first.locator("button").click()
    assert page.locator(".pins").is_hidden() and page.evaluate("document.activeElement.tagName") == "CANVAS"
    box = page.locator("canvas").bounding_box()
    assert box is not None
    side = min(box["width"], box["height"]) * 0.98 / 1.07
    page.mouse.click(box["x"] + box["width"] / 2 - side / 2, box["y"] + box["height"] / 2 + side / 2)
    assert state(page)["pins"] == "0"


def test_words_of_regions_stand_on_the_map_where_there_is_room(drawn: Open) -> None:
    page = drawn(page_of(known()))
    assert state(page)["names"].split("\n") == ["waste · dull", "great · <b>fun</b>"]
    page.locator("[data-do=names]").uncheck()
    assert state(page)["names"] == ""
    page.locator("[data-do=names]").check()
    for _ in range(12):
        page.locator("[data-do=in]").click()
    assert "hidden" not in state(page)["names"] and float(state(page)["zoom"]) > 50


def test_many_classes_are_named_on_the_map_and_their_legend_is_folded(drawn: Open) -> None:
    page = drawn(page_of(topics()))
    names = set(state(page)["names"].split("\n"))
    assert len(names) > 60 and names <= {f"topic {k}" for k in range(150)}
    assert page.locator("[data-group]:visible").count() == 0
    page.locator(".key summary").first.click()
    assert page.locator("[data-group]:visible").count() == 150
    page.locator("[data-do=none]:visible").click()
    page.locator("[data-group='7']:visible").click()
    assert state(page)["shown"] == "8" and state(page)["names"] == "topic 7"


def test_at_a_distance_many_points_are_shaded_and_nearby_they_are_points(drawn: Open) -> None:
    points = np.random.default_rng(0).normal(size=(20_000, 2))
    page = drawn(page_of(scatter(points)))
    assert state(page)["shaded"] == "20000" and state(page)["shown"] == "20000"
    for _ in range(6):
        page.locator("[data-do=in]").click()
    assert state(page)["shaded"] == ""
    page = drawn(page_of(scatter(points[:500])))
    assert state(page)["shaded"] == ""


def test_without_script_the_names_stand_on_the_picture(drawn: Open) -> None:
    page = drawn(page_of(known()), java_script_enabled=False)
    assert page.locator(".still text").all_text_contents() == ["waste · dull", "great · <b>fun</b>"]
    page = drawn(page_of(topics()), java_script_enabled=False)
    assert page.locator(".still text").count() > 40
    assert page.locator(".still li").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_forced_colours_keep_the_classes_apart_and_the_measures_bars(drawn: Open, scheme: str) -> None:
    points = np.repeat(np.linspace(0, 1, 40)[:, None], 2, axis=1)
    measured = (Map("rnn", None, points, Mixing(5, 40, 0.5, 0.8, 0.7, 0.3, 0.2, 0.9), ()),)
    page = drawn(page_of(known(40, maps=measured)), scheme, forced_colors="active")
    place = ("light", "dark").index(scheme)
    classes = [markers.COLOURS[k][place] for k in range(2)]
    assert all(near(painted(page), colour) for colour in classes)
    colour = "e => getComputedStyle(e).backgroundColor"
    behind = page.locator("article").first.evaluate(colour)
    bar, line = page.locator(".reading .track i").first, page.locator(".reading .track span").first
    assert bar.evaluate(colour) != behind != line.evaluate(colour)
    high = "e => e.getBoundingClientRect().height"
    assert bar.evaluate(high) > 4 * line.evaluate(high)
    chance = page.locator(".reading .track b").first
    assert chance.evaluate(colour) != behind and chance.evaluate(high) > bar.evaluate(high)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_no_barrier_is_found_and_nothing_is_wider_than_the_window(drawn: Open, scheme: str, width: int) -> None:
    page = drawn(page_of(topics(), known()), scheme, width=width)
    page.locator("canvas").last.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.locator(".key summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:120]) for each in found] == []
