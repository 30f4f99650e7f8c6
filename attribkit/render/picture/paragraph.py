"""The user's own text in a picture: colours, bands under the words, the sentences' sums in the margin."""

from collections.abc import Sequence

from attribkit.plurals import number_of
from attribkit.render.picture.canvas import MARGIN, Block, Canvas
from attribkit.render.picture.context import LINE, TEXT, DrawContext
from attribkit.render.picture.line_breaking import Line, turned, typeset
from attribkit.render.preparation import palette
from attribkit.render.preparation.intervals import Interval, intervals
from attribkit.render.preparation.scales import STRONG, Scale
from attribkit.render.preparation.sentences import limit, sentences
from attribkit.render.preparation.spans import Span, spans
from attribkit.render.preparation.unicode import is_right_to_left
from attribkit.results.panels import TokenScores

BAND = 19.0
"""Points that a line of text grows by where bands stand under the words."""

_HALF = 8.0
"""Half the height of a band's scale, in points."""


def paragraph(
    text: str | None, panel: TokenScores, scale: Scale, context: DrawContext, width: float | None = None
) -> tuple[Block, list[str]]:
    """The user's own text with its colours, and what must be said about the drawing."""
    fonts, width = context.fonts, context.inner if width is None else width
    lines = typeset(spans(text, panel), lambda part: fonts.width(part, TEXT), fonts.fit, width)
    bands = intervals(panel, scale)
    high = LINE + (BAND if bands else 0.0)
    most = max(1, int(context.lines * LINE / high))
    omissions = []
    if len(lines) > most:
        hidden = {span.token for line in lines[most:] for span in line if span.token is not None}
        omissions.append(
            f"the picture ends here: {number_of(len(hidden), 'more token is', 'more tokens are')} not drawn; the "
            "HTML shows them all"
        )
        lines = lines[:most]
    if turned(lines):
        omissions.append("right-to-left text is set word by word here; the HTML sets it fully")
    leftwards = text is not None and is_right_to_left(text)

    def draw(canvas: Canvas, top: float) -> None:
        _sums(canvas, panel, lines, top, high, width, leftwards)
        banded: set[int] = set()
        for index, line in enumerate(lines):
            _line(canvas, line, panel, scale, top + high * index)
            for span in line:
                # a token that is broken over lines has its band once
                if bands and span.token is not None and span.token not in banded:
                    banded.add(span.token)
                    _band(canvas, span, bands[span.token], top + high * index + LINE + 0.3)

    return Block(high * len(lines), draw), omissions


def _line(canvas: Canvas, line: Line, panel: TokenScores, scale: Scale, top: float) -> None:
    baseline = top + 0.71 * LINE
    for span in line:
        if span.token is not None:
            score = float(panel.scores[span.token])
            _tint(canvas, span.x + MARGIN, top, span.width, palette.step(score, scale.limit), span.joined, span.token)
    for span in line:
        x = span.x + MARGIN
        if span.token is not None and not panel.known[span.token]:
            canvas.line(x, baseline + 2.6, x + span.width, baseline + 2.6, canvas.inks.muted, 0.9, dotted=True)
        if not span.space:
            label = f"token {span.token}" if span.token is not None else ""
            canvas.text(x, baseline, span.text, TEXT, canvas.inks.ink if span.read else canvas.inks.muted, label=label)


def _tint(canvas: Canvas, x: float, top: float, width: float, step: int, joined: bool, token: int) -> None:
    """Colour, and from a quarter of the scale a bar: below for, above against."""
    if step == 0:
        return
    left = 0.0 if joined else 1.3
    box_top, height = top + 1.6, LINE - 3.6
    canvas.box(x - left, box_top, width + left + 1.3, height, canvas.inks.colour(step), 2.2, label=f"tint {token}")
    if abs(step) >= STRONG * palette.STEPS:
        thick = 1.6 if abs(step) >= 0.6 * palette.STEPS else 0.9
        y = box_top + height - thick if step > 0 else box_top
        strong = canvas.inks.towards if step > 0 else canvas.inks.against
        canvas.box(x - left, y, width + left + 1.3, thick, strong, label=f"bar {token}")


def _band(canvas: Canvas, span: Span, interval: Interval, top: float) -> None:
    """From the token's lowest to its highest score, upwards for, across a line at 0; a stroke at its own score."""
    if not interval.limit:
        return

    def y(score: float) -> float:
        return top + _HALF * (1 - interval.share(score))

    x, middle = span.x + MARGIN, span.x + MARGIN + span.width / 2
    canvas.line(x, y(0.0), x + span.width, y(0.0), canvas.inks.faint, 0.8)
    if interval.still:
        return
    for a, b, colour in (
        (max(interval.low, 0.0), interval.high, canvas.inks.towards),
        (interval.low, min(interval.high, 0.0), canvas.inks.against),
    ):
        if b > a:
            canvas.box(middle - 1.6, y(b), 3.2, max(0.8, y(a) - y(b)), colour, label=f"band {span.token}")
    canvas.box(middle - 3.4, y(interval.own) - 0.4, 6.8, 0.8, canvas.inks.ink, label=f"own {span.token}")


def _sums(
    canvas: Canvas, panel: TokenScores, lines: Sequence[Line], top: float, high: float, width: float, leftwards: bool
) -> None:
    """A bar in the margin for each sentence, as far down as it goes: to the right for, to the left against."""
    parts = sentences(panel)
    end = limit(parts)
    if not end:
        return
    places: dict[int, float] = {}
    for index, line in enumerate(lines):
        for span in line:
            if span.token is not None and span.token not in places:
                share = 1 - (span.x + span.width) / width if leftwards else span.x / width
                places[span.token] = top + high * (index + max(0.0, share))
    axis, half = MARGIN / 2 - 1, MARGIN / 2 - 4
    bottom = top + high * len(lines)
    canvas.line(axis, top, axis, bottom, canvas.inks.faint, 0.8)
    for number, sentence in enumerate(parts):
        if sentence.first not in places:
            continue
        y = places[sentence.first]
        below = places.get(sentence.last + 1, bottom)
        length = half * abs(sentence.total) / end
        colour = canvas.inks.towards if sentence.total > 0 else canvas.inks.against
        x = axis if sentence.total > 0 else axis - length
        canvas.box(x, y + 0.8, length, max(1.0, below - y - 1.6), colour, label=f"sentence {number}")
