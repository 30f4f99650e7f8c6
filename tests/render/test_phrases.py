"""Phrases that share a word with a stronger one are told in no format, and every format tells the same ones."""

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.text import Text
from rich.console import Console

from attribkit.render import html, latex, picture, terminal
from attribkit.render.preparation.ranking import separate
from attribkit.results.explanation import Explanation
from attribkit.results.panels import Phrases, Prediction
from attribkit.serve.live import live

WORDS = "the plot was so very dull that I left"


@pytest.fixture
def why(explained: Callable[..., Explanation]) -> Explanation:
    """Six overlapping windows around one strong word, and two apart from them."""
    firsts = np.array([1, 2, 3, 3, 4, 5, 7, 0])
    lasts = np.array([3, 4, 5, 5, 6, 7, 8, 1])
    scores = np.array([1.0, 2.0, 3.0, 0.5, 2.5, 1.5, -1.0, 0.25])
    found = explained(WORDS, phrases=Phrases(firsts, lasts, np.arange(8), scores))
    return Explanation(WORDS, Prediction("negative", ("negative", "positive"), (0.9, 0.1)), found.panels(), {})


def in_picture(why: Explanation) -> str:
    return "\n".join(t.get_text() for t in picture.figure([why]).findobj(Text) if isinstance(t, Text))


def in_terminal(why: Explanation) -> str:
    console = Console(width=400)
    with console.capture() as captured:
        console.print(terminal.renderable(why))
    return next(line for line in captured.get().splitlines() if line.startswith("phrases"))


def in_live_page(why: Explanation) -> str:
    return " | ".join(f"{phrase['words']} {phrase['said']}" for phrase in live(why)["phrases"])


@pytest.mark.parametrize(
    "told",
    [in_picture, in_terminal, in_live_page, lambda why: html.page([why]), lambda why: latex.fragment([why])],
    ids=["picture", "terminal", "live page", "HTML", "LaTeX"],
)
def test_every_format_tells_the_same_phrases(why: Explanation, told: Callable[[Explanation], str]) -> None:
    phrases = separate(why.token_scores, 5)
    assert [(p.first, p.last) for p in phrases] == [(3, 5), (7, 8), (0, 1)], "by hand"
    shown = told(why)
    for words in ("so very dull", "I left", "the plot"):
        assert words in shown
    for score in ("2.50", "2.00", "1.50"):
        assert f"+{score}" not in shown, "a weaker phrase that shares a word"
