"""Token scores for the template: the coloured text, its legend, verdict, bars and facts."""

from typing import Any

from attribkit.render.html.marks import marks
from attribkit.render.preparation.captions import captions, caveats, chosen_by, equation, verdict_of
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.intervals import Interval, caption, intervals, meaning
from attribkit.render.preparation.numbers import number
from attribkit.render.preparation.ranking import strongest
from attribkit.render.preparation.sentences import limit, sentences
from attribkit.render.preparation.spans import has_unread, text_between, words
from attribkit.render.preparation.unicode import quoted, shorten
from attribkit.results.panels import TokenScores

TABLE_ROWS = 500
"""Rows of the table of all scores; a longer text's table holds the strongest and says so."""

BARS = 10
"""Tokens with a bar of their own: all of them in a short text, else the strongest."""

PHRASES = 6
"""Phrases that are printed."""


def token_scores(panel: TokenScores, context: PanelContext) -> dict[str, Any]:
    """The template's data for one panel."""
    scale = context.scales[id(panel)]
    parts = sentences(panel)
    ends = limit(parts)
    bands = intervals(panel, scale)
    drawn = marks(context.text, panel, scale)
    written = words(context.text, panel)
    towards, against = strongest(panel, BARS // 2)
    all_shown = len(panel.tokens) <= BARS
    chosen = list(range(len(panel.tokens))) if all_shown else [*towards, *reversed(against)]
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
            "band": bands[index].words if bands else "",
            "span": _span(bands[index]) if bands else "",
        }

    return {
        "marks": drawn,
        "target": panel.target,
        "aim": quoted(panel.target),
        "it": "it",
        "shared": False,
        "unit": panel.unit,
        "low": number(-scale.limit, scale.limit),
        "high": number(scale.limit, scale.limit),
        "flat": scale.limit == 0,
        "every": all_shown,
        "bars": [row(index) for index in chosen],
        "table": [] if all_shown else [row(index) for index in sorted(order)],
        "tokens": len(panel.tokens),
        "unknown": not panel.known.all(),
        "unread": has_unread(context.text, panel),
        "verdict": verdict_of(panel),
        "equation": equation(panel),
        "captions": captions(panel, context.prediction),
        "notes": caveats(panel, scale),
        "band": meaning(panel),
        "band_caption": caption(panel),
        "phrases": [
            (
                shorten(text_between(context.text, panel, phrase.first, phrase.last), 80),
                number(phrase.score, scale.limit),
                chosen_by(phrase),
            )
            for phrase in panel.strongest_phrases(PHRASES)
        ],
        "sentences": [
            (
                shorten(text_between(context.text, panel, sentence.first, sentence.last), 90),
                number(sentence.total, ends),
            )
            for sentence in parts[:TABLE_ROWS]
        ],
        "sums": number(ends, sign=False),
    }


def _span(interval: Interval) -> str:
    """The band beside a bar, as the style of an element from −limit to +limit."""
    left, right = (50 + 50 * interval.share(score) for score in (interval.low, interval.high))
    sides = (("left", interval.low), ("right", interval.high))
    open_ends = "".join(f";border-{side}-width:0" for side, score in sides if interval.cut(score))
    return f"left:{left:.2f}%;width:{right - left:.2f}%{open_ends}"
