"""What the documentation site adds to the pages of this folder as it is built: `make docs`.

The reference of the API is made from docstrings, that of the command line from its help, the list of error sentences
from the code that raises them; links into the repository, which the site does not hold, become plain words.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mkdocs.structure.files import File, Files

import attribkit as ak
from attribkit.attribution.registry import METHODS

ROOT = Path(__file__).parent.parent
SENTENCE = "It was not a horrible movie"
_LINK = re.compile(r"\[([^\]]+)\]\((\.\./[^)\s]+|[^)\s:#]+/[^)\s]*\.(?:py|ipynb|json))\)")
_PICTURE = re.compile(r"<!-- picture: (\w+) -->")
_RAISED = re.compile(r"(?:\w+Error|InputMissing)$")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made."""
    pages = {
        "reference/api.md": api(),
        "reference/cli.md": commands(),
        "reference/errors.md": errors(),
        "reference/changelog.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        "llms.txt": llms(files),
    }
    for name, content in (pages | pictures()).items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Links that lead out of this folder become words; so do those to notebooks and code."""
    known = {file.src_uri for file in files.documentation_pages()} | {file.src_uri for file in files.media_files()}
    folder = Path(page.file.src_uri).parent

    def plain(match: re.Match[str]) -> str:
        target = match[2].partition("#")[0]
        place = Path(*_resolved((folder / target).parts)).as_posix() if not target.startswith("../../") else ""
        return match[0] if place in known else match[1]

    markdown = _PICTURE.sub(r"![The sentence with the scores of \1 under its words](\1.svg)", markdown)
    return _LINK.sub(plain, markdown)


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Nothing from outside, and names for what a screen reader lists."""
    return _mended(output, "../" * page.file.dest_uri.count("/"))


def on_post_template(output_content: str, template_name: str, config: Any) -> str:
    """The same for pages without a source, such as that of a missing address."""
    return _mended(output_content, "") if template_name.endswith(".html") else output_content


def _mended(html: str, root: str) -> str:
    html = html.replace("https://unpkg.com/iframe-worker/shim", f"{root}theme/frame_worker.js")
    html = html.replace('aria-label="Table of contents"', 'aria-label="Contents of this page"', 1)
    return html.replace('role="dialog"', 'role="dialog" aria-label="Search"')


def _resolved(parts: tuple[str, ...]) -> list[str]:
    path: list[str] = []
    for part in parts:
        if part == ".." and path and path[-1] != "..":
            path.pop()
        else:
            path.append(part)
    return path or ["."]


def pictures() -> dict[str, bytes]:
    """One sentence as each method explains it, for the method's page."""
    model = ak.load("imdb-cnn")
    drawn = {}
    with TemporaryDirectory() as folder:
        for name in METHODS:
            file = Path(folder) / f"{name}.svg"
            ak.explain(model, SENTENCE, method=name, views="attribution").save(file)
            drawn[f"methods/{name}.svg"] = file.read_bytes()
    return drawn


def api() -> str:
    """Every public name with its docstring."""
    lines = ["# API", "", "Everything that `import attribkit as ak` gives, in the order of the alphabet.", ""]
    for name in sorted(ak.__all__, key=str.lower):
        value = getattr(ak, name)
        home = f"{value.__module__}.{value.__qualname__}"
        lines += [f"::: {home}", "    options:", f'      heading: "ak.{name}"', ""]
    return "\n".join(lines)


def commands() -> str:
    """The help of every command, as it is printed."""
    import typer
    from click import Context

    from attribkit.cli import app

    group: Any = typer.main.get_command(app)
    lines = ["# Command line", "", "`attribkit COMMAND --help` prints these.", ""]
    for name, command in group.commands.items():
        context = Context(command, info_name=f"attribkit {name}")
        lines += [f"## `attribkit {name}`", "", (command.help or "").replace("[", r"\[").strip(), ""]
        rows = []
        for parameter in command.params:
            record = parameter.get_help_record(context)
            names = record[0] if record else parameter.human_readable_name
            said = (record[1] if record else getattr(parameter, "help", None)) or ""
            rows.append(f"| `{names.replace('|', '/')}` | {said.replace('|', '/').replace('<', '&lt;')} |")
        lines += ["| option | meaning |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def errors() -> str:
    """Every error sentence of the package: what happened, and after the semicolon the cure."""
    lines = [
        "# Error sentences",
        "",
        "Each error is one sentence: what was expected, what came, what to do. `…` stands for a value of yours.",
        "Search this page for the words that your terminal printed.",
        "",
    ]
    for part in sorted({_part(file) for file in _sources()}):
        sentences = sorted(
            {
                sentence
                for file in _sources()
                if _part(file) == part
                for sentence in raised(file.read_text(encoding="utf-8"))
            }
        )
        if not sentences:
            continue
        lines += [f"## {part}", "", "| what happened | cure |", "|---|---|"]
        for sentence in sentences:
            happened, _, cure = _cell(sentence).rpartition("; ")
            lines.append(f"| {happened or cure} | {cure if happened else ''} |")
        lines.append("")
    return "\n".join(lines)


def raised(source: str) -> Iterator[str]:
    """The sentences of all errors that a file makes, with `…` for what is filled in."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and _RAISED.search(node.func.id)
            and node.args
        ):
            sentence = _text(node.args[0])
            if len(sentence.split()) > 3:
                yield sentence


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    return "…"


def _cell(text: str) -> str:
    escaped = (
        text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")
    )
    return " ".join(escaped.replace("[", "\\[").split())


def _sources() -> list[Path]:
    return sorted((ROOT / "attribkit").rglob("*.py"))


def _part(file: Path) -> str:
    """The part of the package that a file belongs to."""
    return file.relative_to(ROOT / "attribkit").parts[0].removesuffix(".py")


def llms(files: Files) -> str:
    """A plain index of the pages for programs that read."""
    lines = [
        "# attribkit",
        "",
        "> Exact explanations of text classifiers that state their own error.",
        "",
        "## Pages",
        "",
    ]
    for file in files.documentation_pages():
        title = re.search(r"^# (.+)$", file.content_string, flags=re.MULTILINE)
        lines.append(f"- [{title[1] if title else file.src_uri}]({file.dest_uri})")
    return "\n".join(lines) + "\n"
