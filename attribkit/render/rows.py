"""The blocks of a picture of token scores, from top to bottom."""

from collections.abc import Sequence
from dataclasses import dataclass

from attribkit.panels import Drawable, Prediction, TokenScores
from attribkit.render import palette
from attribkit.render.facts import agreement, bars, equation, icon, quoted, remarks, tokens_read
from attribkit.render.fonts import Letters
from attribkit.render.layout import STRONG, Scale, number, percent, pieces, shorten, strongest, visible, words
from attribkit.render.lines import Line, turned, typeset
from attribkit.render.sheet import Block, Sheet, gap

WIDTH = 560.0
MARGIN = 30.0
INNER = WIDTH - 2 * MARGIN
SIDE = 128.0
"""The width of the column with the prediction, where several texts stand in rows."""

TEXT, SMALL, NOTE = 11.5, 8.0, 7.5
LINE = 21.0
BARS = 10

INKS = palette.LIGHT


@dataclass(frozen=True)
class Room:
    """What a picture has to draw with: its fonts, and how many lines of one text it may hold."""

    letters: Letters
    lines: int


def prose(
    text: str, room: Room, size: float = SMALL, width: float = INNER, x: float = MARGIN, colour: str = ""
) -> Block:
    """A sentence of ours, broken into lines."""
    letters = room.letters
    from_words = visible(text, one_line=True).split(" ")
    lines: list[str] = [""]
    for word in from_words:
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and letters.width(letters.fit(longer), size) > width:
            lines.append(word)
        else:
            lines[-1] = longer

    def draw(sheet: Sheet, top: float) -> None:
        for index, line in enumerate(lines):
            sheet.text(x, top + size * (1.1 + 1.5 * index), clip(line, room, size, width), size, colour or INKS.muted)

    return Block(1.5 * size * len(lines) + 1, draw)


def clip(text: str, room: Room, size: float, width: float, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it is wider than `width` points."""
    shown = room.letters.fit(visible(text, one_line=True))
    if room.letters.width(shown, size, bold) <= width:
        return shown
    # a character is at least a tenth of its size wide, so a longer head cannot fit
    shown = shown[: int(10 * width / size) + 1]
    while shown and room.letters.width(shown + "…", size, bold) > width:
        shown = shown[:-1]
    return shown + "…"


def chances(prediction: Prediction, room: Room, sheet: Sheet, x: float, top: float, width: float) -> float:
    """Draw a bar for each label and return the height used."""
    shown, rest = bars(prediction)
    widest = max(room.letters.width(room.letters.fit(visible(name, True)), SMALL, True) for name, _ in shown)
    names = min(0.45 * width, widest)
    for index, (label, probability) in enumerate(shown):
        chosen = label == prediction.label
        y = top + 13 * index
        colour = INKS.ink if chosen else INKS.muted
        sheet.text(x, y + 8, clip(label, room, SMALL, names, bold=chosen), SMALL, colour, bold=chosen)
        track = width - names - 46
        sheet.box(
            x + names + 8, y + 2.6, max(1.0, track * probability), 5, colour, 1.5, label=f"probability of {label}"
        )
        sheet.text(x + width, y + 8, percent(probability), SMALL, colour, bold=chosen, align="right")
    used = 13.0 * len(shown)
    if rest:
        sheet.text(x, top + used + 8, rest, NOTE, INKS.muted)
        used += 13
    return used


def header(prediction: Prediction, room: Room, model: object = None) -> Block:
    """The prediction in large letters, the probabilities beside it."""
    said = agreement(prediction)
    shown, rest = bars(prediction)
    width = 200.0

    def draw(sheet: Sheet, top: float) -> None:
        by = "Predicted" if model is None else f"Predicted by {model}"
        sheet.text(MARGIN, top + 7, clip(by, room, SMALL, INNER - width), SMALL, INKS.muted)
        label = clip(prediction.label, room, 15, INNER - width - 100, bold=True)
        end = MARGIN + sheet.text(MARGIN, top + 25, label, 15, INKS.ink, bold=True)
        sheet.text(end + 7, top + 25, percent(prediction.probability), 15, INKS.muted)
        if said:
            right = prediction.true_label == prediction.label
            sheet.text(
                MARGIN, top + 39, clip(said, room, SMALL, INNER - width - 10), SMALL, INKS.good if right else INKS.bad
            )
        chances(prediction, room, sheet, WIDTH - MARGIN - width, top, width)

    return Block(max(44.0 if said else 30.0, 13.0 * (len(shown) + bool(rest))) + 8, draw)


def paragraph(
    text: str | None, panel: TokenScores, scale: Scale, room: Room, width: float = INNER
) -> tuple[Block, list[str]]:
    """The user's own text with its colours, and what must be confessed about the drawing."""
    letters = room.letters
    lines = typeset(pieces(text, panel), lambda part: letters.width(part, TEXT), letters.fit, width)
    confessions = []
    if len(lines) > room.lines:
        hidden = {chunk.token for line in lines[room.lines :] for chunk in line if chunk.token is not None}
        confessions.append(f"the picture ends here: {len(hidden):,} more tokens are not drawn; the HTML shows them all")
        lines = lines[: room.lines]
    if turned(lines):
        confessions.append("right-to-left text is set word by word here; the HTML sets it fully")

    def draw(sheet: Sheet, top: float) -> None:
        for index, line in enumerate(lines):
            _line(sheet, line, panel, scale, top + LINE * index)

    return Block(LINE * len(lines), draw), confessions


def _line(sheet: Sheet, line: Line, panel: TokenScores, scale: Scale, top: float) -> None:
    baseline = top + 0.71 * LINE
    for chunk in line:
        if chunk.token is not None:
            score = float(panel.scores[chunk.token])
            _tint(
                sheet, chunk.x + MARGIN, top, chunk.width, palette.step(score, scale.limit), chunk.joined, chunk.token
            )
    for chunk in line:
        x = chunk.x + MARGIN
        if chunk.token is not None and not panel.known[chunk.token]:
            sheet.line(x, baseline + 2.6, x + chunk.width, baseline + 2.6, INKS.muted, 0.9, dotted=True)
        if not chunk.space:
            label = f"token {chunk.token}" if chunk.token is not None else ""
            sheet.text(x, baseline, chunk.text, TEXT, INKS.ink if chunk.read else INKS.muted, label=label)


def _tint(sheet: Sheet, x: float, top: float, width: float, step: int, joined: bool, token: int) -> None:
    """Colour, and from a quarter of the scale a bar: below for, above against."""
    if step == 0:
        return
    left = 0.0 if joined else 1.3
    box_top, height = top + 1.6, LINE - 3.6
    sheet.box(x - left, box_top, width + left + 1.3, height, INKS.colour(step), 2.2, label=f"tint {token}")
    if abs(step) >= STRONG * palette.STEPS:
        thick = 1.6 if abs(step) >= 0.6 * palette.STEPS else 0.9
        y = box_top + height - thick if step > 0 else box_top
        strong = INKS.towards if step > 0 else INKS.against
        sheet.box(x - left, y, width + left + 1.3, thick, strong, label=f"bar {token}")


def legend(aim: str, unit: str, scale: Scale, cues: Sequence[str], room: Room, own: bool = False) -> Block:
    """The scale with its numbers, and what the marks mean; `own`: every row has its own numbers."""
    width = 196.0

    def draw(sheet: Sheet, top: float) -> None:
        if not scale.limit:
            sheet.text(MARGIN, top + 8, "Nothing to colour: every score is 0.", SMALL, INKS.muted)
            return
        half = width / 2 - 6
        sheet.text(MARGIN, top + 8, clip(f"against {aim}", room, SMALL, half), SMALL, INKS.muted)
        sheet.text(MARGIN + width, top + 8, clip(f"for {aim}", room, SMALL, half), SMALL, INKS.muted, align="right")
        cell = width / (2 * palette.STEPS + 1)
        for index, colour in enumerate(INKS.ramp):
            sheet.box(MARGIN + index * cell, top + 12, cell + (0.4 if index < 2 * palette.STEPS else 0), 7, colour)
        for x, value, align in ((0.0, -scale.limit, "left"), (width / 2, 0.0, "center"), (width, scale.limit, "right")):
            shown = number(value, scale.limit) if value else "0"
            if own and value:
                shown = "−row’s scale" if value < 0 else "+row’s scale"
            sheet.text(MARGIN + x, top + 29, shown, SMALL, INKS.muted, align=align)
        sheet.text(MARGIN + width / 2, top + 40, unit, SMALL, INKS.muted, align="center")
        for row, cue in enumerate(cues):
            _cue(sheet, cue, MARGIN + width + 34, top + 13.5 * row)

    return Block(max(44.0, 13.5 * len(cues) + 2) if scale.limit else 14.0, draw)


def _cue(sheet: Sheet, cue: str, x: float, top: float) -> None:
    if cue in ("for", "against"):
        sign = 1 if cue == "for" else -1
        sheet.box(x, top, 26, 10, INKS.colour(9 * sign), 1.5)
        sheet.box(x, top + 8.7 if sign > 0 else top, 26, 1.3, INKS.towards if sign > 0 else INKS.against)
        text = "bar below: speaks for it" if sign > 0 else "bar above: speaks against it"
    elif cue == "unknown":
        sheet.line(x, top + 9, x + 26, top + 9, INKS.muted, 0.9, dotted=True)
        text = "dotted: a word the model does not know"
    elif cue == "unread":
        sheet.text(x + 13, top + 8, "grey", SMALL, INKS.muted, align="center")
        text = "not read by the model"
    else:
        sheet.text(x, top + 8, cue, SMALL, INKS.muted)
        return
    sheet.text(x + 33, top + 8, text, SMALL, INKS.muted)


def cues(text: str | None, panel: TokenScores) -> list[str]:
    """The marks that a panel's drawing uses, in the legend's order."""
    found = ["for", "against"]
    if not panel.known.all():
        found.append("unknown")
    if any(not piece.read for piece in pieces(text, panel)):
        found.append("unread")
    return found


def verdict(panel: TokenScores, room: Room, size: float = 9.5) -> Block:
    """The sign and the sentence on completeness."""
    colour = {"✓": INKS.good, "!": INKS.bad, "–": INKS.muted}[icon(panel)]
    failed = panel.converged is False

    def draw(sheet: Sheet, top: float) -> None:
        side = 1.25 * size
        sheet.box(MARGIN, top + 0.1 * size, side, side, colour, 2 if failed else side / 2)
        middle = MARGIN + side / 2
        sheet.text(middle, top + 1.08 * size, icon(panel), 0.85 * size, INKS.paper, bold=True, align="center")
        said = clip(panel.verdict, room, size, INNER - 1.8 * size, bold=failed)
        sheet.text(MARGIN + 1.8 * size, top + 1.1 * size, said, size, INKS.bad if failed else INKS.ink, bold=failed)

    return Block(1.7 * size, draw)


def strongest_bars(text: str | None, panel: TokenScores, scale: Scale, room: Room) -> Block:
    """A bar with its number for each token of a short text, or for the strongest of a longer one."""
    written = words(text, panel)
    towards, against = strongest(panel, BARS // 2)
    every = len(panel.tokens) <= BARS
    chosen = list(range(len(panel.tokens))) if every else [*towards, *reversed(against)]
    title = "Every token, in reading order" if every else "The strongest tokens for and against"

    def draw(sheet: Sheet, top: float) -> None:
        sheet.text(MARGIN, top + 8, title, SMALL, INKS.muted)
        shown = [clip(shorten(written[index], 40), room, 9, 120) for index in chosen]
        axis = MARGIN + max(room.letters.width(word, 9) for word in shown) + 100
        sheet.line(axis, top + 13, axis, top + 15 + 14 * len(chosen), INKS.faint, 0.8)
        for row, (index, word) in enumerate(zip(chosen, shown, strict=True)):
            score = float(panel.scores[index])
            y = top + 15 + 14 * row
            sheet.text(MARGIN, y + 10, word, 9, INKS.ink)
            length = 84 * abs(score) / scale.limit if scale.limit else 0.0
            colour = INKS.towards if score > 0 else INKS.against
            sheet.box(axis if score > 0 else axis - length, y + 3.4, length, 7.4, colour, 1.2, label=f"score {index}")
            sheet.text(axis + 128, y + 10, number(score, scale.limit), 9, INKS.ink, align="right")

    return Block(19 + 14.0 * len(chosen), draw) if chosen else gap(0)


def settings(panel: TokenScores, target: bool = True) -> str:
    """The facts in one sentence."""
    steps = f", {panel.steps:,} steps" if panel.steps else ""
    about = f"target {quoted(panel.target)} · " if target else ""
    return f"{about}unit {panel.unit} · baseline {visible(panel.baseline, True)} · {panel.method}{steps}"


def panel_blocks(text: str | None, panel: TokenScores, scale: Scale, room: Room) -> list[Block]:
    """One panel in full: text, legend, verdict, facts, bars, remarks."""
    body, confessions = paragraph(text, panel, scale, room)
    blocks = [body, gap(10), legend(quoted(panel.target), panel.unit, scale, cues(text, panel), room), gap(10)]
    blocks += [rule(), gap(9), verdict(panel, room), gap(2), prose(equation(panel), room)]
    blocks += [prose(f"{settings(panel)} · tokens read: {tokens_read(panel)}", room)]
    blocks += [prose(f"– {remark}", room) for remark in [*confessions, *remarks(panel, scale)]]
    return [*blocks, gap(11), strongest_bars(text, panel, scale, room)]


def rule() -> Block:
    """A hairline over the whole width."""
    return Block(1, lambda sheet, top: sheet.line(MARGIN, top, WIDTH - MARGIN, top, INKS.faint, 0.7))


def beside(left: Sequence[Block], right: Block) -> Block:
    """Blocks under each other, and another one beside them on the right."""

    def draw(sheet: Sheet, top: float) -> None:
        right.draw(sheet, top)
        for block in left:
            block.draw(sheet, top)
            top += block.height

    return Block(max(sum(block.height for block in left), right.height), draw)


def row(explanation: Drawable, panel: TokenScores, scale: Scale, room: Room, alone: bool, full: bool) -> Block:
    """One of several texts: its colours, its strongest words, its verdict; the prediction beside it.

    Args:
        explanation: whose text and prediction are drawn.
        panel: its scores.
        scale: the colours' range.
        room: fonts and space.
        alone: whether the row has a scale of its own and must state it.
        full: whether the row's settings differ from the others' and must be stated.
    """
    width = INNER - SIDE - 24
    body, confessions = paragraph(explanation.text, panel, scale, room, width)
    written = words(explanation.text, panel)
    towards, against = strongest(panel, 3)
    top_words = sorted({*towards, *against}, key=lambda i: -abs(panel.scores[i]))[:4]
    named = " · ".join(f"{shorten(written[i], 24)} {number(float(panel.scores[i]), scale.limit)}" for i in top_words)
    left = [body, gap(2)]
    if named:
        left.append(prose(named, room, NOTE, width))
    left.append(gap(1))
    left.append(verdict(panel, room, NOTE))
    prediction = explanation.prediction
    if prediction is None or panel.target != prediction.label:
        left.append(prose(f"target {quoted(panel.target)}", room, NOTE, width))
    said = [settings(panel, target=False)] if full else []
    said += [f"scale ±{number(scale.limit, sign=False)} {panel.unit}"] if alone else []
    notes = [note for note in remarks(panel, Scale(scale.limit, 1))]
    notes += [f"tokens read: {tokens_read(panel)}"] if panel.truncated else []
    left += [prose(note, room, NOTE, width) for note in [*said, *confessions, *notes]]
    return beside(left, side(prediction, room))


def side(prediction: Prediction | None, room: Room) -> Block:
    """The prediction as a narrow column."""
    x = WIDTH - MARGIN - SIDE

    def draw(sheet: Sheet, top: float) -> None:
        if prediction is None:
            return
        sheet.text(x, top + 14, clip(prediction.label, room, 9, SIDE - 40, bold=True), 9, INKS.ink, bold=True)
        sheet.text(x + SIDE, top + 14, percent(prediction.probability), 9, INKS.muted, align="right")
        sheet.box(x, top + 20, SIDE, 4.5, INKS.faint, 2)
        sheet.box(x, top + 20, max(1.0, SIDE * prediction.probability), 4.5, INKS.muted, 2)
        if prediction.true_label is not None:
            right = prediction.true_label == prediction.label
            said = "✓ right" if right else f"✗ wrong: {prediction.true_label}"
            sheet.text(x, top + 35, clip(said, room, SMALL, SIDE), SMALL, INKS.good if right else INKS.bad)

    return Block(38 if prediction is not None and prediction.true_label is not None else 28, draw)
