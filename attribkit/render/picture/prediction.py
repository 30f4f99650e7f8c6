"""The prediction: in large letters with a bar for each label, or as a narrow column beside a row."""

from attribkit.render.picture.canvas import Block, Canvas
from attribkit.render.picture.context import INKS, INNER, MARGIN, NOTE, SMALL, WIDTH, DrawContext, clip
from attribkit.render.preparation.numbers import percent
from attribkit.render.preparation.prediction import agreement, bars, detail, headline, true_words
from attribkit.render.preparation.unicode import visible
from attribkit.results.panels import Prediction

SIDE = 128.0
"""The width of the column with the prediction, where several texts stand in rows."""


_INK = {True: INKS.good, False: INKS.bad, None: INKS.muted}
"""Of the sentence on whether a prediction is right."""


def header(prediction: Prediction, context: DrawContext, model: object = None) -> Block:
    """The prediction in large letters, the probabilities beside it."""
    outcome = agreement(prediction)
    shown, rest = bars(prediction)
    width = 200.0

    def draw(canvas: Canvas, top: float) -> None:
        by = "Predicted" if model is None else f"Predicted by {model}"
        canvas.text(MARGIN, top + 7, clip(by, context, SMALL, INNER - width), SMALL, INKS.muted)
        label = clip(headline(prediction), context, 15, INNER - width - 100, bold=True)
        end = MARGIN + canvas.text(MARGIN, top + 25, label, 15, INKS.ink, bold=True)
        canvas.text(end + 7, top + 25, clip(detail(prediction), context, 15, 92), 15, INKS.muted)
        if outcome:
            canvas.text(
                MARGIN,
                top + 39,
                clip(outcome, context, SMALL, INNER - width - 10),
                SMALL,
                _INK[prediction.right],
            )
        chances(prediction, context, canvas, WIDTH - MARGIN - width, top, width)

    return Block(max(44.0 if outcome else 30.0, 13.0 * (len(shown) + bool(rest))) + 8, draw)


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
        colour = INKS.ink if chosen else INKS.muted
        canvas.text(x, y + 8, clip(label, context, SMALL, names, bold=chosen), SMALL, colour, bold=chosen)
        track = width - names - 46
        canvas.box(
            x + names + 8, y + 2.6, max(1.0, track * probability), 5, colour, 1.5, label=f"probability of {label}"
        )
        canvas.text(x + width, y + 8, percent(probability), SMALL, colour, bold=chosen, align="right")
    used = 13.0 * len(shown)
    if rest:
        canvas.text(x, top + used + 8, rest, NOTE, INKS.muted)
        used += 13
    return used


def side(prediction: Prediction | None, context: DrawContext) -> Block:
    """The prediction as a narrow column."""
    x = WIDTH - MARGIN - SIDE

    def draw(canvas: Canvas, top: float) -> None:
        if prediction is None:
            return
        beside = clip(detail(prediction), context, 9, 0.5 * SIDE)
        room = SIDE - context.fonts.width(context.fonts.fit(beside), 9, False) - 8
        canvas.text(x, top + 14, clip(headline(prediction), context, 9, room, bold=True), 9, INKS.ink, bold=True)
        canvas.text(x + SIDE, top + 14, beside, 9, INKS.muted, align="right")
        if prediction.probability is not None:
            canvas.box(x, top + 20, SIDE, 4.5, INKS.faint, 2)
            canvas.box(x, top + 20, max(1.0, SIDE * prediction.probability), 4.5, INKS.muted, 2)
        if prediction.true_label is not None:
            outcome = {True: "✓ right", False: f"✗ wrong: {true_words(prediction)}", None: agreement(prediction)}
            shown = clip(str(outcome[prediction.right]), context, SMALL, SIDE)
            canvas.text(x, top + 35, shown, SMALL, _INK[prediction.right])

    return Block(38 if prediction is not None and prediction.true_label is not None else 28, draw)
