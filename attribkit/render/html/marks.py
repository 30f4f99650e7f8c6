"""The user's own text as stretches with classes; hazards are made visible."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from attribkit.render.preparation import palette
from attribkit.render.preparation.intervals import Interval, intervals
from attribkit.render.preparation.numbers import number
from attribkit.render.preparation.scales import Scale
from attribkit.render.preparation.sentences import Sentence, limit, sentences
from attribkit.render.preparation.spans import spans
from attribkit.render.preparation.unicode import is_bidi_control, runs, shorten
from attribkit.results.panels import TokenScores

EXCERPT = 160
"""Characters of a text that the overview of several explanations shows."""

Run = tuple[str, str | None]


@dataclass(frozen=True)
class Mark:
    """A stretch of text for the template.

    Attributes:
        runs: its characters.
        classes: CSS classes.
        score: as text.
        band: the lowest and the highest score over several baselines, as text.
        style: custom properties.
        title: for a stretch without characters, a bar in the margin, what it stands for.
    """

    runs: tuple[Run, ...]
    classes: str
    score: str = ""
    band: str = ""
    style: str = ""
    title: str = ""


def safe_runs(text: str) -> tuple[Run, ...]:
    """Direction controls stay in the text, each isolated in a `bdi`; other hazards are replaced by visible signs."""
    merged: list[Run] = []
    for characters, shown in runs(text):
        if shown is not None and is_bidi_control(characters):
            merged.append((characters, shown))
        elif merged and merged[-1][1] is None:
            merged[-1] = (merged[-1][0] + (shown or characters), None)
        else:
            merged.append((shown or characters, None))
    return tuple(merged)


def marks(text: str | None, panel: TokenScores, scale: Scale, full: bool = True) -> list[Mark]:
    """The whole text in order, each token with its colour and score, and if `full` its band and its sentence's sum."""
    sums = {sentence.first: mark for sentence, mark in _sums(panel)} if full else {}
    bands = intervals(panel, scale) if full else []
    drawn = []
    for span in spans(text, panel):
        token = span.token
        if token is None:
            drawn.append(Mark(safe_runs(span.text), "" if span.read else "x"))
            continue
        if token in sums:
            drawn.append(sums[token])
        score = float(panel.scores[token])
        step = palette.step(score, scale.limit)
        colour = f" p{step}" if step > 0 else f" n{-step}" if step < 0 else ""
        known = "" if panel.known[token] else " u"
        still = " still" if bands and bands[token].still else ""
        classes = f"t{colour}{known}{' j' if span.joined else ''}{still}"
        between, style = (bands[token].words, _band_style(bands[token])) if bands else ("", "")
        drawn.append(Mark(safe_runs(span.text), classes, number(score, scale.limit), between, style))
    return drawn


def _band_style(interval: Interval) -> str:
    """Where the band begins, crosses 0 and ends, and where the token's own score stands, from the top in percent."""
    top, own, bottom = (50 - 50 * interval.share(score) for score in (interval.high, interval.own, interval.low))
    return f"--a:{top:.0f}%;--z:{min(max(50.0, top), bottom):.0f}%;--b:{bottom:.0f}%;--s:{own:.0f}%"


def _sums(panel: TokenScores) -> Iterator[tuple[Sentence, Mark]]:
    """A bar in the margin for each sentence of a long text: to the right for, to the left against."""
    parts = sentences(panel)
    end = limit(parts)
    for order, sentence in enumerate(parts, 1):
        side = "for" if sentence.total > 0 else "against"
        share = 50 * abs(sentence.total) / end if end else 0.0
        left, right = (50.0, 50 + share) if sentence.total > 0 else (50 - share, 50.0)
        title = f"sentence {order}: {number(sentence.total, end)}"
        yield sentence, Mark((), f"s {side}", style=f"--l:{left:.0f}%;--r:{right:.0f}%", title=title)


def excerpt(text: str | None, panel: TokenScores | None, scales: Mapping[int, Scale]) -> list[Mark]:
    """The first characters of a text for the overview, coloured as below, cut between spans."""
    if panel is None:
        return [Mark(((shorten(text, EXCERPT), None),), "")] if text is not None else []
    cut: list[Mark] = []
    left = EXCERPT
    for mark in marks(text, panel, scales[id(panel)], full=False):
        length = sum(len(characters) for characters, _ in mark.runs)
        if length > left:
            shown = mark.runs[0][0][:left] if mark.runs[0][1] is None else ""
            return [*cut, replace(mark, runs=((shown, None),)), Mark((("…", None),), "")]
        cut.append(mark)
        left -= length
    return cut
