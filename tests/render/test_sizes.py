"""How large pages are: their height in Chromium, their bytes in a notebook, and how soon one is painted."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

import attribkit as ak
from attribkit.demo import SENTENCES

Open = Callable[..., Page]
HEIGHT = "document.body.scrollHeight"


@pytest.fixture(scope="module")
def why() -> ak.Explanation:
    explanation = ak.explain(ak.load("imdb-cnn", "cpu"), "It was a horrible movie")
    assert isinstance(explanation, ak.Explanation)
    return explanation


@pytest.mark.browser
def test_the_page_of_a_short_text_fits_on_a_screen(why: ak.Explanation, show: Open) -> None:
    assert show(why.to_html(), width=1280).evaluate(HEIGHT) <= 1_200
    assert show(why.to_html(), width=390).evaluate(HEIGHT) <= 1_200


@pytest.mark.browser
def test_twelve_texts_are_a_short_page(show: Open) -> None:
    texts, answers = zip(*SENTENCES, strict=True)
    model = ak.load("imdb-cnn", "cpu")
    rows = ak.explain(model, [*texts, *texts][:12], true_label=[*answers, *answers][:12])
    assert show(rows.to_html(), width=1280).evaluate(HEIGHT) <= 3_000


def test_a_notebook_cell_is_at_most_40_kilobytes(why: ak.Explanation) -> None:
    assert len(why._repr_html_().encode()) <= 40_000
    read = ak.explain(ak.load("imdb-attention-rnn", "cpu"), "It was a horrible movie")
    assert len(read._repr_html_().encode()) <= 40_000


@pytest.mark.browser
def test_a_page_is_painted_at_once(why: ak.Explanation, show: Open) -> None:
    # the first load of a cold browser says more of the machine than of the page
    assert min(painted(show(why.to_html(), width=1280)) for _ in range(5)) <= 300


def painted(page: Page) -> float:
    """Milliseconds until something was seen."""
    for _ in range(100):
        entries: list[float] = page.evaluate(
            "performance.getEntriesByName('first-contentful-paint').map(entry => entry.startTime)"
        )
        if entries:
            return entries[0]
        page.wait_for_timeout(20)
    raise AssertionError("nothing was painted within two seconds")
