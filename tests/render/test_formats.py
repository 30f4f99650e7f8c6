"""One list of formats: what saves, what the errors say and what the commands' help says come from it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from attribkit.render import formats
from attribkit.render.formats import FORMATS, Format, format_of, suffixes
from attribkit.results.explanation import Explanation
from attribkit.results.explanations import Explanations


def test_a_format_is_added_with_a_function_and_a_line(
    explained: Callable[..., Explanation], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def markdown(result: Explanation | Explanations) -> str:
        rows = [result] if isinstance(result, Explanation) else result
        return "".join(f"- {row.text}\n" for row in rows)

    monkeypatch.setitem(FORMATS, ".md", Format(".md", "a list of the texts", markdown))
    one = explained("It was a horrible movie")
    assert one.save(tmp_path / "one.md").read_text() == "- It was a horrible movie\n"
    both = Explanations([one, explained("Бест film ever")])
    assert both.save(tmp_path / "BOTH.MD").read_bytes() == "- It was a horrible movie\n- Бест film ever\n".encode()
    assert suffixes().endswith(" or .md")
    with pytest.raises(ValueError, match=re.escape(".tex, .md, got 'why.docx'; rename it")):
        one.save(tmp_path / "why.docx")


def test_every_format_is_found_by_its_own_suffix_in_any_case() -> None:
    for suffix, one in FORMATS.items():
        assert suffix == one.suffix == suffix.lower() and suffix.startswith(".")
        assert format_of(f"a.b{suffix.upper()}") is one
        assert one.description


def test_the_commands_help_names_every_format() -> None:
    from typer.testing import CliRunner

    from attribkit.cli import app

    for command in ("explain", "project", "words"):
        shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "400", "TERM": "dumb"})
        assert shown.exit_code == 0, shown.exception
        assert all(suffix in shown.output for suffix in formats.FORMATS), command
