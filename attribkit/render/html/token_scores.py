"""Token scores for the template: the text once, its legend, the strongest words and the tables, for every target."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from attribkit.render.html.attention import Weights
from attribkit.render.html.marks import marks
from attribkit.render.preparation import palette
from attribkit.render.preparation import passages as carrying
from attribkit.render.preparation.captions import (
    Tone,
    captions,
    caveats,
    chosen_by,
    equation,
    in_sum,
    sides,
    verdict_of,
)
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.intervals import Interval, caption, intervals, meaning
from attribkit.render.preparation.numbers import number
from attribkit.render.preparation.ranking import likeliest_first, separate, strongest
from attribkit.render.preparation.scales import Scale
from attribkit.render.preparation.sentences import limit, sentences
from attribkit.render.preparation.spans import has_unread, text_between, words
from attribkit.render.preparation.unicode import quoted, shorten, visible
from attribkit.results.panels import Prediction, TokenScores

TABLE_ROWS = 500
"""Rows of the table of all scores; a longer text's table holds the strongest and says so."""

STRONGEST = 5
"""Words that are named for a target, and as many against it."""

PHRASES = 6
"""Phrases that are printed."""

TARGETS = 8
"""Targets with columns in the table and folds of their own: the likeliest; the others only recolour the text."""


def groups(panels: Sequence[TokenScores], prediction: Prediction | None) -> list[list[TokenScores]]:
    """Panels that differ in their target alone, together: one text shows them in turn, the predicted label first."""
    grouped: list[list[TokenScores]] = []
    for panel in panels:
        alike = next((group for group in grouped if _alike(group, panel)), None)
        if alike is None:
            grouped.append([panel])
        else:
            alike.append(panel)
    return [
        [panel for panel in likeliest_first(group, prediction) if isinstance(panel, TokenScores)] for group in grouped
    ]


def _alike(group: list[TokenScores], panel: TokenScores) -> bool:
    first = group[0]
    same = all(getattr(first, name) == getattr(panel, name) for name in ("unit", "method", "baseline", "tokens_total"))
    places = np.array_equal(first.starts, panel.starts) and np.array_equal(first.ends, panel.ends)
    # a band belongs to one target: texts with bands are drawn one below the other
    return same and places and first.band is panel.band is None and panel.target not in {p.target for p in group}


def token_scores(panel: TokenScores, context: PanelContext) -> dict[str, Any]:
    """The template's data for one panel."""
    return group([panel], context)


def group(panels: Sequence[TokenScores], context: PanelContext, weights: Weights | None = None) -> dict[str, Any]:
    """The template's data for panels of one text that differ in their target alone; the first colours the text."""
    first = panels[0]
    scale = context.scales[id(first)]
    # the classes of one text share its scale, which goes without saying
    scale = replace(scale, shared=scale.shared - len(panels) + 1)
    end = scale.limit
    parts = sentences(first)
    written = [shorten(word, 40) for word in words(context.text, first)]
    order = sorted(range(len(first.scores)), key=lambda i: -abs(first.scores[i]))[:TABLE_ROWS]
    shown = panels[:TARGETS]
    bands = intervals(first, scale)
    return {
        "marks": marks(context.text, first, scale, weights=weights),
        "passages_head": carrying.HEAD,
        "target": first.target,
        "aim": quoted(first.target),
        "poles": sides(first.unit),
        "it": "it",
        "shared": False,
        "unit": first.unit,
        "low": number(-end, end),
        "high": number(end, end),
        "flat": end == 0,
        "targets": [_target(panel, context, scale, written, bands if panel is first else []) for panel in shown],
        "table": [
            {
                "number": index + 1,
                "word": written[index],
                "known": bool(first.known[index]),
                "scores": [_cell(float(panel.scores[index]), end, coloured=len(panels) > 1) for panel in shown],
                "band": bands[index].words if bands else "",
            }
            for index in sorted(order)
        ],
        "tokens": len(first.tokens),
        "unknown": not first.known.all(),
        "unread": has_unread(context.text, first),
        "band": meaning(first),
        "band_caption": caption(first),
        "sentences": len(parts),
        "sums": number(limit(parts), sign=False),
        "choices": _choices(panels, context, end) if len(panels) > 1 else None,
        "sum": in_sum(first) if len(panels) == 1 else "",
    }


def _cell(score: float, end: float, coloured: bool) -> tuple[str, str]:
    """A score and the name of its colour; where the table is of one target, the words are coloured already."""
    step = palette.step(score, end) if coloured else 0
    return number(score, end), f"p{step}" if step > 0 else f"n{-step}" if step < 0 else ""


def _target(
    panel: TokenScores, context: PanelContext, scale: Scale, written: list[str], bands: Sequence[Interval]
) -> dict[str, Any]:
    """What is said of one target: its strongest words, phrases and sentences, and how far its scores can be trusted."""
    parts = sentences(panel)
    ends = limit(parts)
    return {
        "name": panel.target,
        "aim": quoted(panel.target),
        "sides": [
            {"side": side, "rows": [_bar(panel, index, written, bands, scale) for index in places]}
            for side, places in zip(sides(panel.unit), strongest(panel, STRONGEST), strict=True)
        ],
        "verdict": verdict_of(panel),
        "equation": equation(panel),
        "captions": captions(panel, context.prediction),
        "notes": caveats(panel, scale),
        "phrases": [
            (
                shorten(text_between(context.text, panel, phrase.first, phrase.last), 80),
                number(phrase.score, scale.limit),
                chosen_by(phrase),
            )
            for phrase in separate(panel, PHRASES)
        ],
        "passages": [
            (
                carrying.words_of(passage, context.text, panel),
                number(passage.total, scale.limit),
                "for" if passage.total > 0 else "against",
            )
            for passage in carrying.strongest(carrying.passages(context.text, panel))
        ],
        "sentences": [
            (
                shorten(text_between(context.text, panel, sentence.first, sentence.last), 90),
                number(sentence.total, ends),
            )
            for sentence in parts[:TABLE_ROWS]
        ],
    }


def _bar(panel: TokenScores, index: int, written: list[str], bands: Sequence[Interval], scale: Scale) -> dict[str, Any]:
    score = float(panel.scores[index])
    return {
        "word": written[index],
        "score": number(score, scale.limit),
        "width": f"{50 * abs(score) / scale.limit if scale.limit else 0:.1f}%",
        "side": "towards" if score > 0 else "against",
        "known": bool(panel.known[index]),
        "band": bands[index].words if bands else "",
        "span": _span(bands[index]) if bands else "",
    }


def _span(interval: Interval) -> str:
    """The band beside a bar, as the style of an element from −limit to +limit."""
    left, right = (50 + 50 * interval.share(score) for score in (interval.low, interval.high))
    sides = (("left", interval.low), ("right", interval.high))
    open_ends = "".join(f";border-{side}-width:0" for side, score in sides if interval.cut(score))
    return f"left:{left:.2f}%;width:{right - left:.2f}%{open_ends}"


def _choices(panels: Sequence[TokenScores], context: PanelContext, end: float) -> dict[str, Any]:
    """What the script needs to recolour the text for another target: numbers as they are printed, in token order.

    Tokens that stand for no character are not in the text, and not in here.
    """
    drawn = [i for i, (a, b) in enumerate(zip(panels[0].starts, panels[0].ends, strict=True)) if b > a]
    targets = []
    for panel in panels:
        verdict = verdict_of(panel)
        targets.append(
            {
                "aim": visible(quoted(panel.target), one_line=True),
                "scores": " ".join(number(float(panel.scores[i]), end) for i in drawn),
                "verdict": [
                    verdict.icon,
                    verdict.tone.value,
                    verdict.words if verdict.tone is Tone.bad else verdict.short,
                ],
            }
        )
    return {"limit": end, "strongest": STRONGEST, "targets": targets}
