"""One of several texts: a row of its colours, its strongest words and its verdict, the prediction beside it."""

from attribkit.render.picture.canvas import Block, gap
from attribkit.render.picture.context import NOTE, DrawContext, beside, prose
from attribkit.render.picture.paragraph import paragraph
from attribkit.render.picture.prediction import SIDE, side
from attribkit.render.picture.token_scores import settings, verdict
from attribkit.render.preparation.captions import caveats, tokens_read
from attribkit.render.preparation.numbers import number
from attribkit.render.preparation.ranking import strongest
from attribkit.render.preparation.scales import Scale
from attribkit.render.preparation.spans import words
from attribkit.render.preparation.unicode import quoted, shorten
from attribkit.results.panels import Drawable, TokenScores


def row(
    explanation: Drawable, panel: TokenScores, scale: Scale, context: DrawContext, alone: bool, full: bool
) -> list[Block]:
    """One of several texts: its colours, its strongest words, its verdict; the prediction beside it.

    Args:
        explanation: whose text and prediction are drawn.
        panel: its scores.
        scale: the colours' range.
        context: fonts and space.
        alone: whether the row has a scale of its own and must state it.
        full: whether the row's settings differ from the others' and must be stated.
    """
    width = context.inner if context.narrow else context.inner - SIDE - 24
    body, omissions = paragraph(explanation.text, panel, scale, context, width)
    written = words(explanation.text, panel)
    towards, against = strongest(panel, 3)
    top_words = sorted({*towards, *against}, key=lambda i: -abs(panel.scores[i]))[:4]
    named = " · ".join(f"{shorten(written[i], 24)} {number(float(panel.scores[i]), scale.limit)}" for i in top_words)
    left = [body, gap(2)]
    if named:
        left.append(prose(named, context, NOTE, width))
    left.append(gap(1))
    left.append(verdict(panel, context, NOTE, width))
    prediction = explanation.prediction
    if prediction is None or panel.target != prediction.label:
        left.append(prose(f"target {quoted(panel.target)}", context, NOTE, width))
    lines = [settings(panel, target=False)] if full else []
    lines += [f"scale ±{number(scale.limit, sign=False)} {panel.unit}"] if alone else []
    notes = [note for note in caveats(panel, Scale(scale.limit, 1))]
    notes += [f"tokens read: {tokens_read(panel)}"] if panel.truncated else []
    left += [prose(note, context, NOTE, width) for note in [*lines, *omissions, *notes]]
    beside_it = side(prediction, context)
    return [beside_it, gap(4), *left] if context.narrow else [beside(left, beside_it)]
