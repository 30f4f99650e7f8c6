"""The page and the fragment: rows of panels, an overview of several, one style sheet, no script unless a panel asks."""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from attribkit.render.html.attention_heads import attention_heads
from attribkit.render.html.chart import chart
from attribkit.render.html.confusion import confusion_matrix
from attribkit.render.html.explanation import explanation, heads_among, is_explained, prediction_line
from attribkit.render.html.heatmap import heatmap
from attribkit.render.html.marks import EXCERPT, excerpt
from attribkit.render.html.pairs import pairs
from attribkit.render.html.scatter import scatter
from attribkit.render.html.shared_map import one_map
from attribkit.render.html.table import table
from attribkit.render.html.token_scores import token_scores
from attribkit.render.preparation import palette
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.head import Head, head, panel_title
from attribkit.render.preparation.numbers import percent
from attribkit.render.preparation.provenance import flat, reading_notes
from attribkit.render.preparation.scales import STRONG, Scale, compared, scales
from attribkit.render.preparation.table import axes
from attribkit.render.preparation.unicode import is_right_to_left, quoted, runs, visible
from attribkit.results.panels import (
    AttentionHeads,
    Chart,
    ConfusionMatrix,
    Drawable,
    Heatmap,
    Pairs,
    Scatter,
    Table,
    TokenScores,
)

DRAW: dict[str, Callable[[Any, PanelContext], dict[str, Any]]] = {
    TokenScores.kind: token_scores,
    Heatmap.kind: heatmap,
    AttentionHeads.kind: attention_heads,
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
def style(*kinds: str) -> tuple[str, str]:
    """The style sheet for these kinds of drawing, and the class it is scoped to.

    The class names this very sheet: others may stand beside it, in one notebook.
    """
    template = environment().get_template("style.css.jinja")
    coloured = {TokenScores.kind} if Heatmap.kind in kinds else set()  # a heatmap's text is coloured as scores are
    values: dict[str, Any] = {
        "light": palette.LIGHT,
        "dark": palette.DARK,
        "steps": palette.STEPS,
        "strong": STRONG,
        "letters": palette.LETTERS,
        "kinds": sorted({*kinds, *coloured}),
    }
    scope = "ak-" + hashlib.sha256(template.render(scope="", **values).encode()).hexdigest()[:8]
    return template.render(scope=scope, **values), scope


def page(
    drawables: Sequence[Drawable], title: str | None = None, lead: str | None = None, kind: str | None = None
) -> str:
    """A whole page: light and dark, printable, readable on a phone and by a screen reader.

    Args:
        drawables: what is drawn, one below the other; several explanations as rows that open in place.
        title: the page's; by default what it shows.
        lead: one sentence that answers the page's question; by default, of explanations, what the model says and why.
        kind: what the page is, in a few words; by default told by what it shows.
    """
    return _render("page.html.jinja", drawables, head(drawables, title, lead, kind))


def fragment(drawables: Sequence[Drawable]) -> str:
    """The same drawing for a notebook's output: its style is scoped, it has no ids, and has its own background."""
    return _render("fragment.html.jinja", drawables, None)


def _render(template: str, drawables: Sequence[Drawable], masthead: Head | None) -> str:
    own = scales(drawables)
    together = _one_scale(drawables, own)
    # the legend of the rows then says that the scale is shared, once for all
    own = {panel: replace(scale, shared=1) for panel, scale in own.items()} if together else own
    drawables, shared_maps = one_map(drawables)
    rows = [_row(drawable, own, single=len(drawables) == 1) for drawable in drawables]
    maps = [{"kind": panel.kind, **scatter(panel, PanelContext(None, None, own))} for panel in shared_maps]
    scripts = [script for row in rows for script in row["scripts"]] + [drawn["script"] for drawn in maps]
    scripts = list(dict.fromkeys(scripts))
    sheet, scope = style(*(kind for row in rows for kind in row["kinds"]), *(drawn["kind"] for drawn in maps))
    return (
        environment()
        .get_template(template)
        .render(
            rows=rows,
            maps=maps,
            style=sheet,
            scope=scope,
            scripts=scripts,
            hashes=[b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts],
            head=masthead,
            title=masthead.title if masthead else "",
            shared=_shared_legend(rows) if together else None,
            compared=compared(own),
            several=len({row["model"] for row in rows}) > 1,
            notes=reading_notes(drawables),
        )
    )


def _one_scale(drawables: Sequence[Drawable], own: dict[int, Scale]) -> bool:
    """Whether several explanations have token scores, all on one scale."""
    count = sum(isinstance(panel, TokenScores) for drawable in drawables for panel in drawable.panels())
    return min(len(drawables), count) > 1 and all(scale.shared == count for scale in own.values())


def _shared_legend(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One legend for all rows."""
    scored = [group for row in rows for group in row.get("groups", ())]
    either = {name: any(group[name] for group in scored) for name in ("unknown", "unread")}
    same = len({group["target"] for group in scored}) == 1
    aim = scored[0]["aim"] if same else "the row’s label"
    return {**scored[0], **either, "aim": aim, "it": "it", "shared": True, "sentences": 0, "band": None}


def _row(drawable: Drawable, colour_scales: dict[int, Scale], single: bool) -> dict[str, Any]:
    """An explanation, or any other panels one below the other."""
    first = next((panel for panel in drawable.panels() if isinstance(panel, TokenScores)), None)
    if is_explained(drawable):
        row = explanation(drawable, colour_scales, DRAW)
        kinds = ["explanation", TokenScores.kind, *(fold["kind"] for fold in row["folds"])]
    else:
        row = _panels(drawable, colour_scales)
        kinds = [panel["kind"] for panel in row["panels"]]
    titled = drawable.text if drawable.text is not None else panel_title(drawable)
    return {
        **row,
        "kinds": kinds,
        "single": single,
        "excerpt": [] if single else excerpt(titled, first, colour_scales),
        "whole": drawable.text is not None and len(drawable.text) <= EXCERPT,
    }


def _panels(drawable: Drawable, colour_scales: dict[int, Scale]) -> dict[str, Any]:
    text, prediction = drawable.text, drawable.prediction
    own = drawable.panels()  # once: a result may make its tables anew, and an axis belongs to a table
    heads = heads_among(own)
    context = PanelContext(text, prediction, colour_scales, axes(own), heads)
    shown = any(isinstance(panel, TokenScores | Heatmap) for panel in own)
    panels = [{"kind": panel.kind, **DRAW[panel.kind](panel, context)} for panel in own]
    if heads > 1:  # one of many windows, or of an encoder and a decoder, is picked by opening it
        first = [panel["kind"] for panel in panels].index(AttentionHeads.kind)
        panels = [
            panel | ({"fold": panel["title"], "open": place == first} if panel["kind"] == AttentionHeads.kind else {})
            for place, panel in enumerate(panels)
        ]
    return {
        "kind": "panels",
        "plain": tuple(runs(text)) if text is not None and not shown else None,
        "verdict": None,
        "prediction": prediction and prediction_line(prediction),
        "panels": panels,
        "provenance": flat(drawable.provenance),
        "model": drawable.provenance.get("model"),
        "leftwards": text is not None and is_right_to_left(text),
        "scripts": [panel["script"] for panel in panels if panel.get("script")],
    }
