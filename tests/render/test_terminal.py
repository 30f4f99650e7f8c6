import io
import re
from collections.abc import Callable

import pytest
from rich.cells import cell_len
from rich.console import Console

from attribkit.render import terminal, terminal_style
from attribkit.render.preparation import palette
from attribkit.render.preparation.palette import contrast
from attribkit.results.explanation import Explanation
from attribkit.results.panels import Heatmap, Table
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
    for_it, against, weak = (
        terminal_style.style(2.0, 2.0),
        terminal_style.style(-2.0, 2.0),
        terminal_style.style(0.01, 2.0),
    )
    assert for_it.underline and not for_it.overline and for_it.bold
    assert against.overline and not against.underline
    assert weak == terminal_style.style(0.0, 0.0) == terminal_style.style(0.0, 2.0)
    assert "\x1b[1;4;7;38;2;" in printed(horrible, colour=True)


@pytest.mark.parametrize(
    "colour", [terminal_style.TOWARDS, terminal_style.AGAINST, terminal_style.GOOD, terminal_style.BAD]
)
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


@pytest.mark.parametrize("width", [40, 80, 160])
def test_a_heatmaps_lines_are_as_long_as_the_terminal_and_no_word_is_lost(
    heatmap: Callable[..., Heatmap], width: int
) -> None:
    text = "The final tennis tournament of this very long season starts next week"
    shown = printed(Explanation(text, None, (heatmap(text),), {}), width=width)
    lines = [line for line in shown.splitlines() if "0.500" in line]
    assert max(cell_len(line) for line in shown.splitlines() if "0.500" in line) <= width
    assert " ".join(lines).count("0.500") == len(text.split())
    assert (len(lines) == 1) == (width == 160) and len(lines) > (3 if width == 40 else 0)
    assert all(word in shown for word in text.split())


@pytest.mark.parametrize("width", [60, 80, 140])
def test_a_tables_columns_are_as_wide_as_their_content(width: int) -> None:
    columns = ("word", "share for", "mean for", "share against", "times", "most for", "most against")
    place = "a place in a text where the word says the most of all"
    rows = tuple((f"disappointment{k}", 0.25, 1.5, 0.125, 1000 + k, f"{place} {k}", f"other {k}") for k in range(3))
    shown = printed(Panels((Table("Words", columns, rows),)), width=width)
    lines = shown.splitlines()
    assert max(map(cell_len, lines)) <= width
    for k in range(3):
        row = next(line for line in lines if line.startswith(f"disappointment{k} "))
        assert [cell.rstrip("0") for cell in row.split()[1:4]] == ["0.25", "1.5", "0.125"], "never cut or broken"
        assert f"{1000 + k:,}" in row and f"other {k}" in shown
    below = [line for line in lines if line.startswith("    most for: a place in a text")]
    assert len(below) == (3 if width < 140 else 0), "told below its row where there is no room beside it"
