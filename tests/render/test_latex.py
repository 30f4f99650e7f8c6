import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribkit.render import latex
from attribkit.render.preparation import palette
from attribkit.results.explanation import Explanation
from attribkit.results.several_panels import Panels

COMMANDS = {
    "aktoken", "akfor", "akagainst", "akunread", "noindent", "par", "medskip", "textbf", "raggedright", "footnotesize",
    "mbox", "newline", "textbackslash", "textasciicircum", "textasciitilde", "textless", "textgreater", "textbar",
    "textquotedbl", "textasciigrave", "textquotesingle", "ldots", "leq", "infty", "pm", "Sigma", "cdot", "surd",
    "times", "nobreakspace", "langle", "rangle", "{", "}", "$", "&", "#", "%", "_", " ",
}  # fmt: skip


def body(source: str) -> str:
    return source.removeprefix(latex.PREAMBLE)


def assert_well_formed(source: str) -> None:
    """Only commands of ours, and braces and dollars that balance: no letter of the user's is obeyed."""
    found = re.findall(r"\\([a-zA-Z]+|.)", source, flags=re.DOTALL)
    assert set(found) <= COMMANDS
    rest = re.sub(r"\\([a-zA-Z]+|.)", "", source, flags=re.DOTALL)
    depth = 0
    for character in rest:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0 and rest.count("$") % 2 == 0
    assert not set(rest) & set("%#&_^~\\\x00\u202e")


def test_the_fragment_names_its_packages_first_and_colours_the_tokens(horrible: Explanation) -> None:
    source = latex.fragment([horrible])
    assert source.splitlines()[0].startswith("% packages:") and "xcolor" in source.splitlines()[0]
    weak, strong = (palette.LIGHT.colour(step)[1:].upper() for step in (1, 20))
    assert f"It \\aktoken{{{weak}}}{{was}} a \\aktoken{{{strong}}}{{\\akfor{{horrible}}}}" in source
    assert "\\textbf{negative} 91.3\\%" in source
    assert "horrible +2.31" in source and "scores sum to the model's output" in source
    assert_well_formed(body(source))


def test_hostile_texts_are_escaped_everywhere(explained: Callable[..., Explanation], hostile: str) -> None:
    label = "\\input{/etc/passwd} $x_1$ % \x00"
    explanation = explained(hostile, true_label=label, target=label, notes=(label,), baseline=label)
    source = body(latex.fragment([explanation, explanation]))
    assert_well_formed(source)
    assert "\\input" not in source and "\\frac" not in source and "\x1b" not in source


@given(st.text(max_size=60))
def test_no_text_is_obeyed(text: str) -> None:
    assert_well_formed(latex.escape(text))


def test_ligatures_brackets_and_spaces_stay_as_typed() -> None:
    assert latex.escape("a -- [b]") == "a {-}{-} {[}b{]}"
    assert latex.escape("a   b") == "a \\ \\ b"
    assert latex.escape("a\n b") == "a\\mbox{}\\newline{}\n\\ b"
    assert latex.escape("\x00") == "$\\langle$U+0000$\\rangle$"


@pytest.mark.parametrize(("text", "scores"), [("", []), ("one", [0.0]), ("one", [1e300])])
def test_degenerate_texts_are_written(explained: Callable[..., Explanation], text: str, scores: list[float]) -> None:
    source = body(latex.fragment([explained(text, scores)]))
    assert_well_formed(source)
    assert "np." not in source


def test_a_chart_is_told_in_words(losses: Panels) -> None:
    assert "training: ends at 0.0875" in latex.fragment([losses])
