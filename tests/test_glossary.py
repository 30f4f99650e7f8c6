"""The project speaks the field's language: no retired term stands anywhere, and local names say what they hold."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GLOSSARY = ROOT / "docs" / "glossary.md"
READ = ("attribkit/**/*.py", "attribkit/**/*.jinja", "attribkit/**/*.js", "attribkit/**/*.html", "tests/**/*.py",
        "benchmarks/*.py", "docs/*.py", "notebooks/*.py", "README.md", "CONTRIBUTING.md", "Makefile")  # fmt: skip
VAGUE = frozenset(("found", "one", "reading", "said", "there", "told"))
"""Names that say how a value was come by, or nothing, rather than what it is."""


def test_no_retired_term_is_used() -> None:
    retired = re.findall(r'"([^"]+)"', GLOSSARY.read_text(encoding="utf-8").partition("Retired")[2].replace("\n", " "))
    assert len(retired) == 9
    pattern = re.compile("|".join(rf"\b{re.escape(term)}\b" for term in retired), re.IGNORECASE)
    files = [file for kind in READ for file in ROOT.glob(kind) if file != Path(__file__)]
    assert len(files) > 300
    used = {(file.name, found) for file in files for found in pattern.findall(file.read_text(encoding="utf-8"))}
    assert not used


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("found = scores()", {"found"}),
        ("[one.ids for one in texts]", {"one"}),
        ("def draw(told): return told", {"told"}),
        ("def said(panel): pass", {"said"}),
        ("if (reading := read()): pass", {"reading"}),
        ("key = lambda there: there.name", {"there"}),
        ("for row, (one, _) in pairs: pass", {"one"}),
        ("with opened() as found, other(): pass", {"found"}),
        ("import words as told", {"told"}),
        ("try: read()\nexcept OSError as found: pass", {"found"}),
        ("scores.found, draw(one=2), 'told'", set()),
        ("class Coverage:\n    found: int", set()),
    ],
)
def test_local_names_are_recognised(source: str, named: set[str]) -> None:
    assert set(_local_names(ast.parse(source))) & VAGUE == named


def test_local_names_say_what_they_hold() -> None:
    files = list((ROOT / "attribkit").rglob("*.py"))
    assert len(files) > 200
    vague = {file: VAGUE.intersection(_local_names(ast.parse(file.read_text("utf-8")))) for file in files}
    assert {file: names for file, names in vague.items() if names} == {}


def _local_names(tree: ast.Module) -> Iterator[str]:
    """Names of variables, parameters and functions; not of attributes, which callers and files know."""
    attributes = {
        id(node)
        for body in (node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
        for statement in body
        for node in ([statement.target] if isinstance(statement, ast.AnnAssign) else [statement])
    }
    for node in ast.walk(tree):
        if id(node) in attributes:
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield node.asname or node.name
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs) and node.name is not None:
            yield node.name
