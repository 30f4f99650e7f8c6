"""The pages of error sentences: collected from the code that raises them, one page each, and a table of all."""

import ast
import itertools
import re
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import error_cures
from error_examples import BEFORE, EXAMPLES

from attribkit import errors

ROOT = Path(__file__).parent.parent / "attribkit"
VALUE = "…"
"""Stands in a sentence for what is filled in."""
CURES = {
    "InputNotFoundError": "Check the path or the name; `attribkit models` lists the bundled models.",
    "MissingPackageError": "Install the package that the sentence names.",
    "NetworkError": "Mend the network so that it keeps to [what a network must do](../your_own_model.md).",
    "RunError": "Mend what the sentence names, and run the same again: finished work is kept.",
    "StorageError": "Make room, or choose a folder that can be written.",
    "DownloadError": "Try again later, or fetch the file by hand.",
    "RefusedRequest": "Send the request as [the page and its API](../serve.md) do.",
}
"""What to do where the sentence itself does not say it."""
GUIDES = {
    "automl": "training", "data": "training", "training": "training", "estimator": "training", "task": "training",
    "corpus": "corpus", "serve": "serve", "explore": "serve", "reports": "reports", "evaluation": "trust",
    "influence": "influence", "last_layer": "influence", "projection": "maps", "projector": "maps",
    "huggingface": "transformers", "models": "your_own_model", "extensions": "extending", "reproduce": "reproduction",
    "text": "explaining", "attribution": "explaining", "views": "explaining", "explainer": "explaining",
    "comparison": "explaining", "results": "explaining", "render": "explaining",
}  # fmt: skip
"""The guide to read on in, by the part of the package that raises."""


@dataclass(frozen=True)
class Sentence:
    """One error sentence of the package, with `…` for what is filled in."""

    text: str
    kind: str
    parts: tuple[str, ...]

    @property
    def happened(self) -> str:
        """What was expected and what came: all before the cure."""
        return self.text.rpartition("; ")[0] or self.text

    @property
    def cure(self) -> str:
        """What to do, in Markdown: the sentence's end, or what is written for it, its class of errors or its part."""
        before, _, end = self.text.rpartition("; ")
        if before and end != VALUE:
            return escaped(f"{end[0].upper()}{end[1:].rstrip('.?')}{'?' if end.endswith('?') else '.'}")
        cure = error_cures.written(self.text) or CURES.get(self.kind)
        if cure is None and self.parts == ("results",):
            cure = error_cures.OF_RESULTS
        if cure is None:
            raise LookupError(f"docs/error_cures.py lacks a cure for: {self.text}")
        return cure

    def matches(self, printed: str) -> bool:
        """Whether a printed sentence is this one with its values."""
        return re.fullmatch(".*".join(map(re.escape, self.text.split(VALUE))), printed, flags=re.DOTALL) is not None


def sentences() -> list[Sentence]:
    """Every sentence of the package, in the order of the alphabet."""
    raising = {
        file: ast.parse(file.read_text(encoding="utf-8"))
        for file in sorted(ROOT.rglob("*.py"))
        if file.name != "errors.py"
    }
    texts = _Texts(list(raising.values()))
    places: dict[tuple[str, str], set[str]] = {}
    for file, tree in raising.items():
        for kind, text in texts.raised(tree):
            places.setdefault((text, kind), set()).add(file.relative_to(ROOT).parts[0].removesuffix(".py"))
    known = [Sentence(text, kind, tuple(sorted(parts))) for (text, kind), parts in places.items()]
    return sorted(known, key=lambda sentence: (re.sub(r"\W+", " ", sentence.text).strip().lower(), sentence.kind))


class _Texts:
    """What strings an expression of the code may be."""

    def __init__(self, trees: list[ast.Module]) -> None:
        self._functions: dict[str, list[ast.expr]] = {}
        self._constants: dict[str, list[str]] = {}
        self._kinds = {
            name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)
        }
        for node in itertools.chain.from_iterable(ast.walk(tree) for tree in trees):
            if isinstance(node, ast.FunctionDef) and node.returns is not None and ast.unparse(node.returns) == "str":
                returned = (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Return))
                self._functions.setdefault(node.name, []).extend(value for value in returned if value is not None)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
                values = node.value.values if isinstance(node.value, ast.Dict) else [node.value]
                texts = [self._of(value) for value in values if isinstance(value, ast.Constant | ast.JoinedStr)]
                if len(texts) == len(values) and all(texts):
                    self._constants[node.targets[0].id] = list(itertools.chain.from_iterable(texts))

    def raised(self, tree: ast.Module) -> Iterator[tuple[str, str]]:
        """The class and the sentence of every error of the package that a file makes."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                refused = node.func.id == "RefusedRequest"
                if node.func.id in self._kinds or refused:
                    for text in self._of(node.args[-1 if refused else 0]):
                        if len(text.split()) > 3:
                            yield node.func.id, re.sub(f"{VALUE}+", VALUE, " ".join(text.split()))

    def _of(self, node: ast.expr) -> list[str]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return [node.value]
        if isinstance(node, ast.JoinedStr):
            return ["".join(pieces) for pieces in itertools.product(*map(self._pieces, node.values))]
        if isinstance(node, ast.BinOp):
            return [a + b for a in self._of(node.left) for b in self._of(node.right)]
        if isinstance(node, ast.IfExp):
            return self._of(node.body) + self._of(node.orelse)
        if isinstance(node, ast.Name) and node.id in self._constants:
            return self._constants[node.id]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            return [text for value in self._functions.get(name, []) for text in self._of(value)] or [VALUE]
        return [VALUE]

    def _pieces(self, node: ast.expr) -> list[str]:
        """What a part of an f-string may be: its own words, those of a constant or of a mapping's values, or `…`."""
        if isinstance(node, ast.Constant):
            return [str(node.value)]
        inner = node.value if isinstance(node, ast.FormattedValue) else node
        named = inner.value if isinstance(inner, ast.Subscript) else inner
        return self._constants.get(named.id, [VALUE]) if isinstance(named, ast.Name) else [VALUE]


def pages() -> dict[str, str]:
    """The table and a page for each sentence, by their places in the site."""
    known = sentences()
    names = _names(known)
    shown = examples(known)
    return {"reference/errors.md": _table(known, names)} | {
        f"errors/{names[sentence]}.md": _page(sentence, shown.get(sentence, [])) for sentence in known
    }


def examples(known: list[Sentence]) -> dict[Sentence, list[tuple[str, str]]]:
    """The code of each example, run, with what it printed last, by the sentence that it gives."""
    given: dict[Sentence, list[tuple[str, str]]] = {}
    names: dict[str, object] = {}
    with TemporaryDirectory() as folder, chdir(folder):
        exec("\n".join(["import attribkit as ak", *BEFORE.values()]), names)
        for code in EXAMPLES:
            try:
                exec(code, names)
            except errors.AttribkitError as error:
                kind, printed = type(error).__name__, str(error)
            else:
                raise LookupError(f"{code!r} gives no error")
            fitting = [sentence for sentence in known if sentence.kind == kind and sentence.matches(printed)]
            if not fitting:
                raise LookupError(f"no page has the sentence of {code!r}: {printed}")
            closest = max(fitting, key=lambda sentence: len(sentence.text.replace(VALUE, "")))
            needed = [line for name, line in BEFORE.items() if re.search(rf"\b{name}\b(?! *=)", code)]
            given.setdefault(closest, []).append(("\n".join([*needed, code]), f"{kind}: {printed}"))
    return given


def _names(known: list[Sentence]) -> dict[Sentence, str]:
    """A file's name of each: the first words that no other page has."""
    names: dict[Sentence, str] = {}
    for sentence in known:
        words = re.findall(r"[a-z0-9]+", sentence.text.lower())
        tries = itertools.chain(
            ("-".join(words[:count]) for count in range(8, len(words) + 1)),
            ("-".join([*words, str(number)]) for number in itertools.count(2)),
        )
        names[sentence] = next(
            name for name in itertools.chain(["-".join(words[:8])], tries) if name not in names.values()
        )
    return names


def _table(known: list[Sentence], names: dict[Sentence, str]) -> str:
    lines = [
        "# Error sentences",
        "",
        f"Each error is one sentence: what was expected, what came, what to do. `{VALUE}` stands for a value of yours.",
        f"Type the beginning of yours into the search: each of the {len(known)} has a page. Here they stand by class.",
        "",
    ]
    for kind in sorted({sentence.kind for sentence in known}, key=lambda kind: (kind != "InputError", kind)):
        lines += [f"## {kind}", "", _meaning(kind), "", "| sentence | part |", "|---|---|"]
        for sentence in (sentence for sentence in known if sentence.kind == kind):
            lines.append(
                f"| [{escaped(sentence.text)}](../errors/{names[sentence]}.md) | {', '.join(sentence.parts)} |"
            )
        lines.append("")
    return "\n".join(lines)


def _page(sentence: Sentence, shown: list[tuple[str, str]]) -> str:
    filled = f" `{VALUE}` stands for a value of yours." if VALUE in sentence.text else ""
    lines = [
        f"# {escaped(sentence.happened)}",
        "",
        "<div data-search-exclude markdown>",
        "",
        f"**What happened.** {_meaning(sentence.kind)}{filled} The whole sentence:",
        "",
        f"> {escaped(sentence.text)}",
        "",
        "</div>",
        "",
        f"**What to do.** {sentence.cure}",
        "",
        "<div data-search-exclude markdown>",
        "",
    ]
    for code, printed in shown:
        lines += ["**An example.** This gives it:", "", f"```python\nimport attribkit as ak\n\n{code}\n```", ""]
        lines += [f"```text\n{printed}\n```", ""]
    lines += [f"**To catch it.** {_caught(sentence.kind)}", ""]
    guide = next((GUIDES[part] for part in sentence.parts if part in GUIDES), None)
    onward = f"Read on: [the guide](../{guide}.md), or " if guide else "Read on: "
    return "\n".join([*lines, f"{onward}[all error sentences](../reference/errors.md).", "", "</div>", ""])


def _meaning(kind: str) -> str:
    if kind == "RefusedRequest":
        return "The server refuses a request before it reads it."
    return str(getattr(errors, kind).__doc__).partition("\n")[0]


def _caught(kind: str) -> str:
    if kind == "RefusedRequest":
        return 'Over HTTP it comes as `{"error": …}` with a status of 400 to 499.'
    bases = [base.__name__ for base in getattr(errors, kind).__mro__[1:] if base.__module__ == "builtins"]
    known = [name for name in bases if name not in ("OSError", "Exception", "BaseException", "object")] or bases[:1]
    too = " and ".join(f"a `{name}`" for name in known)
    public = "ak.InputError" if issubclass(getattr(errors, kind), errors.InputError) else "ak.AttribkitError"
    code = 2 if public == "ak.InputError" else 1
    return (
        f"In Python `except {public}`; it is {too} too. The command line prints the sentence behind `error:` and "
        f"ends with {code}; the server answers {404 if kind == 'UnknownNameError' else 422} and the sentence."
    )


def escaped(text: str) -> str:
    """A sentence as Markdown shows it literally, but for its backticks."""
    pieces = re.split(r"(`[^`]*`)", text)
    plain = (piece if piece.startswith("`") else re.sub(r"([\\*_\[\]#~])", r"\\\1", piece) for piece in pieces)
    return "".join(plain).replace("<", "&lt;").replace("|", "\\|")
