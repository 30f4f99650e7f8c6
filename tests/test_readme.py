"""What the README says is run."""

import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

import attribkit as ak
from attribkit.attribution.registry import ENGINES
from attribkit.cli import app, main

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


def commands() -> dict[str, set[str]]:
    """The options of each command."""
    group: Any = typer.main.get_command(app)
    return {name: {one for given in command.params for one in given.opts} for name, command in group.commands.items()}


def test_every_option_that_is_written_exists() -> None:
    """In all blocks, also those that are not run, and in the text between them."""
    lines = [line for language in ("sh", "text") for block in blocks(language) for line in joined(block).splitlines()]
    known, seen = commands(), 0
    for line in lines:
        if " attribkit " in f" {line.replace('-m attribkit', 'attribkit')} ":
            name, *rest = line.partition("attribkit ")[2].partition("#")[0].split()
            options = {one for one in rest if one.startswith("--")}
            assert options <= known[name], line
            seen += len(options)
    assert seen > 20
    between = re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
    said = set(re.findall(r"(?<![\w`-])`?(--[a-z][a-z-]+)", between))
    others = {"--only", "--texts", "--nnodes", "--nproc-per-node"}  # of the benchmarks and of torchrun
    assert said - others <= set.union(*known.values()) and len(said) > 5


def joined(block: str) -> str:
    return block.replace("\\\n", " ")


def test_every_file_that_is_named_exists() -> None:
    named = set(re.findall(r"`((?:python )?(?:benchmarks|notebooks|docs|attribkit)/[\w./]+)", README))
    assert named
    assert [name for name in named if not (ROOT / name.removeprefix("python ")).exists()] == []


def test_every_name_of_the_front_door_that_is_used_exists() -> None:
    named = set(re.findall(r"\bak\.([a-zA-Z_]+)", README))
    assert len(named) > 10 and named <= set(ak.__all__)


def test_the_table_of_methods_names_every_method_once() -> None:
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (?:yes|checked|no promise)", README, flags=re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(ENGINES)


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
