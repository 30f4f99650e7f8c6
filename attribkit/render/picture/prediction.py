"""The prediction: in large letters with a bar for each label, or as a narrow column beside a row."""

from attribkit.render.picture.canvas import MARGIN, Block, Canvas, gap
from attribkit.render.picture.context import NOTE, SMALL, DrawContext, clip
from attribkit.render.preparation.numbers import percent
from attribkit.render.preparation.palette import Scheme
from attribkit.render.preparation.prediction import agreement, bars, detail, headline, true_words
from attribkit.render.preparation.unicode import visible
from attribkit.results.panels import Drawable, Prediction

SIDE = 128.0
"""The width of the column with the prediction, where several texts stand in rows."""


def _ink(inks: Scheme, right: bool | None) -> str:
    """Of the sentence on whether a prediction is right."""
    return {True: inks.good, False: inks.bad, None: inks.muted}[right]


def header(prediction: Prediction, context: DrawContext, model: object = None) -> Block:
    """The prediction in large letters, the probabilities beside it."""
    outcome = agreement(prediction)
    shown, rest = bars(prediction)
    narrow = context.narrow
    width = context.inner if narrow else 200.0
    room = context.inner if narrow else context.inner - width
    head = (44.0 if outcome else 30.0) + (8 if narrow else 0)

    def draw(canvas: Canvas, top: float) -> None:
        by = "Predicted" if model is None else f"Predicted by {model}"
        canvas.text(MARGIN, top + 7, clip(by, context, SMALL, room), SMALL, canvas.inks.muted)
        label = clip(headline(prediction), context, 15, room - 100, bold=True)
        end = MARGIN + canvas.text(MARGIN, top + 25, label, 15, canvas.inks.ink, bold=True)
        beside = max(92.0, room - (end - MARGIN) - 17)
        canvas.text(end + 7, top + 25, clip(detail(prediction), context, 15, beside), 15, canvas.inks.muted)
        if outcome:
            canvas.text(
                MARGIN,
                top + 39,
                clip(outcome, context, SMALL, room - 10),
                SMALL,
                _ink(canvas.inks, prediction.right),
            )
        chances(prediction, context, canvas, context.width - MARGIN - width, top + (head if narrow else 0), width)

    listed = 13.0 * (len(shown) + bool(rest))
    return Block((head + listed if narrow else max(head, listed)) + 8, draw)


def chances(prediction: Prediction, context: DrawContext, canvas: Canvas, x: float, top: float, width: float) -> float:
    """Draw a bar for each label and return the height used."""
    shown, rest = bars(prediction)
    if not shown:
        return 0.0
    widest = max(context.fonts.width(context.fonts.fit(visible(name, True)), SMALL, True) for name, _ in shown)
    names = min(0.45 * width, widest)
    for index, (label, probability) in enumerate(shown):
        chosen = label in prediction.predicted
        y = top + 13 * index
        colour = canvas.inks.ink if chosen else canvas.inks.muted
        canvas.text(x, y + 8, clip(label, context, SMALL, names, bold=chosen), SMALL, colour, bold=chosen)
        track = width - names - 46
        canvas.box(
            x + names + 8, y + 2.6, max(1.0, track * probability), 5, colour, 1.5, label=f"probability of {label}"
        )
        canvas.text(x + width, y + 8, percent(probability), SMALL, colour, bold=chosen, align="right")
    used = 13.0 * len(shown)
    if rest:
        canvas.text(x, top + used + 8, rest, NOTE, canvas.inks.muted)
        used += 13
    return used


def side(prediction: Prediction | None, context: DrawContext) -> Block:
    """The prediction as a narrow column."""
    x = MARGIN if context.narrow else context.width - MARGIN - SIDE

    def draw(canvas: Canvas, top: float) -> None:
        if prediction is None:
            return
        beside = clip(detail(prediction), context, 9, 0.5 * SIDE)
        room = SIDE - context.fonts.width(context.fonts.fit(beside), 9, False) - 8
        canvas.text(x, top + 14, clip(headline(prediction), context, 9, room, bold=True), 9, canvas.inks.ink, bold=True)
        canvas.text(x + SIDE, top + 14, beside, 9, canvas.inks.muted, align="right")
        if prediction.probability is not None:
            canvas.box(x, top + 20, SIDE, 4.5, canvas.inks.faint, 2)
            canvas.box(x, top + 20, max(1.0, SIDE * prediction.probability), 4.5, canvas.inks.muted, 2)
        if prediction.true_label is not None:
            outcome = {True: "✓ right", False: f"✗ wrong: {true_words(prediction)}", None: agreement(prediction)}
            shown = clip(str(outcome[prediction.right]), context, SMALL, SIDE)
            canvas.text(x, top + 35, shown, SMALL, _ink(canvas.inks, prediction.right))

    return Block(38 if prediction is not None and prediction.true_label is not None else 28, draw)


def heading(explanation: Drawable, context: DrawContext) -> list[Block]:
    """The prediction of a text, above its panels; nothing without one."""
    if explanation.prediction is None:
        return []
    return [header(explanation.prediction, context, explanation.provenance.get("model")), gap(8)]
