"""Every kind of page that a result writes: no barrier, nothing wider than the window, every control in reach."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from lexicon import votes
from playwright.sync_api import Page
from results.test_result import CALLS, OTHERS, TEXTS
from stress.conftest import FULL
from tabbing import by_tab, controls

import attribkit as ak
from attribkit.models.classifier import Classifier

pytestmark = pytest.mark.browser

LOOKS = [(width, scheme) for width in (390, 1280) for scheme in ("light", "dark")]
NO_PAGE = {"load", "train", "keep_training", "keep_reference"}
"""Models: a folder is written, and no page."""


@cache
def many() -> Classifier:
    words = {f"word{k}": tuple(4.0 * (j == k) - 0.1 * ((j + k) % 7) for j in range(150)) for k in range(150)}
    return votes(words, tuple(f"label {k}" for k in range(150)))


MANY_TEXTS = [f"word{k} word{(k * 7) % 150} word{(k + 1) % 150}" for k in range(150)]
MANY_TABLE = pd.DataFrame({"text": MANY_TEXTS, "label": [f"label {(k * 3) % 150}" for k in range(150)]})
REVIEW = "It was a horrible movie. The plot is dull, and the cast is lost in it. But the music is lovely! " * 4

CNN, RNN = "imdb-cnn", "imdb-attention-rnn"
KINDS: dict[str, Callable[[Path], Any]] = {
    **{name: call for name, call in (CALLS | OTHERS).items() if name not in NO_PAGE},
    "words of 150": lambda folder: ak.word_importance(many(), MANY_TEXTS, least=1),
    "every class of 150": lambda folder: ak.explain(many(), MANY_TEXTS[3], target="all"),
    "evaluate 150": lambda folder: ak.evaluate(
        many(), pd.DataFrame({"text": MANY_TEXTS, "label": [f"label {k}" for k in range(150)]})
    ),
    "long, attention, map": lambda folder: ak.explain(
        ak.load(RNN, "cpu"), REVIEW, true_label="neg", views=["attribution", "attention", "projection"]
    ),
    "interactions": lambda folder: ak.explain(ak.load(CNN, "cpu"), TEXTS[1], views=["attribution", "interactions"]),
    "bands": lambda folder: ak.explain(ak.load(CNN, "cpu"), TEXTS, baseline=["pad", "unk", "mean"]),
    "drawn": lambda folder: ak.explain(ak.load(CNN, "cpu"), REVIEW, method="gradient_shap"),
    "right to left": lambda folder: ak.explain(ak.load(CNN, "cpu"), "كان فيلما horrible جدا، قصة مملة"),
}
QUICK = ("errors", "label_errors", "check", "right to left")


@pytest.fixture(params=list(KINDS) if FULL else QUICK)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(KINDS[request.param](tmp_path).save(tmp_path / "page.html").read_text("utf-8"))


@pytest.fixture
def looks(source: str, show: Callable[..., Page]) -> Iterator[Iterator[Page]]:
    """The page in every look, first as it opens, then with all that is folded open."""

    def each() -> Iterator[Page]:
        for width, scheme in LOOKS if FULL else LOOKS[1:3]:
            page = show(source, scheme, width, bypass_csp=True)
            yield page
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            page.wait_for_timeout(50)
            yield page

    yield each()


def test_no_barrier_is_found_and_nothing_is_wider_than_the_window(
    looks: Iterator[Page], tried: Callable[..., None]
) -> None:
    for page in looks:
        violations = Axe().run(page).response["violations"]
        assert [(each["id"], each["impact"], [n["html"][:160] for n in each["nodes"][:3]]) for each in violations] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        tried("pages without a barrier")


def test_links_that_lead_elsewhere_read_otherwise(source: str, show: Callable[..., Page]) -> None:
    page = show(source)
    read = "links => links.map(a => [(a.getAttribute('aria-label') || a.innerText).trim(), a.getAttribute('href')])"
    links = {tuple(link) for link in page.locator("a[href]").evaluate_all(read)}
    names = [name for name, _ in links]
    assert all(names) and len(names) == len(set(names))


def test_tab_reaches_every_control_in_order_and_shows_where_it_is(source: str, show: Callable[..., Page]) -> None:
    page = show(source)
    expected = controls(page)[: None if FULL else 60]
    assert expected and by_tab(page, len(expected)) == expected
