"""The user's own text as stretches with classes; hazards are made visible."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from attribkit.render.html.attention import Weights
from attribkit.render.preparation import palette
from attribkit.render.preparation.intervals import Interval, intervals
from attribkit.render.preparation.numbers import number
from attribkit.render.preparation.passages import passages
from attribkit.render.preparation.scales import Scale
from attribkit.render.preparation.sentences import Sentence, limit, sentences
from attribkit.render.preparation.spans import BREAK, Span, spans
from attribkit.render.preparation.unicode import is_bidi_control, is_mixed, runs, shorten
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
        weight: a second number of the token, its attention, as text.
        title: for a stretch without characters, a bar in the margin, what it stands for.
    """

    runs: tuple[Run, ...]
    classes: str
    score: str = ""
    band: str = ""
    style: str = ""
    weight: str = ""
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


def marks(
    text: str | None, panel: TokenScores, scale: Scale, full: bool = True, weights: Weights | None = None
) -> list[Mark]:
    """The whole text in order, each token with its colour and score.

    If `full`, also with its band and, before a sentence, the sentence's sum; with `weights`, with its attention.
    """
    sums = {sentence.first: mark for sentence, mark in _sums(panel)} if full else {}
    bands = intervals(panel, scale) if full else []
    sides = _passages(text, panel) if full else {}
    drawn: list[Mark] = []
    last = -1
    for span in spans(text, panel):
        token = span.token
        if token is None:
            side = sides.get(last, "") if sides.get(last) == sides.get(last + 1) else ""
            drawn.extend(replace(mark, classes=f"{mark.classes}{side}".strip()) for mark in between(span))
            continue
        last = token
        if token in sums:
            drawn.append(sums[token])
        score = float(panel.scores[token])
        step = palette.step(score, scale.limit)
        colour = f" p{step}" if step > 0 else f" n{-step}" if step < 0 else ""
        known = "" if panel.known[token] else " u"
        still = " still" if bands and bands[token].still else ""
        under, weight = weights.mark(token) if weights else ("", "")
        mixed = " iso" if is_mixed(span.text) else ""
        classes = f"t{colour}{known}{' j' if span.joined else ''}{still}{under}{mixed}{sides.get(token, '')}"
        words, style = (bands[token].words, _band_style(bands[token])) if bands else ("", "")
        drawn.append(Mark(safe_runs(span.text), classes, number(score, scale.limit), words, style, weight))
    return drawn


def between(span: Span) -> Iterator[Mark]:
    """What no token covers: white space, breaks written in HTML, and words that the model did not read."""
    for part in BREAK.split(span.text):
        if BREAK.fullmatch(part):
            yield Mark(safe_runs(part), "br")
        elif part:
            yield Mark(safe_runs(part), "" if span.read or part.isspace() else "x")


def _band_style(interval: Interval) -> str:
    """Where the band begins, crosses 0 and ends, and where the token's own score stands, from the top in percent."""
    top, own, bottom = (50 - 50 * interval.share(score) for score in (interval.high, interval.own, interval.low))
    return f"--a:{top:.0f}%;--z:{min(max(50.0, top), bottom):.0f}%;--b:{bottom:.0f}%;--s:{own:.0f}%"


def _passages(text: str | None, panel: TokenScores) -> dict[int, str]:
    """The class of each token in a passage that carries the score."""
    parts = passages(text, panel)
    return {
        token: " pf" if passage.total > 0 else " pa"
        for passage in parts
        for token in range(passage.first, passage.last + 1)
    }


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
    """The part of a text around its strongest words, coloured as the text is, cut between spans.

    A text without scores is shown from its beginning.
    """
    if panel is None:
        return [Mark(((shorten(text, EXCERPT), None),), "")] if text is not None else []
    whole = marks(text, panel, scales[id(panel)], full=False)
    lengths = [sum(len(characters) for characters, _ in mark.runs) for mark in whole]
    first = _window(whole, lengths, panel)
    cut: list[Mark] = [Mark((("… ", None),), "")] if first else []
    left = EXCERPT
    for mark, length in zip(whole[first:], lengths[first:], strict=True):
        mark = Mark(((" ", None),), "") if mark.classes == "br" else mark
        if length > left:
            shown = mark.runs[0][0][:left] if mark.runs[0][1] is None else ""
            return [*cut, replace(mark, runs=((shown, None),)), Mark((("…", None),), "")]
        cut.append(mark)
        left -= length
    return cut


def _window(whole: list[Mark], lengths: list[int], panel: TokenScores) -> int:
    """The mark with which the excerpt begins: of all stretches that fit, the one with the largest sum of |scores|.

    Only scores from a tenth of the largest on count, so that the strong words stand in its middle.
    """
    if sum(lengths) <= EXCERPT:
        return 0
    sizes = np.abs(panel.scores[panel.ends > panel.starts])
    scores = iter(np.where(sizes >= 0.1 * sizes.max(initial=0.0), sizes, 0.0).tolist())
    size_before = np.cumsum([0.0, *(next(scores) if mark.score else 0.0 for mark in whole)])
    before = np.cumsum([0, *lengths])
    # (N,) the first mark that no longer fits behind each
    ends = np.searchsorted(before, before[:-1] + EXCERPT, side="right") - 1
    first = int(np.argmax(np.round(size_before[ends] - size_before[:-1], 12)))
    last = int(np.searchsorted(size_before, size_before[ends[first]], side="left"))
    first = int(np.searchsorted(size_before, size_before[first], side="right")) - 1
    # what the first and the last of the strong words leave free is shared by both sides, in whole marks
    free = (EXCERPT - int(before[last] - before[first])) // 2
    first = int(np.searchsorted(before, before[first] - free, side="left"))
    while first < len(whole) - 1 and not whole[first].score:
        first += 1
    return first if before[first] > EXCERPT // 8 else 0
