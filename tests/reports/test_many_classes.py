"""The report of a model of many classes: short at first sight, and each class a choice away."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page

from attribkit.models.classifier import Classifier
from attribkit.reports import report

pytestmark = pytest.mark.browser

LABELS = tuple(f"intent {place:03}" for place in range(150))
WORDS = ("good", "bad", "dull", "great", "best", "film", "movie", "story", "a", "the")


@pytest.fixture(scope="module")
def source(make_classifier: Callable[..., Classifier]) -> str:
    model = make_classifier("cnn", labels=LABELS)
    draw = np.random.default_rng(0)
    texts = [" ".join(draw.choice(WORDS, size=draw.integers(5, 12))) for _ in range(300)]
    said = model.predict(texts)["label"].tolist()
    labels = [label if place % 3 else LABELS[place % 150] for place, label in enumerate(said)]
    table = pd.DataFrame({"text": texts, "label": labels})
    return report(model, table, train=table, texts=9, tested=3, mistakes=5, map=True, baselines=("pad",)).to_html()


def test_the_page_is_short_and_ids_are_its_own(source: str, show: Callable[..., Page]) -> None:
    page = show(source, width=1280)
    page.locator(".scatter[data-zoom]").wait_for()
    assert page.evaluate("document.body.scrollHeight") <= 11_000
    assert len(source.encode()) < 3_000_000
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert page.locator(".confusion").count() == 1
    before = page.locator("#performance article h3").all_inner_texts()
    assert before[:2] == ["The most confused labels", "Confusion matrix"]


def test_the_mistakes_of_one_class_are_a_choice_away(source: str, show: Callable[..., Page]) -> None:
    page = show(source, width=1280)
    choice = page.locator("#failures select[name=truth]")
    label = choice.locator("option").nth(3).inner_text()
    choice.select_option(label)
    page.locator("#failures output", has_text=" of ").wait_for()
    shown = page.locator("#failures .texts li:visible")
    assert shown.count() > 0
    assert all(f"it is “{label}”" in text for text in shown.all_inner_texts())
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.closest('section').id") == "texts"


def test_a_report_of_five_classes_is_no_higher_than_nine_thousand_pixels(
    make_classifier: Callable[..., Classifier], show: Callable[..., Page]
) -> None:
    """Of long texts, with everything that a report can hold; the rest of each list is a click away."""
    model = make_classifier("cnn", labels=LABELS[:5])
    draw = np.random.default_rng(1)
    texts = [" ".join(draw.choice(WORDS, size=draw.integers(20, 90))) for _ in range(120)]
    table = pd.DataFrame({"text": texts, "label": draw.choice(LABELS[:5], size=120)})
    again = make_classifier("cnn", labels=LABELS[:5])
    whole = report(model, table, train=table, others=[again], texts=40, tested=6, map=True)
    page = show(whole.to_html(), width=1280)
    page.locator(".scatter[data-zoom]").wait_for()
    assert page.evaluate("document.body.scrollHeight") <= 9_000
    mistakes = page.locator("#failures .texts li:visible")
    assert mistakes.count() == 5
    page.locator("#failures").get_by_role("button", name="Show 5 more", exact=True).click()
    assert mistakes.count() == 10
    words = page.locator("#global-importance .folded > details[open] > article tbody tr")
    assert words.locator("visible=true").count() == (8 if words.count() > 10 else words.count())
    within = "e => e.scrollWidth <= e.clientWidth"
    assert page.locator("#global-importance .folded > details[open] > article .wide").evaluate(within)
