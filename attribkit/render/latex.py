"""LaTeX: a fragment to include in a paper, every character of the user's escaped."""

import re
from collections.abc import Sequence

from attribkit.panels import Chart, Drawable, TokenScores
from attribkit.render import palette
from attribkit.render.facts import agreement, equation, icon, quoted, remarks, tokens_read
from attribkit.render.layout import STRONG, Scale, number, percent, pieces, scales, shorten, strongest, visible, words

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
    found = scales(explanations)
    parts = [PREAMBLE]
    for explanation in explanations:
        parts.append(_headline(explanation))
        if explanation.text is not None and not explanation.panels:
            parts.append(f"{{\\raggedright\\noindent {escape(explanation.text)}\\par}}\n")
        for panel in explanation.panels:
            if isinstance(panel, Chart):
                parts.append(_chart(panel))
            else:
                parts.append(_tokens(explanation.text, panel, found[id(panel)]))
        parts.append("\\par\\medskip\n")
    return "".join(parts)


def _one_line(text: str) -> str:
    return escape(visible(text, one_line=True))


def _headline(explanation: Drawable) -> str:
    prediction = explanation.prediction
    if prediction is None:
        return "\\noindent\n"
    said = agreement(prediction)
    shown = f"\\textbf{{{_one_line(prediction.label)}}} {_one_line(percent(prediction.probability))}"
    return f"\\noindent {shown}{' (' + _one_line(said) + ')' if said else ''}\\par\n"


def _tokens(text: str | None, panel: TokenScores, scale: Scale) -> str:
    body = "".join(_piece(p.text, p.token, p.read, panel, scale) for p in pieces(text, panel))
    # a space right after a command would be swallowed
    body = f"\\ {body[1:]}" if body.startswith(" ") else body
    written = words(text, panel)
    named = []
    for name, chosen in zip(("for", "against"), strongest(panel, 5), strict=True):
        shown = ", ".join(f"{shorten(written[i], 40)} {number(float(panel.scores[i]), scale.limit)}" for i in chosen)
        named.append(f"{name} {quoted(panel.target)}: {shown or 'none'}")
    steps = f", {panel.steps} steps" if panel.steps else ""
    sentences = [
        "; ".join(named),
        f"scale ±{number(scale.limit, sign=False)} {panel.unit}; baseline {panel.baseline}; {panel.method}{steps}",
        f"{icon(panel)} {panel.verdict}; {equation(panel)}; tokens read: {tokens_read(panel)}",
        *remarks(panel, scale),
    ]
    below = "".join(f"\\noindent {_one_line(sentence)}\\par\n" for sentence in sentences)
    return f"{{\\raggedright\\noindent {body}\\par}}\n{{\\footnotesize\\raggedright\n{below}}}\n"


def _piece(text: str, token: int | None, read: bool, panel: TokenScores, scale: Scale) -> str:
    shown = escape(text)
    if token is None:
        return shown if read else f"\\akunread{{{shown}}}"
    step = palette.step(float(panel.scores[token]), scale.limit)
    if step == 0 or "\n" in text:
        return shown
    if abs(step) >= STRONG * palette.STEPS:
        shown = f"\\ak{'for' if step > 0 else 'against'}{{{shown}}}"
    return f"\\aktoken{{{palette.LIGHT.colour(step)[1:].upper()}}}{{{shown}}}"


def _chart(chart: Chart) -> str:
    rows = []
    for series in chart.series:
        last = number(float(series.y[-1]), sign=False) if len(series.y) else "empty"
        rows.append(f"\\noindent {_one_line(f'{series.name}: ends at {last} ({chart.y_label})')}\\par\n")
    return f"\\noindent \\textbf{{{_one_line(chart.title)}}}\\par\n{''.join(rows)}"
