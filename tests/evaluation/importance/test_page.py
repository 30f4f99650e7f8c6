"""The page of important words: one label at a time, and nothing cut at any width."""

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from lexicon import votes
from playwright.sync_api import Page

from attribkit.evaluation.importance import WordImportance, word_importance

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
LABELS = tuple(f"intent {place:03}" for place in range(150))


@pytest.fixture(scope="module")
def found() -> WordImportance:
    count = len(LABELS)
    model = votes({f"word{k:03}": tuple(4.0 * np.eye(count)[k]) for k in range(count)}, LABELS)
    texts = [
        f"word{k:03} was written here, and after a long while somewhere else word{k:03} again" for k in range(count)
    ] * 2
    return word_importance(model, pd.DataFrame({"text": texts}), least=1, replicates=5, split="all")


@pytest.fixture(scope="module")
def source(found: WordImportance) -> str:
    return found.to_html()


def test_one_label_is_chosen_or_typed_and_the_nearest_are_offered(source: str, show: Open) -> None:
    page = show(source, width=1280)
    shown = page.locator(".folded.many > details:visible")
    assert shown.count() == 1 and "“intent 000”" in shown.inner_text()
    page.locator(".picker select").select_option("intent 077")
    assert "“intent 077”" in shown.inner_text() and shown.count() == 1
    field = page.locator(".picker input")
    field.fill("INTENT 012")
    assert "“intent 012”" in shown.inner_text()
    field.fill("intnet 14")
    offered = page.locator(".near button")
    assert 1 <= offered.count() <= 5 and "intent 014" in " ".join(offered.all_inner_texts())
    name = offered.first.inner_text()
    field.press("Tab")
    page.keyboard.press("Enter")
    assert f"“{name}”" in shown.inner_text() and offered.count() == 0
    assert page.evaluate("document.activeElement.tagName") == "SELECT"


def test_without_script_each_label_is_a_line_to_open(source: str, show: Open) -> None:
    page = show(re.sub(r"<script>.*?</script>", "", source, flags=re.S), width=1280)
    labels = page.locator(".folded.many > details > summary")
    assert labels.count() == len(LABELS) and labels.last.is_visible()
    tops = {box["y"] for box in (labels.nth(place).bounding_box() for place in (1, 2, 3)) if box}
    assert len(tops) == 1, "several labels stand on a line"
    labels.last.focus()
    page.keyboard.press("Enter")
    assert "word149" in page.locator(".folded.many > details").last.inner_text()


@pytest.mark.parametrize("width", [320, 390, 600, 768, 1024, 1280, 1600])
def test_no_column_is_cut(source: str, show: Open, width: int) -> None:
    page = show(source, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    read = "tables => tables.filter(e => e.offsetWidth).map(e => e.scrollWidth - e.clientWidth)"
    assert max(page.locator(".wide").evaluate_all(read)) <= 1


def test_paper_has_the_label_that_is_chosen(source: str, show: Open) -> None:
    page = show(source, width=794)
    page.locator(".picker select").select_option("intent 077")
    page.emulate_media(media="print")
    assert page.locator(".folded.many > details:visible").count() == 1
    assert page.locator(".folded.many table:visible").first.inner_text().count("word077") >= 1
