import io
import re
from collections.abc import Callable

import pytest
from rich.console import Console

from attribkit.render import terminal
from attribkit.render.preparation import palette
from attribkit.render.preparation.palette import contrast
from attribkit.results.explanation import Explanation
from attribkit.results.several_panels import Panels


def printed(explanation: Explanation | Panels, colour: bool = False, width: int = 200) -> str:
    console = Console(
        file=io.StringIO(), width=width, force_terminal=colour, color_system="truecolor" if colour else None
    )
    console.print(terminal.renderable(explanation))
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_the_line_can_be_read_without_colour(horrible: Explanation) -> None:
    shown = printed(horrible)
    assert "\x1b" not in shown
    assert "negative 91.3%" in shown and "\nIt was a horrible movie\n" in shown
    assert "for horrible +2.31 · was +0.11 · It +0.04" in shown
    assert "against movie −0.18 · a −0.05" in shown
    assert f"✓ {horrible.token_scores.verdict}" in shown and "baseline pad" in shown


def test_colour_follows_the_scores_and_bars_follow_the_sign(horrible: Explanation) -> None:
    for_it, against, weak = terminal.style(2.0, 2.0), terminal.style(-2.0, 2.0), terminal.style(0.01, 2.0)
    assert for_it.underline and not for_it.overline and for_it.bold
    assert against.overline and not against.underline
    assert weak == terminal.style(0.0, 0.0) == terminal.style(0.0, 2.0)
    assert "\x1b[1;4;7;38;2;" in printed(horrible, colour=True)


@pytest.mark.parametrize("colour", [terminal._TOWARDS, terminal._AGAINST, terminal._GOOD, terminal._BAD])
def test_colours_can_be_read_on_black_and_on_white(colour: str) -> None:
    assert min(contrast(colour, "#000000"), contrast(colour, "#ffffff")) >= 4.2
    assert palette.from_oklab(palette.to_oklab(colour)) == colour


def test_no_control_sequence_of_the_text_reaches_the_terminal(
    explained: Callable[..., Explanation], hostile: str
) -> None:
    hostile = hostile + "\x1b]0;title\x07\x9b31m [bold]markup[/bold]"
    explanation = explained(hostile, target=hostile, notes=(hostile,), baseline=hostile, true_label=hostile)
    shown = printed(explanation)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    assert "␛[31m" in shown and "⟨RLO⟩evil" in shown and "[bold]markup[/bold]" in shown


def test_a_failure_to_converge_is_said(explained: Callable[..., Explanation]) -> None:
    assert "! did not converge" in printed(explained("one two", [1, 2], converged=False, output_text=9.0))


def test_an_endless_text_is_cut_with_a_sentence(explained: Callable[..., Explanation]) -> None:
    shown = printed(explained("word " * 50_000))
    assert len(shown) < 25_000 and "the HTML shows all of it" in shown


@pytest.mark.parametrize(("text", "scores"), [("", []), ("one", [0.0]), ("one", [1e300])])
def test_degenerate_texts_are_printed(explained: Callable[..., Explanation], text: str, scores: list[float]) -> None:
    assert "np." not in printed(explained(text, scores))


def test_a_chart_is_told_in_words(losses: Panels) -> None:
    shown = printed(losses)
    assert "training: ends at 0.0875 (cross-entropy (nats))" in shown and "best epoch: epoch 6\n" in shown
