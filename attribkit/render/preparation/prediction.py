"""The prediction in words, by the model's task: what is drawn, and whether it is right."""

from attribkit.plurals import number_of
from attribkit.render.preparation.numbers import number, percent
from attribkit.render.preparation.unicode import quoted
from attribkit.results.panels import Prediction

NAMED = 5
"""Labels of a multi-label prediction that a headline names."""


def headline(prediction: Prediction) -> str:
    """What is predicted: the label, the labels that hold, or the number."""
    if prediction.value is not None:
        return number(prediction.value, sign=prediction.value < 0)
    if prediction.task == "multiclass":
        return prediction.label
    named = ", ".join(prediction.predicted[:NAMED])
    more = len(prediction.predicted) - NAMED
    return (named or "no label") + (f" and {more} more" if more > 0 else "")


def detail(prediction: Prediction) -> str:
    """What stands beside the headline: the label's probability, how many labels there are, or the number's unit."""
    if prediction.value is not None:
        return str(prediction.unit)
    if prediction.task == "multiclass" or len(prediction.predicted) == 1:
        return percent(prediction.probabilities[prediction.labels.index(prediction.label)])
    return f"{len(prediction.predicted)} of {number_of(len(prediction.labels), 'label')}"


def why(prediction: Prediction) -> str:
    """What is asked of the explanation, in a title."""
    if prediction.value is not None:
        return f"{headline(prediction)} {prediction.unit}"
    return quoted(headline(prediction))


def true_words(prediction: Prediction) -> str | None:
    """The known answer in words."""
    true = prediction.true_label
    if true is None or isinstance(true, str):
        return true
    if isinstance(true, tuple):
        return ", ".join(true) or "no label"
    return f"{number(true, sign=true < 0)} {prediction.unit}"


def agreement(prediction: Prediction) -> str | None:
    """Whether the prediction is the true label, or how far it lies from the true number, in words; or None."""
    true = prediction.true_label
    if true is None:
        return None
    if prediction.value is not None and isinstance(true, float):
        size = max(abs(true), abs(prediction.value))
        return f"true: {number(true, size, sign=true < 0)}, off by {number(prediction.value - true, size)}"
    mark = "✓ right" if prediction.right else "✗ wrong"
    if prediction.task == "multilabel":
        named = ", ".join(quoted(label) for label in true) if isinstance(true, tuple) and true else "none"
        return f"{mark}: the true labels are {named}"
    return f"{mark}: the true label is {quoted(str(true))}"


def bars(prediction: Prediction, most: int = 6) -> tuple[list[tuple[str, float]], str | None]:
    """The labels and probabilities to draw, in the model's order, and a sentence on those left out.

    With more than `most` labels the most probable are drawn, and always the predicted and the true ones, but of several
    that may hold no more than twice as many.
    """
    pairs = list(zip(prediction.labels, prediction.probabilities, strict=bool(prediction.probabilities)))
    if len(pairs) <= most:
        return pairs, None
    true = prediction.true_label
    wanted = {*prediction.predicted, *((true,) if isinstance(true, str) else true if isinstance(true, tuple) else ())}
    order = sorted(pairs, key=lambda pair: (pair[0] not in wanted, -pair[1]))
    shown = {label for label, _ in order[: min(2 * most, max(most, len(wanted)))]}
    rest = [p for label, p in pairs if label not in shown]
    drawn = sorted((pair for pair in pairs if pair[0] in shown), key=lambda pair: -pair[1])
    if prediction.task == "multilabel":
        return drawn, f"{number_of(len(rest), 'more label')}, each at most {percent(max(rest))}" if rest else None
    return drawn, f"{number_of(len(rest), 'more label shares', 'more labels share')} {percent(sum(rest))}"
