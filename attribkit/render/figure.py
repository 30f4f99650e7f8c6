"""Pictures as PNG, SVG and PDF: texts wrapped in reading order, charts with their lines named, no pyplot state."""

from collections.abc import Iterator, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from attribkit.panels import Chart, Drawable, TokenScores
from attribkit.render.chart import apart, axes
from attribkit.render.facts import quoted
from attribkit.render.fonts import MISSING, Letters
from attribkit.render.layout import number, percent, scales, visible
from attribkit.render.rows import (
    INKS,
    INNER,
    LINE,
    MARGIN,
    SMALL,
    WIDTH,
    Room,
    clip,
    cues,
    header,
    legend,
    panel_blocks,
    prose,
    row,
    rule,
    settings,
)
from attribkit.render.sheet import Block, Sheet, gap, steady, write

FORMATS = ("png", "svg", "pdf")

TALLEST = 7200.0
"""Points: 100 inches. A longer picture says what it leaves out."""

PIXELS, AREA = 60_000, 100_000_000
"""The most pixels on the longer side, below what Agg can draw, and in all, so that a picture fits in memory."""

ROW_LINES = 40
"""Lines of each text where several stand in rows."""

_AROUND = 700.0
"""Points kept for everything but the text when one text is drawn."""

_DASHES = ("-", (0, (5, 2.5)), (0, (1, 1.8)), "-", (0, (5, 2.5)), (0, (1, 1.8)))


def image(explanations: Sequence[Drawable], format: str, dpi: int = 150) -> bytes:
    """The picture as the bytes of a file, the same bytes for the same explanations.

    Args:
        explanations: at least one; several stand in rows.
        format: "png", "svg" or "pdf".
        dpi: pixels per inch, 20 to 1200.

    Raises:
        ValueError: for another format or dpi, or no explanation.
    """
    if format not in FORMATS:
        raise ValueError(f"`format` must be one of {', '.join(FORMATS)}, got {format!r}")
    return write(figure(explanations, dpi), format, _description(explanations))


def figure(explanations: Sequence[Drawable], dpi: int = 150) -> Figure:
    """The picture as a matplotlib figure of its own, unknown to pyplot.

    Raises:
        ValueError: for a dpi outside 20 to 1200, or no explanation.
    """
    if not len(explanations):
        raise ValueError("there must be at least one explanation to draw, got an empty list")
    if not 20 <= dpi <= 1200:
        raise ValueError(f"`dpi` must lie between 20 and 1200, got {dpi}")
    tallest = min(TALLEST, 72 * PIXELS / dpi, 72 * AREA / (WIDTH / 72 * dpi * dpi))
    texts = list(_texts(explanations))
    letters = Letters(texts)
    several = len(explanations) > 1
    lines = max(10, int((tallest - _AROUND) / LINE))
    room = Room(letters, min(lines, ROW_LINES) if several else lines)
    with steady():
        blocks = _in_rows(explanations, room, tallest) if several else _in_full(explanations[0], room, tallest)
        absent = sum(text.count(character) for text in texts for character in letters.missing)
        if absent:
            blocks.append(prose(f"– {absent:,} characters have no glyph here and are shown as {MISSING}", room))
        height = sum(block.height for block in blocks) + 2 * MARGIN
        sheet = Sheet(WIDTH, height, letters, INKS.paper, dpi)
        top = MARGIN
        for block in blocks:
            block.draw(sheet, top)
            top += block.height
    return sheet.figure


def _texts(explanations: Sequence[Drawable]) -> Iterator[str]:
    """Everything a user wrote that the picture may show: the fonts are chosen for it."""
    for explanation in explanations:
        if explanation.text is not None:
            yield visible(explanation.text)
        if explanation.prediction is not None:
            yield from (visible(label) for label in explanation.prediction.labels)
            yield visible(explanation.prediction.true_label or "")
            yield visible(str(explanation.provenance.get("model", "")))
        for panel in explanation.panels:
            if isinstance(panel, Chart):
                yield from (visible(t) for t in (panel.title, panel.x_label, panel.y_label))
                yield from (visible(series.name) for series in panel.series)
                yield from (visible(name) for name, _ in panel.marks)
            else:
                yield from (visible(t) for t in (panel.target, panel.unit, panel.method, panel.baseline, *panel.notes))
                if explanation.text is None or (panel.starts == panel.ends).any():
                    yield from (visible(token) for token in panel.tokens)


def _in_full(explanation: Drawable, room: Room, tallest: float) -> list[Block]:
    found = scales([explanation])
    blocks = (
        [header(explanation.prediction, room, explanation.provenance.get("model")), gap(8)]
        if explanation.prediction is not None
        else []
    )
    groups = []
    for panel in explanation.panels:
        if isinstance(panel, Chart):
            groups.append([_chart(panel, room)])
        else:
            groups.append(panel_blocks(explanation.text, panel, found[id(panel)], room))
    if not groups and explanation.text is not None:
        groups.append([prose(explanation.text, room, 10.0, colour=INKS.ink)])
    return blocks + _within(groups, room, tallest, "panels")


def _in_rows(explanations: Sequence[Drawable], room: Room, tallest: float) -> list[Block]:
    found = scales(explanations)
    pairs = [(e, p) for e in explanations for p in e.panels if isinstance(p, TokenScores)]
    together = all(found[id(panel)].shared == len(pairs) for _, panel in pairs)
    alike = len({settings(panel, target=False) for _, panel in pairs}) == 1
    groups: list[list[Block]] = []
    for explanation in explanations:
        for panel in explanation.panels:
            if isinstance(panel, Chart):
                groups.append([_chart(panel, room), gap(6)])
            else:
                scale = found[id(panel)]
                groups.append([row(explanation, panel, scale, room, not together, not alike), gap(8), rule(), gap(8)])
    if not pairs:
        return _within(groups, room, tallest, "panels")
    first = pairs[0][1]
    used = list(dict.fromkeys(cue for explanation, panel in pairs for cue in cues(explanation.text, panel)))
    used.append("one scale for all rows: paler is weaker" if together else "each row has a scale of its own")
    same = len({panel.target for _, panel in pairs}) == 1
    aim = quoted(first.target) if same else "its label"
    widest = max((found[id(panel)] for _, panel in pairs), key=lambda scale: scale.limit)
    foot = [gap(3), legend(aim, first.unit if alike else "", widest, used, room, own=not together), gap(6)]
    if alike:
        foot.append(prose(settings(first, target=same), room))
    return _within(groups, room, tallest, "rows") + foot


def _within(groups: Sequence[Sequence[Block]], room: Room, tallest: float, what: str) -> list[Block]:
    """The groups of blocks that fit in the tallest picture, and a sentence on those that do not."""
    kept: list[Block] = []
    left = tallest - 300
    for number_kept, group in enumerate(groups):
        left -= sum(block.height for block in group)
        if left < 0 and kept:
            rest = len(groups) - number_kept
            kept.append(
                prose(f"The picture ends here: {rest:,} more {what} are not drawn; the HTML shows all.", room, 9.0)
            )
            break
        if kept and what == "panels":
            kept.append(gap(18))
        kept.extend(group)
    return kept


def _description(explanations: Sequence[Drawable]) -> str:
    """The picture in words, for its metadata: predictions and verdicts."""
    said = []
    for explanation in explanations[:20]:
        if explanation.prediction is not None:
            label, p = explanation.prediction.label, explanation.prediction.probability
            said.append(f"predicted {quoted(label)} ({percent(p)})")
        for panel in explanation.panels:
            if isinstance(panel, Chart):
                said.append(f"chart: {visible(panel.title, one_line=True)}")
            else:
                said.append(f"token scores for {quoted(panel.target)} in {panel.unit}, {panel.verdict}")
    more = len(explanations) - 20
    return "; ".join(said) + (f"; and {more} more explanations" if more > 0 else "")


def _chart(chart: Chart, room: Room) -> Block:
    """Lines over round axes, each named at its end."""
    horizontal, vertical = axes(chart)
    left, right, high = MARGIN + 34.0, WIDTH - MARGIN - 110.0, 190.0
    head = 44.0 + (10 if chart.marks else 0)

    def draw(sheet: Sheet, top: float) -> None:
        sheet.text(MARGIN, top + 12, clip(chart.title, room, 12, INNER, bold=True), 12, INKS.ink, bold=True)
        sheet.text(MARGIN, top + 28, clip(chart.y_label, room, SMALL, INNER), SMALL, INKS.muted)
        top += head
        for tick in vertical.ticks:
            y = top + high * (1 - vertical.share(tick))
            sheet.line(left, y, right, y, INKS.faint, 0.7)
            sheet.text(left - 6, y + 2.8, vertical.label(tick), SMALL, INKS.muted, align="right")
        for tick in horizontal.ticks:
            x = left + (right - left) * horizontal.share(tick)
            sheet.text(x, top + high + 13, horizontal.label(tick), SMALL, INKS.muted, align="center")
        sheet.line(left, top + high, right, top + high, INKS.muted, 0.8)
        for name, place in chart.marks:
            x = left + (right - left) * horizontal.share(place)
            sheet.line(x, top - 3, x, top + high, INKS.muted, 0.8, dotted=True)
            align = (
                "right" if horizontal.share(place) > 0.85 else "left" if horizontal.share(place) < 0.15 else "center"
            )
            sheet.text(x, top - 7, clip(name, room, SMALL, 150), SMALL, INKS.muted, align=align)
        middle = (left + right) / 2
        sheet.text(middle, top + high + 27, clip(chart.x_label, room, SMALL, INNER), SMALL, INKS.muted, align="center")
        plot = sheet.axes(left, top, right - left, high)
        plot.set_xlim(horizontal.low, horizontal.high)
        plot.set_ylim(vertical.low, vertical.high)
        _lines(sheet, chart, room, plot, right, top, high)

    return Block(head + high + 36, draw)


def _lines(sheet: Sheet, chart: Chart, room: Room, plot: Axes, right: float, top: float, high: float) -> None:
    _, vertical = axes(chart)
    drawn = [series for series in chart.series if len(series.x)]
    places = apart([1 - vertical.share(float(series.y[-1])) for series in drawn], 12 / high)
    for index, (series, place) in enumerate(zip(drawn, places, strict=True)):
        colour = INKS.lines[index % len(INKS.lines)]
        dots = len(series.x) <= 60
        plot.plot(
            series.x,
            series.y,
            color=colour,
            linewidth=1.4,
            linestyle=_DASHES[index % len(_DASHES)],
            marker="o" if dots else "",
            markersize=3.2,
            markeredgewidth=0,
            clip_on=False,
            label=f"series {index}",
        )
        y = top + high * place + 3
        last = number(float(series.y[-1]), sign=False)
        name = clip(series.name, room, SMALL, 100 - room.letters.width(last, SMALL), bold=True)
        end = right + 9 + sheet.text(right + 9, y, name, SMALL, colour, bold=True)
        sheet.text(end + 4, y, last, SMALL, colour)
