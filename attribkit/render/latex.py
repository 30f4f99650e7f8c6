"""LaTeX: a fragment to include in a paper, every character of the user's escaped."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from attribkit.plurals import number_of
from attribkit.render.preparation import attention_heads as heads
from attribkit.render.preparation import confusion, palette
from attribkit.render.preparation import heatmap as shared
from attribkit.render.preparation import pairs as together
from attribkit.render.preparation.captions import caveats, chosen_by, equation, sides, tokens_read, verdict_of
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.intervals import intervals
from attribkit.render.preparation.numbers import number
from attribkit.render.preparation.prediction import agreement, detail, headline
from attribkit.render.preparation.ranking import largest, likeliest_first, separate, strongest
from attribkit.render.preparation.scales import STRONG, Scale, scales
from attribkit.render.preparation.scatter_text import drawn, mixed
from attribkit.render.preparation.sentences import sentences
from attribkit.render.preparation.spans import spans, text_between, words
from attribkit.render.preparation.table import cells, numeric
from attribkit.render.preparation.unicode import quoted, shorten, visible
from attribkit.results.panels import (
    AttentionHeads,
    Chart,
    ConfusionMatrix,
    Drawable,
    Heatmap,
    Pairs,
    Scatter,
    Table,
    TokenScores,
)

PREAMBLE = r"""% packages: \usepackage{xcolor,textcomp} \usepackage[T1]{fontenc} \usepackage[utf8]{inputenc}
% scripts beyond Latin and emoji need xelatex or lualatex with a font that has them; right-to-left text needs bidi
\providecommand{\aktoken}[2]{{\setlength{\fboxsep}{1pt}\colorbox[HTML]{#1}{\strut #2}}}
\providecommand{\akfor}[1]{\underline{#1}}
\providecommand{\akagainst}[1]{$\overline{\mbox{#1}}$}
\providecommand{\akunread}[1]{\textcolor[HTML]{GREY}{#1}}
""".replace("GREY", palette.LIGHT.muted[1:].upper())

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "'": r"\textquotesingle{}",
    # braces keep ligatures apart, and brackets from being read as an optional argument
    "-": "{-}",
    ",": "{,}",
    "[": "{[}",
    "]": "{]}",
    "?": "{?}",
    "!": "{!}",
    "−": "$-$",
    "≤": r"$\leq$",
    "∞": r"$\infty$",
    "±": r"$\pm$",
    "Σ": r"$\Sigma$",
    "…": r"\ldots{}",
    "·": r"$\cdot$",
    "✓": r"$\surd$",
    "✗": r"$\times$",
    "τ": r"$\tau$",
    "↔": r"$\leftrightarrow$",
    "“": "``",
    "”": "''",
    "’": "'",
    "–": "--",
    "⟨": r"$\langle$",
    "⟩": r"$\rangle$",
    "\u00a0": r"\nobreakspace{}",
}


def escape(text: str) -> str:
    """The text with every character that LaTeX would obey made harmless; spaces and line breaks stay as typed."""
    shown = _picture_names(visible(text)).replace("\t", "    ")
    escaped = "".join(_ESCAPES.get(character, character) for character in shown)
    escaped = re.sub(r"(?<=[ \n]) ", r"\\ ", escaped)
    # not \\, which would take a following bracket for an argument
    return escaped.replace("\n", "\\mbox{}\\newline{}\n")


def _picture_names(text: str) -> str:
    """Control pictures by code: no LaTeX font has them."""
    return re.sub("[\u2400-\u2421]", lambda m: f"⟨U+{0x7F if m[0] == chr(0x2421) else ord(m[0]) - 0x2400:04X}⟩", text)


def fragment(explanations: Sequence[Drawable]) -> str:
    """One fragment with a paragraph for each explanation; its first comment names the packages it needs."""
    colour_scales = scales(explanations)
    parts = [PREAMBLE]
    for explanation in explanations:
        parts.append(_headline(explanation))
        if explanation.text is not None and not explanation.panels():
            parts.append(f"{{\\raggedright\\noindent {escape(explanation.text)}\\par}}\n")
        for panel in likeliest_first(explanation.panels(), explanation.prediction):
            parts.append(
                _DRAW[panel.kind](panel, PanelContext(explanation.text, explanation.prediction, colour_scales))
            )
        parts.append("\\par\\medskip\n")
    return "".join(parts)


def _one_line(text: str) -> str:
    return escape(visible(text, one_line=True))


def _headline(explanation: Drawable) -> str:
    prediction = explanation.prediction
    if prediction is None:
        return "\\noindent\n"
    outcome = agreement(prediction)
    shown = f"\\textbf{{{_one_line(headline(prediction))}}} {_one_line(detail(prediction))}"
    return f"\\noindent {shown}{' (' + _one_line(outcome) + ')' if outcome else ''}\\par\n"


def _tokens(panel: TokenScores, context: PanelContext) -> str:
    text, scale = context.text, context.scales[id(panel)]
    body = "".join(_span(p.text, p.token, p.read, panel, scale) for p in spans(text, panel))
    # a space right after a command would be swallowed
    body = f"\\ {body[1:]}" if body.startswith(" ") else body
    written = words(text, panel)
    named = []
    for name, chosen in zip(sides(panel.unit), strongest(panel, 5), strict=True):
        shown = ", ".join(f"{shorten(written[i], 40)} {number(float(panel.scores[i]), scale.limit)}" for i in chosen)
        named.append(f"{name} {quoted(panel.target)}: {shown or 'none'}")
    steps = f", {number_of(panel.steps, 'step')}" if panel.steps else ""
    lines = [
        "; ".join(named),
        f"scale ±{number(scale.limit, sign=False)} {panel.unit}; baseline {panel.baseline}; {panel.method}{steps}",
        f"{verdict_of(panel).icon} {panel.verdict}; {equation(panel)}; tokens read: {tokens_read(panel)}",
        *_parts(text, panel, scale),
        *caveats(panel, scale),
    ]
    return f"{{\\raggedright\\noindent {body}\\par}}\n{_footnotes(lines)}"


def _parts(text: str | None, panel: TokenScores, scale: Scale) -> list[str]:
    """The strongest phrases, the strongest words' bands and the sentences' sums, where the panel has them."""
    lines = []
    phrases = [
        f"{shorten(text_between(text, panel, phrase.first, phrase.last), 40)} "
        f"{number(phrase.score, scale.limit)} ({chosen_by(phrase)})"
        for phrase in separate(panel, 5)
    ]
    if phrases:
        lines.append(f"the strongest phrases that share no word: {', '.join(phrases)}")
    between = intervals(panel, scale)
    if between:
        written = words(text, panel)
        bands = [f"{shorten(written[i], 40)} {between[i].words}" for i in largest(panel.scores, 10)]
        over = f"over the baselines {', '.join(panel.band.baselines)}" if panel.band else "with other draws (95 %)"
        lines.append(f"lowest to highest score {over}: {', '.join(bands) or 'all 0'}")
    sums = sorted(enumerate(sentences(panel), 1), key=lambda pair: -abs(pair[1].total))[:5]
    if sums:
        shown = ", ".join(
            f"{number(sentence.total)} {shorten(text_between(text, panel, sentence.first, sentence.last), 60)}"
            for _, sentence in sums
        )
        lines.append(f"the sentences with the largest sums: {shown}")
    return lines


def _span(text: str, token: int | None, read: bool, panel: TokenScores, scale: Scale) -> str:
    shown = escape(text)
    if token is None:
        return shown if read else f"\\akunread{{{shown}}}"
    step = palette.step(float(panel.scores[token]), scale.limit)
    if step == 0 or "\n" in text:
        return shown
    if abs(step) >= STRONG * palette.STEPS:
        shown = f"\\ak{'for' if step > 0 else 'against'}{{{shown}}}"
    return f"\\aktoken{{{palette.LIGHT.colour(step)[1:].upper()}}}{{{shown}}}"


def _chart(chart: Chart, context: PanelContext) -> str:
    rows = []
    for series in chart.series:
        last = number(float(series.y[-1]), sign=False) if len(series.y) else "empty"
        rows.append(f"\\noindent {_one_line(f'{series.name}: ends at {last} ({chart.y_label})')}\\par\n")
    return _title(chart.title) + "".join(rows)


def _heatmap(panel: Heatmap, context: PanelContext) -> str:
    """The text coloured by the first row; of every row the words that stand out."""
    first = panel.rows[0]
    steps, ramp = shared.steps(panel, first), palette.LIGHT.colour if first.signed else palette.LIGHT.weight
    body = ""
    for span in spans(context.text, panel):
        step = 0 if span.token is None else steps[span.token]
        shown = escape(span.text) if span.read else f"\\akunread{{{escape(span.text)}}}"
        body += f"\\aktoken{{{ramp(step)[1:].upper()}}}{{{shown}}}" if step and "\n" not in span.text else shown
    body = f"\\ {body[1:]}" if body.startswith(" ") else body
    written = words(context.text, panel)
    lines = [f"coloured by {first.name}"]
    for row in panel.rows:
        named = ", ".join(f"{shorten(written[i], 40)} {shared.value(panel, row, i)}" for i in largest(row.values, 6))
        low, high = (number(end, sign=row.signed) if end else "0" for end in shared.ends(panel, row))
        lines.append(f"{row.name} ({row.unit}, {low} to {high}): {named or 'every value is 0'}")
    lines += [*shared.agreements(panel), *shared.caveats(panel)]
    return f"{_title(panel.title)}{{\\raggedright\\noindent {body}\\par}}\n{_footnotes(lines)}"


def _attention_heads(panel: AttentionHeads, context: PanelContext) -> str:
    return _title(panel.title) + _footnotes([f"{heads.sentence(panel)}:", *heads.lines(panel), *panel.notes])


def _pairs(panel: Pairs, context: PanelContext) -> str:
    """The strongest pairs as a table."""
    written = [shorten(word, 40) or "·" for word in words(context.text, panel)]
    rows = "".join(
        f"{_one_line(written[panel.firsts[i]])} & {_one_line(written[panel.seconds[i]])} & "
        f"{_one_line(together.value(panel, float(panel.values[i])))} \\tabularnewline\n"
        for i in panel.strongest(together.ARCS)
    )
    head = f"word & word & {_one_line(panel.unit)} \\tabularnewline\n\\hline\n"
    grid = f"\\noindent\\begin{{tabular}}{{llr}}\n{head}{rows}\\end{{tabular}}\\par\n" if rows else ""
    lines = [
        f"for {quoted(panel.target)}; positive: together the two words speak more for it than each alone",
        f"{together.verdict_of(panel).icon} {panel.verdict}",
        together.meaning(panel),
        *together.caveats(panel),
    ]
    return _title(panel.title) + grid + _footnotes(lines)


def _confusion_matrix(panel: ConfusionMatrix, context: PanelContext) -> str:
    """The most confused pairs as a table."""
    rows = "".join(
        f"{_one_line(panel.labels[true])} & {_one_line(panel.labels[given])} & {panel.counts[true, given]} & "
        f"{panel.counts[true].sum()} \\tabularnewline\n"
        for true, given in panel.most_confused(confusion.PAIRS)
    )
    head = "true label & predicted & texts & of \\tabularnewline\n\\hline\n"
    grid = f"\\noindent\\begin{{tabular}}{{llrr}}\n{head}{rows}\\end{{tabular}}\\par\n" if rows else ""
    return _title(panel.title) + grid + _footnotes(list(panel.notes))


def _table(panel: Table, context: PanelContext) -> str:
    columns = "".join("r" if numbers else "l" for numbers in numeric(panel))
    lines = [[visible(name, one_line=True) for name in panel.columns], *cells(panel)]
    shown = [" & ".join(map(_one_line, line)) + " \\tabularnewline\n" for line in lines]
    grid = f"\\noindent\\begin{{tabular}}{{{columns}}}\n{shown[0]}\\hline\n{''.join(shown[1:])}\\end{{tabular}}\\par\n"
    return _title(panel.title) + (grid if panel.columns else "") + _footnotes(panel.notes)


def _scatter(panel: Scatter, context: PanelContext) -> str:
    return _title(panel.title) + _footnotes([drawn(panel), *mixed(panel), *panel.notes])


def _title(title: str) -> str:
    return f"\\noindent \\textbf{{{_one_line(title)}}}\\par\n"


def _footnotes(lines: Sequence[str]) -> str:
    below = "".join(f"\\noindent {_one_line(sentence)}\\par\n" for sentence in lines)
    return f"{{\\footnotesize\\raggedright\n{below}}}\n" if lines else ""


_DRAW: dict[str, Callable[[Any, PanelContext], str]] = {
    TokenScores.kind: _tokens,
    Heatmap.kind: _heatmap,
    AttentionHeads.kind: _attention_heads,
    Pairs.kind: _pairs,
    Scatter.kind: _scatter,
    Chart.kind: _chart,
    ConfusionMatrix.kind: _confusion_matrix,
    Table.kind: _table,
}
