"""What README and docs say is run, and what they name exists."""

import importlib.util
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import attribkit as ak
from attribkit.attribution.registry import METHODS
from attribkit.cli import app, main

ROOT = Path(__file__).parent.parent
FILES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in FILES}
README = PAGES["README.md"]
NOT_RUN = "<!-- not run: "
"""Before a block: why it cannot be run here, for it needs a network or big data."""


def blocks(page: str, *languages: str) -> list[tuple[str, str]]:
    """The language and the code of each block, in order, but those marked as not run."""
    pattern = rf"^({re.escape(NOT_RUN)}.*?-->\n+)?```({'|'.join(languages)})\n(.*?)^```"
    found = re.findall(pattern, PAGES[page], flags=re.MULTILINE | re.DOTALL)
    return [(language, code) for mark, language, code in found if not mark]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registries: None) -> Iterator[Path]:
    """A folder to stand in, where modules are found; of what they register nothing is left afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for file in tmp_path.glob("*.py"):
        sys.modules.pop(file.stem, None)


def run_commands(block: str) -> None:
    """Every attribkit line of a shell block; make and pip are what brought the test here."""
    for command in joined(block).splitlines():
        if command.startswith("attribkit "):
            try:
                main(shlex.split(command, comments=True)[1:])
            except SystemExit as exit:
                assert not exit.code, command


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python", "sh")])
def test_the_blocks_of_a_page_run_in_order(page: str, folder: Path) -> None:
    namespace: dict[str, object] = {"__name__": "page"}
    for language, code in blocks(page, "python", "sh"):
        name = re.match(r"# (\w+\.py)\n", code)
        if language == "sh":
            run_commands(code)
        elif name:  # a block that begins with the name of a file is that file
            (folder / name[1]).write_text(code, encoding="utf-8")
        else:
            exec(compile(code, page, "exec"), namespace)
    saved = re.findall(
        r"save\(\"([\w.-]+)\"\)|--(?:out|errors) ([\w-]+\.\w+)", "".join(c for _, c in blocks(page, "python", "sh"))
    )
    assert [name for pair in saved for name in pair if name and not (folder / name).is_file()] == []


def test_the_example_of_training_influence_asks_a_model_whose_last_layer_can_be_refitted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {}
    exec(blocks("docs/influence.md", "python")[0][1], names)
    written = re.search(r"right on (\.\d+) of the test rows.*? gives ([\d.]+) %", PAGES["docs/influence.md"], re.DOTALL)
    printed = re.search(r"([\d.]+) % of its labels are the network's", capsys.readouterr().out)
    assert written and printed
    accuracy = ak.evaluate(names["model"], names["data"].test).accuracy
    # another processor trains another network, by a hair
    assert float(written[1]) == pytest.approx(accuracy, abs=0.02)
    assert float(written[2]) == pytest.approx(float(printed[1]), abs=1)


def test_few_blocks_are_not_run() -> None:
    assert sum(page.count(NOT_RUN) for page in PAGES.values()) <= 3


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 160


def commands() -> dict[str, set[str]]:
    """The options of each command, and as "" those before it."""
    group: Any = typer.main.get_command(app)
    named = {"": group, **group.commands}
    return {name: {option for given in command.params for option in given.opts} for name, command in named.items()}


def test_every_option_that_is_written_exists() -> None:
    """In all blocks, also those that are not run, and in the text between them."""
    code = [block for page in PAGES for _, block in blocks(page, "sh", "text")]
    known, seen = commands(), 0
    for line in (line for block in code for line in joined(block).splitlines()):
        words = line.partition("#")[0].replace("-m attribkit", "attribkit").split()
        if words[:1] == ["attribkit"]:
            name = next(word for word in words[1:] if word in known)
            options = {word for word in words if word.startswith("--")}
            assert options <= known[name] | known[""], line
            seen += len(options)
    assert seen > 20
    between = re.sub(r"^```.*?^```", "", "\n".join(PAGES.values()), flags=re.MULTILINE | re.DOTALL)
    said = set(re.findall(r"(?<![\w`-])`?(--[a-z][a-z-]+)", between))
    others = {"--only", "--texts", "--tickets", "--nnodes", "--nproc-per-node"}  # of the benchmarks and of torchrun
    assert said - others <= set.union(*known.values()) and len(said) > 5


def joined(block: str) -> str:
    return block.replace("\\\n", " ")


def test_every_file_that_is_named_exists() -> None:
    named = set(
        re.findall(r"`((?:python )?(?:benchmarks|notebooks|docs|attribkit|tests)/[\w./]+)", "".join(PAGES.values()))
    )
    assert named
    assert [name for name in named if not (ROOT / name.removeprefix("python ")).exists()] == []


def test_every_name_of_the_front_door_that_is_used_exists() -> None:
    named = set(re.findall(r"\bak\.([a-zA-Z_]+)", "".join(PAGES.values())))
    assert len(named) > 10 and named <= set(ak.__all__)


def test_the_table_of_methods_is_that_of_the_registry() -> None:
    table = script(ROOT / "docs" / "methods.py")
    page = PAGES["docs/methods.md"]
    assert table.with_table(page) == page and all(f"| [`{name}`](methods/{name}.md) |" in page for name in METHODS)


def script(file: Path) -> Any:
    """A script's functions."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    code = "".join(block for page in PAGES for _, block in blocks(page, "sh", "text"))
    targets = set(re.findall(r"\bmake ([a-z-]+)\b", code))
    assert {"demo", "test", "bench", "reproduce"} <= targets
    assert all(re.search(rf"^{target}:", makefile, flags=re.MULTILINE) for target in targets)


def test_the_table_of_results_is_that_of_the_results() -> None:
    publish = script(ROOT / "benchmarks" / "publish_results.py")
    page = PAGES["docs/reproduction.md"]
    assert "<!-- results -->" in page
    assert publish.with_table(page) == page


def anchors(page: str) -> set[str]:
    """What a link into a page may name, by the rule of public hosts: the heading in small letters with hyphens."""
    text = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_picture_of_this_repository_exists(page: str) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        if ":" not in link:
            path, _, anchor = link.partition("#")
            file = (ROOT / page).parent / path if path else ROOT / page
            assert file.exists(), link
            assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), link


def test_every_page_is_in_the_index() -> None:
    index = set(re.findall(r"\]\(([\w/]+\.md)\)", PAGES["docs/README.md"]))
    pages = {page.removeprefix("docs/") for page in PAGES if page.startswith("docs/")}
    assert index == {page for page in pages if not page.startswith("results/")} - {"README.md"}


def test_the_pages_name_the_bundled_models_that_carry_reference_texts() -> None:
    carry = sorted(file.parent.name for file in (ROOT / "attribkit" / "pretrained").glob("*/reference.safetensors"))
    for page in ("README.md", "docs/explaining.md"):
        named = re.search(r"reference texts: (.*?) carry 300", PAGES[page], re.DOTALL)
        assert named and sorted(re.findall(r"`([^`]+)`", named[1])) == carry, page
