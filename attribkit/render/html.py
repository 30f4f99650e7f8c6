"""HTML: one self-contained page, or a fragment for a notebook; no script, nothing loaded from anywhere."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from attribkit.panels import Chart, Drawable, Panel, Prediction, TokenScores
from attribkit.render import palette
from attribkit.render.chart import apart, axes
from attribkit.render.facts import SHARED, agreement, bars, equation, facts, flat, icon, quoted, remarks
from attribkit.render.layout import (
    STRONG,
    Scale,
    is_bidi_control,
    is_right_to_left,
    number,
    percent,
    pieces,
    position,
    runs,
    scales,
    shorten,
    strongest,
    visible,
    words,
)

EXCERPT = 160
"""Characters of a text that the overview of several explanations shows."""

TABLE_ROWS = 500
"""Rows of the table of all scores; a longer text's table holds the strongest and says so."""

BARS = 10
"""Tokens with a bar of their own: all of them in a short text, else the strongest."""

Run = tuple[str, str | None]


@dataclass(frozen=True)
class Mark:
    """A stretch of text as the template needs it: characters, CSS classes, and the score in words of digits."""

    runs: tuple[Run, ...]
    classes: str
    score: str = ""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(visible=lambda text: visible(str(text), one_line=True), percent=percent, quoted=quoted)
    return environment


@cache
def _style() -> tuple[str, str]:
    """The style sheet and the class it is scoped to, which names this very sheet: other versions may stand beside."""
    template = _environment().get_template("style.css.jinja")
    values: dict[str, Any] = {"light": palette.LIGHT, "dark": palette.DARK, "steps": palette.STEPS, "strong": STRONG}
    scope = "ak-" + hashlib.sha256(template.render(scope="", **values).encode()).hexdigest()[:8]
    return template.render(scope=scope, **values), scope


def page(explanations: Sequence[Drawable], title: str | None = None) -> str:
    """A whole page: light and dark, printable, readable on a phone and by a screen reader."""
    return _render("page.html.jinja", explanations, title or _title(explanations))


def fragment(explanations: Sequence[Drawable]) -> str:
    """The same drawing for a notebook's output: its style is scoped, it has no ids, and it paints its own paper."""
    return _render("fragment.html.jinja", explanations, "")


def _render(template: str, explanations: Sequence[Drawable], title: str) -> str:
    style, scope = _style()
    found = scales(explanations)
    rows = [_row(explanation, found, single=len(explanations) == 1) for explanation in explanations]
    return (
        _environment()
        .get_template(template)
        .render(
            rows=rows,
            style=style,
            scope=scope,
            title=visible(title, one_line=True),
            shared=_shared_legend(rows, found),
            several=len({row["model"] for row in rows}) > 1,
        )
    )


def _shared_legend(rows: list[dict[str, Any]], found: dict[int, Scale]) -> dict[str, Any] | None:
    """One legend for the overview where all rows share one scale; it then need not be said in each row again."""
    panels = [panel for row in rows for panel in row["panels"] if panel["kind"] == TokenScores.kind]
    if len(rows) < 2 or len({scale.limit for scale in found.values()}) != 1 or len(panels) < 2:
        return None
    if any(scale.shared != len(panels) for scale in found.values()):
        return None
    for panel in panels:
        panel["notes"] = [note for note in panel["notes"] if not note.startswith(SHARED)]
    either = {name: any(panel[name] for panel in panels) for name in ("unknown", "unread")}
    same = len({panel["target"] for panel in panels}) == 1
    aim = panels[0]["aim"] if same else "the row’s label"
    return {**panels[0], **either, "aim": aim, "it": "it", "shared": True}


def _title(explanations: Sequence[Drawable]) -> str:
    if len(explanations) != 1:
        return f"{len(explanations)} explanations"
    prediction = explanations[0].prediction
    if prediction:
        return f"Why {quoted(prediction.label)}?"
    return _chart_title(explanations[0]) or "Explanation"


def _chart_title(explanation: Drawable) -> str | None:
    return next((panel.title for panel in explanation.panels if isinstance(panel, Chart)), None)


def _row(explanation: Drawable, found: dict[int, Scale], single: bool) -> dict[str, Any]:
    text = explanation.text
    first = next((panel for panel in explanation.panels if isinstance(panel, TokenScores)), None)
    headed = _chart_title(explanation) if text is None and first is None else text
    prediction = explanation.prediction
    return {
        "plain": tuple(runs(text)) if text is not None and first is None else None,
        "excerpt": [] if single else _excerpt(headed, first, found),
        "verdict": first and {"icon": icon(first), "words": first.verdict},
        "prediction": prediction and _prediction(prediction),
        "panels": [_panel(text, panel, prediction, found) for panel in explanation.panels],
        "provenance": flat(explanation.provenance),
        "model": explanation.provenance.get("model"),
        "leftwards": text is not None and is_right_to_left(text),
        "single": single,
    }


def _prediction(prediction: Prediction) -> dict[str, Any]:
    shown, rest = bars(prediction)
    return {
        "label": prediction.label,
        "probability": prediction.probability,
        "bars": [(label, p, f"{100 * max(0.0, min(1.0, p)):.2f}%") for label, p in shown],
        "rest": rest,
        "agreement": agreement(prediction),
        "right": prediction.true_label == prediction.label,
    }


def _panel(text: str | None, panel: Panel, prediction: Prediction | None, found: dict[int, Scale]) -> dict[str, Any]:
    if isinstance(panel, Chart):
        return {"kind": "chart", **_chart(panel)}
    scale = found[id(panel)]
    marks = _marks(text, panel, scale)
    written = words(text, panel)
    towards, against = strongest(panel, BARS // 2)
    every = len(panel.tokens) <= BARS
    chosen = list(range(len(panel.tokens))) if every else [*towards, *reversed(against)]
    order = sorted(range(len(panel.scores)), key=lambda i: -abs(panel.scores[i]))[:TABLE_ROWS]

    def row(index: int) -> dict[str, Any]:
        score = float(panel.scores[index])
        width = 50 * abs(score) / scale.limit if scale.limit else 0
        return {
            "word": shorten(written[index], 40),
            "score": number(score, scale.limit),
            "width": f"{width:.2f}%",
            "side": "towards" if score > 0 else "against",
            "known": bool(panel.known[index]),
            "number": index + 1,
        }

    return {
        "kind": panel.kind,
        "marks": marks,
        "target": panel.target,
        "aim": quoted(panel.target),
        "it": "it",
        "shared": False,
        "unit": panel.unit,
        "low": number(-scale.limit, scale.limit),
        "high": number(scale.limit, scale.limit),
        "flat": scale.limit == 0,
        "every": every,
        "bars": [row(index) for index in chosen],
        "table": [] if every else [row(index) for index in sorted(order)],
        "tokens": len(panel.tokens),
        "unknown": any(" u" in mark.classes for mark in marks),
        "unread": any(mark.classes == "x" for mark in marks),
        "verdict": {"icon": icon(panel), "words": panel.verdict},
        "equation": equation(panel),
        "facts": facts(panel, prediction),
        "notes": remarks(panel, scale),
    }


def _runs(text: str) -> tuple[Run, ...]:
    """Direction controls stay in the text, each locked in a `bdi`; other hazards are replaced by what is shown."""
    merged: list[Run] = []
    for characters, shown in runs(text):
        if shown is not None and is_bidi_control(characters):
            merged.append((characters, shown))
        elif merged and merged[-1][1] is None:
            merged[-1] = (merged[-1][0] + (shown or characters), None)
        else:
            merged.append((shown or characters, None))
    return tuple(merged)


def _marks(text: str | None, panel: TokenScores, scale: Scale) -> list[Mark]:
    marks = []
    for piece in pieces(text, panel):
        if piece.token is None:
            marks.append(Mark(_runs(piece.text), "" if piece.read else "x"))
            continue
        score = float(panel.scores[piece.token])
        step = palette.step(score, scale.limit)
        colour = f" p{step}" if step > 0 else f" n{-step}" if step < 0 else ""
        known = "" if panel.known[piece.token] else " u"
        classes = f"t{colour}{known}{' j' if piece.joined else ''}"
        marks.append(Mark(_runs(piece.text), classes, number(score, scale.limit)))
    return marks


def _excerpt(text: str | None, panel: TokenScores | None, found: dict[int, Scale]) -> list[Mark]:
    """The first characters of a text for the overview, coloured as below, cut between pieces."""
    if panel is None:
        return [Mark(((shorten(text, EXCERPT), None),), "")] if text is not None else []
    marks: list[Mark] = []
    left = EXCERPT
    for mark in _marks(text, panel, found[id(panel)]):
        length = sum(len(characters) for characters, _ in mark.runs)
        if length > left:
            shown = mark.runs[0][0][:left] if mark.runs[0][1] is None else ""
            return [*marks, replace(mark, runs=((shown, None),)), Mark((("…", None),), "")]
        marks.append(mark)
        left -= length
    return marks


def _chart(chart: Chart) -> dict[str, Any]:
    """A chart as percentages of its plotting area, so that lines stretch with the page and letters do not."""
    horizontal, vertical = axes(chart)

    def across(x: float) -> str:
        return f"{100 * horizontal.share(x):.2f}"

    def down(y: float) -> str:
        return f"{100 * (1 - vertical.share(y)):.2f}"

    lines = []
    ends = [1 - vertical.share(float(series.y[-1])) if len(series.y) else 0.0 for series in chart.series]
    for index, (series, place) in enumerate(zip(chart.series, apart(ends, 0.085), strict=True)):
        points = [f"{across(float(x))} {down(float(y))}" for x, y in zip(series.x, series.y, strict=True)]
        lines.append(
            {
                "name": series.name,
                "path": "M" + "L".join(points) if points else "",
                "dots": "".join(f"M{point}h0" for point in points) if len(points) <= 60 else "",
                "place": f"{100 * place:.2f}",
                "colour": index % len(palette.LIGHT.lines),
                "last": number(float(series.y[-1]), sign=False) if points else "",
                "values": [(position(float(x)), number(float(y), sign=False)) for x, y in
                           zip(series.x, series.y, strict=True)][:TABLE_ROWS],
            }
        )  # fmt: skip
    return {
        "title": chart.title,
        "x_label": chart.x_label,
        "y_label": chart.y_label,
        "lines": lines,
        "x_ticks": [(across(tick), horizontal.label(tick)) for tick in horizontal.ticks],
        "y_ticks": [(down(tick), vertical.label(tick)) for tick in vertical.ticks],
        "marks": [(name, across(x), horizontal.share(x) > 0.6) for name, x in chart.marks],
    }
