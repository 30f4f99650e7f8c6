"""The live page in a real browser, of a model of several labels a text and of a regression."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page
from serve.conftest import Serve
from torch import nn

import attribkit as ak
from attribkit.models.classifier import Classifier

pytestmark = pytest.mark.browser

TEXT = "A good film, but a dull and horrible plot"
LABELS = ("plot", "humour", "cast", "music")
Make = Callable[..., Classifier]


def several(make: Make) -> Classifier:
    made = make(labels=LABELS)
    return Classifier(made.network, made.tokenizer, LABELS, task="multilabel", name="topics")


def number(make: Make) -> Classifier:
    made = make()
    made.network.output = nn.Linear(made.network.output.in_features, 1)
    return Classifier(made.network.eval(), made.tokenizer, ("price",), task="regression", unit="€", name="prices")


@pytest.fixture
def page(browser: Browser, serving: Serve) -> Iterator[Page]:  # which is closed before the server
    opened = browser.new_page(viewport={"width": 1180, "height": 900})
    opened.set_default_timeout(60_000)
    events: list[str] = []
    opened.on("console", lambda message: events.append(message.text))
    opened.on("pageerror", lambda error: events.append(str(error)))
    yield opened
    opened.close()
    assert events == []


def type_text(page: Page, text: str) -> None:
    page.locator("textarea").first.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
    page.wait_for_selector("html[data-ready] body:not(:has(.asking))")


def coloured(page: Page) -> dict[str, str]:
    """Each word and the class of its colour: p for what speaks for it, n against it."""
    spans = page.locator(".mirror span").evaluate_all("spans => spans.map(s => [s.textContent, s.className])")
    return {word: name[:1] for word, name in spans}


def speaking(scores: "ak.results.panels.TokenScores") -> tuple[str, str]:
    """The words that speak most for and most against."""
    order = scores.scores.argsort().tolist()
    most, least = (TEXT[scores.starts[place] : scores.ends[place]] for place in (order[-1], order[0]))
    return most, least


def test_of_several_labels_each_has_its_own_probability_and_one_is_explained(
    page: Page, serving: Serve, make_classifier: Make
) -> None:
    model = several(make_classifier)
    page.goto(serving([model]))
    type_text(page, TEXT)
    own = ak.explain(model, TEXT, views="attribution")
    assert own.prediction is not None and len(own.prediction.predicted) == 2
    said = page.locator(".said .label").inner_text()
    assert all(label in said for label in own.prediction.predicted) and "2 of 4 labels" in said
    rows = page.locator(".probabilities tr").evaluate_all("rows => rows.map(row => row.textContent)")
    for label, probability in zip(LABELS, own.prediction.probabilities, strict=True):
        assert any(label in row and f"{100 * probability:.1f}%" in row for row in rows)
    for label in ("humour", "plot"):
        page.get_by_role("combobox", name="Why", exact=True).select_option(label)
        page.wait_for_selector("html[data-ready] body:not(:has(.asking))")
        scores = ak.explain(model, TEXT, target=label, views="attribution").token_scores
        best, worst = speaking(scores)
        assert coloured(page)[best] == "p" and (coloured(page)[worst] == "n") == (scores.scores.min() < 0)
        assert f"for “{label}”" in page.locator("main").inner_text()
    type_text(page, "a film")
    short = ak.explain(model, "a film", views="attribution").prediction
    assert short is not None and all(name in page.locator(".said .label").inner_text() for name in short.predicted)


def test_of_a_regression_the_number_stands_with_its_unit(page: Page, serving: Serve, make_classifier: Make) -> None:
    model = number(make_classifier)
    page.goto(serving([model]))
    type_text(page, TEXT)
    own = ak.explain(model, TEXT, views="attribution")
    assert own.value is not None
    said = page.locator(".said .label").inner_text().replace("−", "-")
    assert "€" in said and float(said.replace("€", "")) == pytest.approx(own.value, rel=1e-2)
    best, worst = speaking(own.token_scores)
    assert coloured(page)[best] == "p" and coloured(page)[worst] == "n"
    text = page.locator("main").inner_text()
    assert "raises “price”" in text and "lowers “price”" in text and "%" not in said
    assert page.locator(".probabilities tr").count() == 0
    chosen = page.get_by_role("combobox", name="Why", exact=True).locator("option").first.inner_text()
    assert chosen == "the number"
