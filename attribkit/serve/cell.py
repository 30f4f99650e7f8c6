"""The pane for a notebook's cell: the page's own files as one module, and the kernel's answers."""

import json
import re
from typing import Any

from pydantic import BaseModel, ValidationError

from attribkit.errors import AttribkitError
from attribkit.render.preparation.unicode import shorten
from attribkit.serve.assets import PAGE, colours
from attribkit.serve.handlers import RequestHandler
from attribkit.serve.limits import Limits
from attribkit.serve.schema import Alternatives, Live, Settings, Together, within
from attribkit.serve.served_model import ServedModel
from attribkit.serve.workbench.rows import DataRows

MODULES = ("api.js", "sheet.js", "map.js", "scale.js", "settings.js", "pane.js", "notebook.js")
"""The page's modules that a cell needs, each after those that it imports."""

ROWS = 1_000
"""Rows of the data that can be chosen in a cell."""

QUESTIONS: dict[str, type[BaseModel]] = {"live": Live, "alternatives": Alternatives, "together": Together}

_IMPORT = re.compile(r'^import (\{[^}]+\}) from "\./([\w.]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function\*?|class|const) (\w+))", re.MULTILINE)


class CellAnswers:
    """A model, rows that may stand beside it, and the answers to what a cell asks."""

    def __init__(self, model: ServedModel, rows: DataRows | None, text: str) -> None:
        self._limits = Limits()
        self._handler = RequestHandler([model], self._limits)
        self._rows, self._text, self._name = rows, text, model.name

    def __call__(self, path: str, body: Any) -> tuple[int, Any]:
        """An HTTP status and what the server would answer; never raises for what was asked."""
        try:
            return 200, self._answer(path, body)
        except ValidationError as error:
            first = error.errors()[0]
            return 422, {"error": f"{'.'.join(map(str, first['loc']))}: {first['msg']}"}
        except AttribkitError as error:
            return 422, {"error": str(error)}
        except Exception as error:  # the cell is to tell it: a kernel's own words reach no reader
            return 500, {"error": f"this is a fault of attribkit ({type(error).__name__}: {error}); please report it"}

    def _answer(self, path: str, body: Any) -> Any:
        kind, _, rest = path.partition("/")
        if path == "card":
            return self._card()
        if kind == "models":
            return json.loads(self._handler(("map",), [self._name])[0])
        if kind == "row" and self._rows is not None:
            return {"text": self._rows.texts[int(rest)]}
        question = within(self._limits, QUESTIONS[kind]).model_validate(body)
        key: tuple[Any, ...] = (kind,)
        if isinstance(question, Live):
            settings = Settings(**{name: getattr(question, name) for name in Settings.model_fields})
            key = ("live", settings, question.place)
        (answer,) = self._handler(key, [question])
        return json.loads(answer) if isinstance(answer, bytes) else answer

    def _card(self) -> dict[str, Any]:
        rows = [] if self._rows is None else self._rows.texts[:ROWS]
        numbers = [] if self._rows is None else self._rows.numbers[:ROWS].tolist()
        named = [
            [place, f"{number} · {shorten(text, 60)}"]
            for place, (number, text) in enumerate(zip(numbers, rows, strict=True))
            if text.strip()
        ]
        examples = [] if self._rows is None else self._rows.examples()
        return {**self._handler.cards().model_dump(), "rows": named, "examples": examples, "text": self._text}


def module() -> str:
    """A JavaScript module as anywidget loads it; each cell has modules of its own: many may stand in one page."""
    parts = [_as_function(name, (PAGE / name).read_text(encoding="utf-8")) for name in MODULES]
    content = json.dumps({"html": _html(), "css": _css()})
    inside = "\n".join(parts)
    return (
        f"const CONTENT = {content};\nfunction modules() {{\nconst MODULES = {{}};\n{inside}\nreturn MODULES;\n}}\n"
        'export default { render: ({ model, el }) => modules()["notebook.js"].show({ model, el, ...CONTENT }) };\n'
    )


def _as_function(name: str, source: str) -> str:
    names = [match[1] for match in _EXPORT.findall(source)]
    body = _EXPORT.sub(r"\1", _IMPORT.sub(r'const \1 = MODULES["\2"];', source))
    return f'MODULES["{name}"] = (() => {{\n{body}\nreturn {{ {", ".join(names)} }};\n}})();'


def _html() -> str:
    """The page's form of settings and its template of a pane, with a place for rows."""
    page = (PAGE / "index.html").read_text(encoding="utf-8")
    form = _between(page, '<form class="settings"', "</form>")
    form = re.sub(' aria-label="[^"]*"', "", form, count=1)  # unnamed it is no landmark among many alike
    rows = '<label class="field" hidden><span>Row</span><select name="row"></select></label>'
    pane = _between(page, '<template id="pane">', "</template>")
    pane = re.sub('(<section [^>]*?) aria-label="[^"]*"', r"\1", pane)
    return (
        f'{form.replace("</form>", f"{rows}</form>")}<div class="desk"></div><p class="hidden" role="status"></p>{pane}'
    )


def _between(page: str, first: str, last: str) -> str:
    start = page.index(first)
    return page[start : page.index(last, start) + len(last)]


def _css() -> str:
    """The page's style for a shadow root: what it says of the whole page is said of the cell."""
    style = f"{colours()}\n{(PAGE / 'style.css').read_text(encoding='utf-8')}"
    style = re.sub(r"^body\{[^}]*\}$", "", style, flags=re.MULTILINE)
    style = style.replace(":root{color-scheme:light dark;", ":host{display:block;padding:.25rem;").replace(
        "html{", ":host{"
    )
    return re.sub(r"^body\{[^}]*\}$", "", style, flags=re.MULTILINE)
