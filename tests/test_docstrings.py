"""What a docstring says of a signature is so: its arguments, its attributes, the errors and the names that it gives."""

import ast
import builtins
import doctest
import inspect
import re
from functools import cache
from pathlib import Path

import pytest

import attribkit as ak
from attribkit import errors

ROOT = Path(__file__).parent.parent / "attribkit"
FILES = sorted(ROOT.rglob("*.py"))
Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@cache
def documented(file: Path) -> list[tuple[Documented, str]]:
    """Functions and classes with their docstrings."""
    nodes = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, Documented)]
    return [(node, docstring) for node in nodes if (docstring := ast.get_docstring(node))]


def section(said: str, name: str) -> list[str]:
    """The names that a section describes, one an entry: what stands before the colon of its lines of least indent."""
    content = re.search(rf"^{name}:\n((?:[ ]+.*\n?|\n)*)", said, flags=re.MULTILINE)
    entries = re.findall(r"^ {4}(\S[^:\n]*):", content[1], flags=re.MULTILINE) if content else []
    return [entry.lstrip("*") for entry in entries]


def names_of(node: Documented) -> set[str]:
    """The parameters of a function; of a class its fields, its attributes and its constructor's parameters."""
    if not isinstance(node, ast.ClassDef):
        given = node.args
        every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
        return {one.arg for one in every if one is not None}
    found = {one.target.id for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)}
    for one in node.body:
        if isinstance(one, ast.FunctionDef):
            found |= {one.name} | (names_of(one) if one.name == "__init__" else set())
            stored = (inner for inner in ast.walk(one) if isinstance(inner, ast.Attribute))
            found |= {inner.attr for inner in stored if isinstance(inner.ctx, ast.Store)}
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_argument_and_attribute_that_is_described_exists(file: Path) -> None:
    wrong = [
        (node.name, name)
        for node, said in documented(file)
        for name in section(said, "Args") + section(said, "Attributes")
        if name not in names_of(node)
    ]
    assert wrong == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_where_arguments_are_described_none_is_left_out(file: Path) -> None:
    wrong = [
        (node.name, names_of(node) - {"self", "cls"} - set(section(said, "Args")))
        for node, said in documented(file)
        if not isinstance(node, ast.ClassDef) and section(said, "Args")
    ]
    assert [one for one in wrong if one[1]] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_sections_are_in_block_form_with_one_error_an_entry(file: Path) -> None:
    inline = r"^(?:Args|Attributes|Returns|Yields|Raises|Example): \S|\bRaises:? [A-Z]\w+Error"
    assert [node.name for node, said in documented(file) if re.search(inline, said, flags=re.MULTILINE)] == []
    assert [name for _, said in documented(file) for name in section(said, "Raises") if not name.isidentifier()] == []


FUNCTIONS = [name for name in ak.__all__ if not inspect.isclass(getattr(ak, name))]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_describes_its_arguments_its_result_and_its_errors(name: str) -> None:
    function = getattr(ak, name)
    said, signature = inspect.cleandoc(function.__doc__), inspect.signature(function)
    assert section(said, "Args") == list(signature.parameters)
    assert ("\nReturns:\n" in said) == (signature.return_annotation is not None)
    assert len(section(said, "Raises")) > 0


def test_every_error_that_is_named_is_an_error() -> None:
    known = {name for where in (builtins, errors) for name, kind in vars(where).items() if isinstance(kind, type)}
    found = {name for file in FILES for node in ast.walk(ast.parse(file.read_text())) for name in errors_defined(node)}
    said = "\n".join(text for file in FILES for _, text in documented(file))
    named = set(re.findall(r"\b([A-Z]\w+Error)\b", said))
    assert len(named) > 5 and named - known - found == set()


def errors_defined(node: ast.AST) -> list[str]:
    return [node.name] if isinstance(node, ast.ClassDef) else []


def test_every_module_that_a_module_names_exists() -> None:
    """Names with a dot between backticks that begin with a folder or a file of the package."""
    wrong = []
    for file in FILES:
        for name in re.findall(r"`attribkit((?:\.\w+)+)", file.read_text(encoding="utf-8")):
            parts, place = name.strip(".").split("."), ROOT
            while parts and (place / parts[0]).is_dir():
                place /= parts.pop(0)
            home = place / f"{parts[0]}.py" if parts and (place / f"{parts[0]}.py").is_file() else place / "__init__.py"
            rest = [part for part in parts if part != home.stem]
            if rest and not re.search(rf"\b{rest[0]}\b", home.read_text(encoding="utf-8")):
                wrong.append((file.name, name))
    assert wrong == []


EXAMPLES = [
    pytest.param(said, id=f"{file.relative_to(ROOT)}: {node.name}")
    for file in FILES
    for node, said in documented(file)
    if ">>>" in said
]


@pytest.mark.parametrize("said", EXAMPLES)
def test_an_example_runs(said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registries: None) -> None:
    monkeypatch.chdir(tmp_path)
    report: list[str] = []
    example = doctest.DocTestParser().get_doctest(said, {}, "example", None, None)
    doctest.DocTestRunner(verbose=False).run(example, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("name", ak.__all__)
def test_every_public_name_has_an_example(name: str) -> None:
    said = inspect.cleandoc(getattr(ak, name).__doc__)
    assert re.search(r"^Example:\n {4}>>> ", said, flags=re.MULTILINE)
    assert said in [example.values[0] for example in EXAMPLES]
