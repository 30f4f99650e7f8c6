"""The page and the fragment: rows of panels, an overview of several, one style sheet, no script unless a panel asks."""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from attribkit.render.html.chart import chart
from attribkit.render.html.confusion import confusion_matrix
from attribkit.render.html.heatmap import heatmap
from attribkit.render.html.marks import excerpt
from attribkit.render.html.pairs import pairs
from attribkit.render.html.scatter import scatter
from attribkit.render.html.table import table
from attribkit.render.html.token_scores import token_scores
from attribkit.render.preparation import palette
from attribkit.render.preparation.captions import verdict_of
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.numbers import percent
from attribkit.render.preparation.prediction import agreement, bars, detail, headline, why
from attribkit.render.preparation.provenance import flat
from attribkit.render.preparation.scales import STRONG, Scale, scales
from attribkit.render.preparation.unicode import is_right_to_left, quoted, runs, visible
from attribkit.results.panels import (
    Chart,
    ConfusionMatrix,
    Drawable,
    Heatmap,
    Pairs,
    Prediction,
    Scatter,
    Table,
    TokenScores,
)

DRAW: dict[str, Callable[[Any, PanelContext], dict[str, Any]]] = {
    TokenScores.kind: token_scores,
    Heatmap.kind: heatmap,
    Pairs.kind: pairs,
    Scatter.kind: scatter,
    Chart.kind: chart,
    ConfusionMatrix.kind: confusion_matrix,
    Table.kind: table,
}
"""How each kind of panel is drawn: a function (panel, context) to what its template needs.

The template is `templates/<kind>.html.jinja`, whose macro `draw(panel, row, h)` gets that mapping (with `kind` added),
the row it stands in and the heading's element; its style is `templates/<kind>.css.jinja`, nested in the scope and
included by `style.css.jinja`. A mapping with the key `script` (source text, the same for every panel of the kind, no
"</script" in it) has it inlined once per document, after all panels, and allowed by its hash. In a notebook several
copies of it may run in one document: it must start only what has not been started.
"""


@cache
def environment() -> Environment:
    """What reads the templates: everything put into one is escaped."""
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(visible=lambda text: visible(str(text), one_line=True), percent=percent, quoted=quoted)
    return templates


@cache
def style() -> tuple[str, str]:
    """The style sheet and the class it is scoped to, which names this very sheet: other versions may stand beside."""
    template = environment().get_template("style.css.jinja")
    values: dict[str, Any] = {
        "light": palette.LIGHT,
        "dark": palette.DARK,
        "steps": palette.STEPS,
        "strong": STRONG,
        "letters": palette.LETTERS,
    }
    scope = "ak-" + hashlib.sha256(template.render(scope="", **values).encode()).hexdigest()[:8]
    return template.render(scope=scope, **values), scope


def page(explanations: Sequence[Drawable], title: str | None = None) -> str:
    """A whole page: light and dark, printable, readable on a phone and by a screen reader."""
    return _render("page.html.jinja", explanations, title or _title(explanations))


def fragment(explanations: Sequence[Drawable]) -> str:
    """The same drawing for a notebook's output: its style is scoped, it has no ids, and has its own background."""
    return _render("fragment.html.jinja", explanations, "")


def _render(template: str, explanations: Sequence[Drawable], title: str) -> str:
    sheet, scope = style()
    own = scales(explanations)
    together = _one_scale(explanations, own)
    # the overview's legend then says that the scale is shared, once for all rows
    own = {panel: replace(scale, shared=1) for panel, scale in own.items()} if together else own
    rows = [_row(explanation, own, single=len(explanations) == 1) for explanation in explanations]
    scripts = list(dict.fromkeys(panel["script"] for row in rows for panel in row["panels"] if panel.get("script")))
    return (
        environment()
        .get_template(template)
        .render(
            rows=rows,
            style=sheet,
            scope=scope,
            scripts=scripts,
            hashes=[b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts],
            title=visible(title, one_line=True),
            shared=_shared_legend(rows) if together else None,
            several=len({row["model"] for row in rows}) > 1,
        )
    )


def _one_scale(explanations: Sequence[Drawable], own: dict[int, Scale]) -> bool:
    """Whether several explanations have token scores, all on one scale."""
    count = sum(isinstance(panel, TokenScores) for explanation in explanations for panel in explanation.panels())
    return min(len(explanations), count) > 1 and all(scale.shared == count for scale in own.values())


def _shared_legend(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One legend for the overview."""
    panels = [panel for row in rows for panel in row["panels"] if panel["kind"] == TokenScores.kind]
    either = {name: any(panel[name] for panel in panels) for name in ("unknown", "unread")}
    same = len({panel["target"] for panel in panels}) == 1
    aim = panels[0]["aim"] if same else "the row’s label"
    return {**panels[0], **either, "aim": aim, "it": "it", "shared": True}


def _title(explanations: Sequence[Drawable]) -> str:
    if len(explanations) != 1:
        about = _panel_title(explanations[0]) if explanations[0].text is None else None
        return f"{about}; {len(explanations) - 1} texts explained" if about else f"{len(explanations)} explanations"
    prediction = explanations[0].prediction
    if prediction:
        return f"Why {why(prediction)}?"
    return _panel_title(explanations[0]) or "Explanation"


def _panel_title(explanation: Drawable) -> str | None:
    return next((panel.title for panel in explanation.panels() if not isinstance(panel, TokenScores)), None)


def _row(explanation: Drawable, colour_scales: dict[int, Scale], single: bool) -> dict[str, Any]:
    text, prediction = explanation.text, explanation.prediction
    first = next((panel for panel in explanation.panels() if isinstance(panel, TokenScores)), None)
    shown = any(isinstance(panel, TokenScores | Heatmap) for panel in explanation.panels())
    headed = _panel_title(explanation) if text is None and first is None else text
    context = PanelContext(text, prediction, colour_scales)
    return {
        "plain": tuple(runs(text)) if text is not None and not shown else None,
        "excerpt": [] if single else excerpt(headed, first, colour_scales),
        "verdict": first and verdict_of(first),
        "prediction": prediction and _prediction(prediction),
        "panels": [{"kind": panel.kind, **DRAW[panel.kind](panel, context)} for panel in explanation.panels()],
        "provenance": flat(explanation.provenance),
        "model": explanation.provenance.get("model"),
        "leftwards": text is not None and is_right_to_left(text),
        "single": single,
    }


def _prediction(prediction: Prediction) -> dict[str, Any]:
    shown, rest = bars(prediction)
    return {
        "label": headline(prediction),
        "detail": detail(prediction),
        "probability": prediction.probability,
        "bars": [(label, p, f"{100 * max(0.0, min(1.0, p)):.2f}%") for label, p in shown],
        "chosen": prediction.predicted,
        "rest": rest,
        "agreement": agreement(prediction),
        "tone": {True: "good", False: "bad", None: ""}[prediction.right],
        "outcome": {True: "✓ right", False: "✗ wrong", None: agreement(prediction)}[prediction.right],
    }
