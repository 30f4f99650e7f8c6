"""The prediction in words: which labels are drawn, and whether the predicted one is right."""

from attribkit.render.preparation.captions import quoted
from attribkit.render.preparation.numbers import percent
from attribkit.results.panels import Prediction


def agreement(prediction: Prediction) -> str | None:
    """Whether the prediction is the true label, in words; None if that is not known."""
    if prediction.true_label is None:
        return None
    right = prediction.true_label == prediction.label
    return f"{'✓ right' if right else '✗ wrong'}: the true label is {quoted(prediction.true_label)}"


def bars(prediction: Prediction, most: int = 6) -> tuple[list[tuple[str, float]], str | None]:
    """The labels and probabilities to draw, in the model's order, and a sentence on those left out.

    With more than `most` labels the most probable are drawn, and always the predicted and the true one.
    """
    pairs = list(zip(prediction.labels, prediction.probabilities, strict=True))
    if len(pairs) <= most:
        return pairs, None
    wanted = {prediction.label, prediction.true_label}
    order = sorted(pairs, key=lambda pair: (pair[0] not in wanted, -pair[1]))
    shown = {label for label, _ in order[:most]}
    rest = [p for label, p in pairs if label not in shown]
    drawn = sorted((pair for pair in pairs if pair[0] in shown), key=lambda pair: -pair[1])
    return drawn, f"{len(rest)} more labels share {percent(sum(rest))}"
