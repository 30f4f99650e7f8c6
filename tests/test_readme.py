"""What the README says is run."""

import importlib.util
import re
import shlex
from pathlib import Path

import pytest

from attribkit.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def test_the_python_blocks_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert blocks("python")
    namespace: dict[str, object] = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), namespace)
    assert (tmp_path / "why.html").is_file()
    assert (tmp_path / "why.png").is_file()


def test_the_commands_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every attribkit line of the shell blocks; make and pip are what brought the test here."""
    monkeypatch.chdir(tmp_path)
    lines = [line for block in blocks("sh") for line in block.replace("\\\n", " ").splitlines()]
    commands = [line for line in lines if line.startswith("attribkit ")]
    assert len(commands) >= 4
    for command in commands:
        try:
            main(shlex.split(command, comments=True)[1:])
        except SystemExit as exit:
            assert not exit.code, command


def test_the_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"\bmake ([a-z]+)\b", "".join(blocks("sh"))))
    assert {"demo", "test"} <= targets
    assert all(re.search(rf"^{target}:", makefile, flags=re.MULTILINE) for target in targets)


def test_the_table_of_results_is_that_of_the_results() -> None:
    spec = importlib.util.spec_from_file_location("publish_results", ROOT / "benchmarks" / "publish_results.py")
    assert spec is not None and spec.loader is not None
    publish = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(publish)
    assert "<!-- results -->" in README
    assert publish.with_table(README) == README


def test_every_link_and_picture_of_this_repository_exists() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
