"""A whole document: title, figures, contents, sections; with a script of its own for searching, sorting, colouring."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from attribkit.render.html.page import DRAW, environment, style
from attribkit.render.html.texts import texts
from attribkit.render.preparation import palette
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.head import made_on
from attribkit.render.preparation.table import axes
from attribkit.render.preparation.unicode import visible
from attribkit.results.panels import Document, Panel, Section


def document(page: Document) -> str:
    """One self-contained page: nothing is loaded from anywhere, and no script runs but those allowed by their hash."""
    sheet, scope = style(*DRAW, "explanation")
    sections = [_section(section) for section in page.sections]
    drawn = [panel for section in sections for panel in section["drawn"]]
    scripts = [panel["script"] for panel in drawn if panel.get("script")]
    scripts = list(dict.fromkeys([*scripts, _script()]))
    template = environment().get_template("report.html.jinja")
    own = environment().get_template("report.css.jinja")
    return template.render(
        title=visible(page.title, one_line=True),
        kind=page.kind,
        sentences=page.sentences,
        facts=page.facts,
        made=made_on(),
        answers=[_kept_together(answer) for answer in page.answers],
        figures=page.figures,
        sections=sections,
        scope=scope,
        style=sheet,
        own_style=own.render(scope=scope, light=palette.LIGHT, dark=palette.DARK),
        steps=palette.STEPS,
        scripts=scripts,
        hashes=[b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts],
    )


@cache
def _script() -> str:
    return (Path(__file__).parent / "templates" / "report.js").read_text(encoding="utf-8")


def _section(section: Section) -> dict[str, Any]:
    tables = (panel for panels in (section.panels, *(group.panels for group in section.groups)) for panel in panels)
    context = PanelContext(None, None, {}, axes(tables))

    def draw(panels: Sequence[Panel]) -> list[dict[str, Any]]:
        return [{"kind": panel.kind, **DRAW[panel.kind](panel, context)} for panel in panels]

    panels = draw(section.panels)
    groups = [{"title": group.title, "panels": draw(group.panels)} for group in section.groups]
    drawn = [*panels, *(panel for group in groups for panel in group["panels"])]
    return {
        "anchor": section.anchor,
        "title": section.title,
        "short": section.short,
        "sentences": [_kept_together(sentence) for sentence in section.sentences],
        "panels": panels,
        "groups": groups,
        "picked": section.picked,
        "drawn": drawn,
        "rows": section.rows,
        "texts": texts(section.rows) if section.rows else None,
        "search": section.search,
        "row": {"panels": drawn, "leftwards": False, "single": False},
    }


def _kept_together(sentence: str) -> str:
    """A number and its % stay on one line."""
    return sentence.replace(" %", "\N{NO-BREAK SPACE}%")
