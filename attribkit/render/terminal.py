"""A few coloured lines for a terminal, readable without colour and safe from control characters."""

import sys
from collections.abc import Callable
from io import StringIO
from itertools import groupby
from typing import Any

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.style import Style
from rich.text import Text

from attribkit.plurals import number_of
from attribkit.render.preparation import attention_heads as heads
from attribkit.render.preparation import confusion
from attribkit.render.preparation import heatmap as shared
from attribkit.render.preparation import pairs as together
from attribkit.render.preparation.captions import Tone, caveats, chosen_by, equation, sides, tokens_read, verdict_of
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.intervals import intervals
from attribkit.render.preparation.numbers import number, position
from attribkit.render.preparation.prediction import agreement, detail, headline
from attribkit.render.preparation.ranking import largest, likeliest_first, separate, strongest
from attribkit.render.preparation.scales import Scale, scales
from attribkit.render.preparation.scatter_text import drawn, mixed
from attribkit.render.preparation.sentences import sentences
from attribkit.render.preparation.spans import Span, spans, text_between, words
from attribkit.render.preparation.unicode import quoted, shorten, visible
from attribkit.render.terminal_columns import TerminalColumns
from attribkit.render.terminal_style import AGAINST, BAD, GOOD, TOWARDS, style
from attribkit.render.terminal_table import ROWS, TerminalTable
from attribkit.results.panels import (
    AttentionHeads,
    Chart,
    ConfusionMatrix,
    Drawable,
    Heatmap,
    Pairs,
    Prediction,
    Scatter,
    Table,
    TokenScores,
)

WIDTH = 100
"""Cells of a line of what is no terminal, such as a file."""

LONGEST = 20_000
"""Characters of a text that are printed; a longer one says where it ends."""

_OUTCOME = {True: Style(color=GOOD), False: Style(color=BAD), None: Style(dim=True)}


def printed(explanation: Drawable) -> str:
    """What `print` writes: coloured where it goes to a terminal, plain where it is read by anything else."""
    colours = sys.stdout is not None and sys.stdout.isatty()
    console = Console(file=StringIO(), force_terminal=colours, width=None if colours else WIDTH)
    with console.capture() as captured:
        console.print(renderable(explanation))
    return captured.get().rstrip("\n")


def renderable(explanation: Drawable) -> RenderableType:
    """What `rich` prints: the prediction, the text with its colours, the strongest words, the verdict."""
    context = PanelContext(explanation.text, explanation.prediction, scales([explanation]))
    parts: list[RenderableType] = []
    if explanation.prediction is not None:
        parts.append(_headline(explanation.prediction))
    if explanation.text is not None and not any(isinstance(p, TokenScores) for p in explanation.panels()):
        parts.append(Text(visible(explanation.text[:LONGEST])))
    for panel in likeliest_first(explanation.panels(), explanation.prediction):
        parts += _DRAW[panel.kind](panel, context)
    return Group(*parts)


def _headline(prediction: Prediction) -> Text:
    line = Text()
    line.append(visible(headline(prediction), one_line=True), Style(bold=True))
    line.append(f" {visible(detail(prediction), one_line=True)}")
    outcome = agreement(prediction)
    if outcome:
        line.append(f"  {outcome}", _OUTCOME[prediction.right])
    return line


def _tokens(panel: TokenScores, context: PanelContext) -> list[RenderableType]:
    text, scale = context.text, context.scales[id(panel)]
    line, shown = Text(), 0
    for span in spans(text, panel):
        if shown > LONGEST:
            line.append(" … (the text goes on; the HTML shows all of it)", Style(dim=True))
            break
        shown += len(span.text)
        line.append(visible(span.text[:LONGEST]), _span_style(span, panel, scale))
    captions = (
        f"target {quoted(panel.target)} · {panel.unit} · baseline {visible(panel.baseline, True)} · {panel.method}"
    )
    steps = f", {number_of(panel.steps, 'step')}" if panel.steps else ""
    trust = verdict_of(panel)
    verdict = Text(f"{trust.icon} {trust.words}", Style(color=BAD, bold=True) if trust.tone is Tone.bad else Style())
    parts: list[RenderableType] = [line, *_strongest(text, panel, scale), verdict]
    parts.append(Text(equation(panel), Style(dim=True)))
    parts.append(Text(f"{captions}{steps} · tokens read: {tokens_read(panel)}", Style(dim=True)))
    parts += [Text(f"– {caveat}", Style(dim=True)) for caveat in caveats(panel, scale)]
    return parts


def _span_style(span: Span, panel: TokenScores, scale: Scale) -> Style:
    if span.token is None:
        return Style() if span.read else Style(dim=True)
    return style(float(panel.scores[span.token]), scale.limit)


def _strongest(text: str | None, panel: TokenScores, scale: Scale) -> list[Text]:
    """The strongest words with their numbers, readable without colour."""
    written = words(text, panel)
    between = [f" ({interval.words})" for interval in intervals(panel, scale)]
    lines = []
    for name, chosen, colour in zip(sides(panel.unit), strongest(panel, 4), (TOWARDS, AGAINST), strict=True):
        if not chosen:
            continue
        named = (
            f"{shorten(written[i], 24)} {number(float(panel.scores[i]), scale.limit)}{between[i] if between else ''}"
            for i in chosen
        )
        line = Text(f"{name:>7} ", Style(color=colour))
        line.append(" · ".join(named))
        lines.append(line)
    phrases = [
        f"{shorten(text_between(text, panel, phrase.first, phrase.last), 40)} "
        f"{number(phrase.score, scale.limit)} ({chosen_by(phrase)})"
        for phrase in separate(panel, 3)
    ]
    lines += [Text(f"phrases {' · '.join(phrases)}")] if phrases else []
    for order, sentence in sorted(enumerate(sentences(panel), 1), key=lambda pair: -abs(pair[1].total))[:3]:
        shown = shorten(text_between(text, panel, sentence.first, sentence.last), 60)
        lines.append(Text(f"sentence {order} {number(sentence.total)}: {shown}"))
    return lines


def _chart(chart: Chart, context: PanelContext) -> list[RenderableType]:
    """The last value of each line, and where the marks stand."""
    lines = [Text(visible(chart.title, one_line=True), Style(bold=True))]
    for series in chart.series:
        last = number(float(series.y[-1]), sign=False) if len(series.y) else "empty"
        lines.append(Text(f"  {visible(series.name, True)}: ends at {last} ({visible(chart.y_label, True)})"))
    for name, group in groupby(chart.marks, key=lambda mark: mark[0]):
        places = ", ".join(position(x) for _, x in group)
        lines.append(Text(f"  {visible(name, True)}: {visible(chart.x_label, True)} {places}"))
    return list(lines)


def _heatmap(panel: Heatmap, context: PanelContext) -> list[RenderableType]:
    """The words in lines with every row's value under them; of a longer text the words that stand out."""
    title = Text(visible(panel.title, one_line=True), Style(bold=True))
    written = [shorten(word, 16) or "·" for word in words(context.text, panel)]
    if len(written) <= shared.SHORT:
        body: list[RenderableType] = [TerminalColumns(panel, written)]
    else:
        body = []
        for row in panel.rows:
            chosen = largest(row.values, 6)
            named = " · ".join(f"{written[i]} {shared.value(panel, row, i)}" for i in chosen)
            body.append(Text(f"{visible(row.name, True)} ({visible(row.unit, True)}): {named or 'every value is 0'}"))
    agreements = [Text(line) for line in shared.agreements(panel)]
    return [title, *body, *agreements, *(Text(f"– {note}", Style(dim=True)) for note in shared.caveats(panel))]


def _attention_heads(panel: AttentionHeads, context: PanelContext) -> list[RenderableType]:
    """A line for each layer."""
    title = Text(visible(panel.title, one_line=True), Style(bold=True))
    notes = [Text(f"– {visible(note, True)}", Style(dim=True)) for note in panel.notes]
    return [title, Text(f"{heads.sentence(panel)}:"), *(Text(f"  {line}") for line in heads.lines(panel)), *notes]


def _pairs(panel: Pairs, context: PanelContext) -> list[RenderableType]:
    """The strongest pairs, a line each."""
    written = [shorten(word, 24) or "·" for word in words(context.text, panel)]
    lines = [Text(visible(panel.title, one_line=True), Style(bold=True))]
    lines[0].append(f" for {quoted(panel.target)}, {panel.unit}", Style(bold=False, dim=True))
    chosen = panel.strongest(together.ARCS)
    numbers = [together.value(panel, float(panel.values[i])) for i in chosen]
    wide = max(map(cell_len, numbers), default=0)
    for i, shown in zip(chosen, numbers, strict=True):
        line = Text(" " * (2 + wide - cell_len(shown)))
        line.append(shown, style(float(panel.values[i]), together.limit(panel)))
        line.append(f"  {written[panel.firsts[i]]} – {written[panel.seconds[i]]}")
        lines.append(line)
    failed = Style(color=BAD, bold=True)
    lines.append(Text(f"{together.verdict_of(panel).icon} {panel.verdict}", Style() if panel.converged else failed))
    meanings = [together.meaning(panel), "positive: together two words speak more for the target than each alone"]
    return [*lines, *(Text(f"– {caveat}", Style(dim=True)) for caveat in (*meanings, *together.caveats(panel)))]


def _table(panel: Table, context: PanelContext) -> list[RenderableType]:
    rest = len(panel.rows) - ROWS
    notes = [*panel.notes, *([f"{number_of(rest, 'more row is', 'more rows are')} not printed"] if rest > 0 else [])]
    title = Text(visible(panel.title, one_line=True), Style(bold=True))
    return [title, TerminalTable(panel), *(Text(f"– {visible(note, True)}", Style(dim=True)) for note in notes)]


def _confusion_matrix(panel: ConfusionMatrix, context: PanelContext) -> list[RenderableType]:
    """The most confused pairs, a line each: a terminal has no room for many labels beside each other."""
    lines = [Text(visible(panel.title, one_line=True), Style(bold=True))]
    pairs = panel.most_confused()
    lines += [Text(f"  {visible(confusion.sentence(panel, *pair), True)}") for pair in pairs[: confusion.PAIRS]]
    more = len(pairs) - confusion.PAIRS
    notes = [*panel.notes, *([f"{number_of(more, 'more pair is', 'more pairs are')} not printed"] if more > 0 else [])]
    return [*lines, *(Text(f"– {visible(note, True)}", Style(dim=True)) for note in notes)]


def _scatter(panel: Scatter, context: PanelContext) -> list[RenderableType]:
    """Where the maps come from, and in numbers how the classes lie on them."""
    lines = [Text(visible(panel.title, one_line=True), Style(bold=True)), Text(drawn(panel))]
    lines += [Text(f"  {sentence}") for sentence in mixed(panel)]
    return [*lines, *(Text(f"– {visible(note, True)}", Style(dim=True)) for note in panel.notes)]


_DRAW: dict[str, Callable[[Any, PanelContext], list[RenderableType]]] = {
    TokenScores.kind: _tokens,
    Heatmap.kind: _heatmap,
    AttentionHeads.kind: _attention_heads,
    Pairs.kind: _pairs,
    Scatter.kind: _scatter,
    Chart.kind: _chart,
    ConfusionMatrix.kind: _confusion_matrix,
    Table.kind: _table,
}
