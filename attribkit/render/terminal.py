"""A few coloured lines for a terminal, readable without colour and safe from control characters."""

from itertools import groupby

from rich.console import Group, RenderableType
from rich.style import Style
from rich.text import Text

from attribkit.panels import Chart, Drawable, Prediction, TokenScores
from attribkit.render import palette
from attribkit.render.facts import agreement, equation, icon, quoted, remarks, tokens_read
from attribkit.render.layout import (
    STRONG,
    Piece,
    Scale,
    number,
    percent,
    pieces,
    position,
    scales,
    shorten,
    strongest,
    visible,
    words,
)

LONGEST = 20_000
"""Characters of a text that are printed; a longer one says where it ends."""

# a terminal's paper is unknown: these carry 4.5 : 1 on black and on white alike, which the tests measure
_MIDDLE = 0.57
_AGAINST = palette.from_oklab(palette.polar(_MIDDLE, 0.11, palette.BLUE))
_TOWARDS = palette.from_oklab(palette.polar(_MIDDLE, 0.11, palette.ORANGE))
_GOOD = palette.from_oklab(palette.polar(_MIDDLE, 0.09, 165.0))
_BAD = palette.from_oklab(palette.polar(_MIDDLE, 0.12, 30.0))

_WEAK = 0.08
"""The share of the scale below which a token keeps the terminal's own colour."""


def renderable(explanation: Drawable) -> RenderableType:
    """What `rich` prints: the prediction, the text with its colours, the strongest words, the verdict."""
    found = scales([explanation])
    parts: list[RenderableType] = []
    if explanation.prediction is not None:
        parts.append(_headline(explanation.prediction))
    if explanation.text is not None and not any(isinstance(p, TokenScores) for p in explanation.panels):
        parts.append(Text(visible(explanation.text[:LONGEST])))
    for panel in explanation.panels:
        if isinstance(panel, Chart):
            parts += _chart(panel)
        else:
            parts += _tokens(explanation.text, panel, found[id(panel)])
    return Group(*parts)


def _headline(prediction: Prediction) -> Text:
    line = Text()
    line.append(visible(prediction.label, one_line=True), Style(bold=True))
    line.append(f" {percent(prediction.probability)}")
    said = agreement(prediction)
    if said:
        line.append(f"  {said}", Style(color=_GOOD if prediction.true_label == prediction.label else _BAD))
    return line


def style(score: float, limit: float) -> Style:
    """How strong a token is: colour, then an underline for or an overline against, then reversed and bold."""
    share = abs(score) / limit if limit else 0.0
    if share < _WEAK:
        return Style()
    towards = score > 0
    return Style(
        color=_TOWARDS if towards else _AGAINST,
        underline=True if towards and share >= STRONG else None,
        overline=True if not towards and share >= STRONG else None,
        bold=True if share >= 0.6 else None,
        reverse=True if share >= 0.6 else None,
    )


def _tokens(text: str | None, panel: TokenScores, scale: Scale) -> list[RenderableType]:
    line, shown = Text(), 0
    for piece in pieces(text, panel):
        if shown > LONGEST:
            line.append(" … (the text goes on; the HTML shows all of it)", Style(dim=True))
            break
        shown += len(piece.text)
        line.append(visible(piece.text[:LONGEST]), _piece_style(piece, panel, scale))
    facts = f"target {quoted(panel.target)} · {panel.unit} · baseline {visible(panel.baseline, True)} · {panel.method}"
    steps = f", {panel.steps:,} steps" if panel.steps else ""
    failed = panel.converged is False
    verdict = Text(f"{icon(panel)} {panel.verdict}", Style(color=_BAD, bold=True) if failed else Style())
    parts: list[RenderableType] = [line, *_strongest(text, panel, scale), verdict]
    parts.append(Text(equation(panel), Style(dim=True)))
    parts.append(Text(f"{facts}{steps} · tokens read: {tokens_read(panel)}", Style(dim=True)))
    parts += [Text(f"– {remark}", Style(dim=True)) for remark in remarks(panel, scale)]
    return parts


def _piece_style(piece: Piece, panel: TokenScores, scale: Scale) -> Style:
    if piece.token is None:
        return Style() if piece.read else Style(dim=True)
    return style(float(panel.scores[piece.token]), scale.limit)


def _strongest(text: str | None, panel: TokenScores, scale: Scale) -> list[Text]:
    """The words that decided, with their numbers: what a terminal without colour still shows."""
    written = words(text, panel)
    lines = []
    for name, chosen, colour in zip(("for", "against"), strongest(panel, 4), (_TOWARDS, _AGAINST), strict=True):
        if not chosen:
            continue
        named = (f"{shorten(written[i], 24)} {number(float(panel.scores[i]), scale.limit)}" for i in chosen)
        line = Text(f"{name:>7} ", Style(color=colour))
        line.append(" · ".join(named))
        lines.append(line)
    return lines


def _chart(chart: Chart) -> list[RenderableType]:
    """The last value of each line, and where the marks stand."""
    lines = [Text(visible(chart.title, one_line=True), Style(bold=True))]
    for series in chart.series:
        last = number(float(series.y[-1]), sign=False) if len(series.y) else "empty"
        lines.append(Text(f"  {visible(series.name, True)}: ends at {last} ({visible(chart.y_label, True)})"))
    for name, group in groupby(chart.marks, key=lambda mark: mark[0]):
        places = ", ".join(position(x) for _, x in group)
        lines.append(Text(f"  {visible(name, True)}: {visible(chart.x_label, True)} {places}"))
    return list(lines)
