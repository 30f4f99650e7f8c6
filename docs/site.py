"""What the documentation site adds to the pages of this folder as it is built: `make docs`.

The reference of the API is made from docstrings, that of the command line from its help, the pages of error sentences
from the code that raises them; links into the repository, which the site does not hold, become plain words.
"""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import error_pages
import live
from mkdocs.structure.files import File, Files

import attribkit as ak
from attribkit.attribution.registry import METHODS

ROOT = Path(__file__).parent.parent
SENTENCE = "It was not a horrible movie"
_LINK = re.compile(r"\[([^\]]+)\]\((\.\./[^)\s]+|[^)\s:#]+/[^)\s]*\.(?:py|ipynb|json))\)")
_PICTURE = re.compile(r"<!-- picture: (\w+) -->")
_NAMED = re.compile(r"\[[\w/.]+\.md\]\(([\w/.]+\.md)(#[\w-]+)?\)")
_LIVE = re.compile(r"<!-- live: (\w+) -->")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made."""
    pages = {
        "reference/api.md": api(),
        "reference/cli.md": commands(),
        "reference/changelog.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        **error_pages.pages(),
    }
    for name, content in (pages | pictures() | live.pages()).items():
        files.append(File.generated(config, name, content=content))
    files.append(File.generated(config, "llms.txt", content=llms(files)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Links out of this folder, to notebooks and to code become words; those that name a file name its page."""
    known = {file.src_uri for file in files.documentation_pages()} | {file.src_uri for file in files.media_files()}
    folder = Path(page.file.src_uri).parent

    def plain(match: re.Match[str]) -> str:
        target = match[2].partition("#")[0]
        place = Path(*_resolved((folder / target).parts)).as_posix() if not target.startswith("../../") else ""
        return match[0] if place in known else match[1]

    markdown = _PICTURE.sub(
        lambda match: "\n".join(
            f"![The sentence with the scores of {match[1]} under its words]({match[1]}.{theme}.svg#only-{theme})"
            for theme in ("light", "dark")
        ),
        markdown,
    )
    titles = {file.src_uri: file.content_string.partition("\n")[0] for file in files.documentation_pages()}

    def titled(match: re.Match[str]) -> str:
        title = titles.get(Path(*_resolved((folder / match[1]).parts)).as_posix(), "")
        return f"[{title[2:]}]({match[1]}{match[2] or ''})" if title.startswith("# ") else match[0]

    markdown = _NAMED.sub(titled, markdown)
    markdown = _LIVE.sub(lambda match: live.frames(match[1]), markdown)
    if page.file.src_uri in ("reference/api.md", "reference/cli.md"):  # a name stands before pages that mention it
        page.meta["search"] = {"boost": 3}
    if page.file.src_uri == "glossary.md":  # a word with a heading of its own is found first, and can be linked to
        page.meta["search"] = {"boost": 4}
        markdown = re.sub(r"\| term \| meaning \|\n\|[-|]+\|\n", "", markdown)
        markdown = re.sub(r"^\| (.+?) \| (.+) \|$", r"## \1\n\n\2\n", markdown, flags=re.MULTILINE)
    return _LINK.sub(plain, markdown)


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Nothing from outside, and names for what a screen reader lists."""
    return _mended(output, "../" * page.file.dest_uri.count("/"))


def on_post_template(output_content: str, template_name: str, config: Any) -> str:
    """The same for pages without a source, such as that of a missing address."""
    return _mended(output_content, "") if template_name.endswith(".html") else output_content


def _mended(html: str, root: str) -> str:
    html = html.replace("https://unpkg.com/iframe-worker/shim", f"{root}theme/frame_worker.js")
    html = re.sub(r'href="((?:\.\./)*\.\.?)/?"', r'href="\1/index.html"', html)  # a folder opens no page from a file
    html = re.sub(r"<thead>\s*<tr>\s*(?:<th></th>\s*)+</tr>\s*</thead>", "", html)  # a table of names and meanings
    html = html.replace("<th></th>", "<td></td>")  # the corner of a table is no heading
    html = html.replace('id="__drawer"', 'id="__drawer" aria-label="Pages"', 1)
    html = html.replace('id="__search"', 'id="__search" aria-label="Search"', 1)
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
    """One sentence as each method explains it, light and dark, for the method's page."""
    model = ak.load("imdb-cnn")
    drawn = {}
    with TemporaryDirectory() as folder:
        for name in METHODS:
            why = ak.explain(model, SENTENCE, method=name, views="attribution")
            for theme in ("light", "dark"):
                file = why.save(Path(folder) / f"{name}.{theme}.svg", theme=theme)
                drawn[f"methods/{file.name}"] = file.read_bytes()
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


def llms(files: Files) -> str:
    """A plain index of the pages for programs that read."""
    lines = [
        "# attribkit",
        "",
        "> Explanations of text classifiers that state their own error, exact for text CNNs and linear models.",
        "",
        "## Pages",
        "",
    ]
    for file in files.documentation_pages():
        if file.src_uri.startswith("errors/"):
            continue  # the table of all links to each
        title = re.search(r"^# (.+)$", file.content_string, flags=re.MULTILINE)
        lines.append(f"- [{title[1] if title else file.src_uri}]({file.dest_uri})")
    return "\n".join(lines) + "\n"
