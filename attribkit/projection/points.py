"""The texts behind the points of a map: labels, predictions and excerpts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.data.labelled_texts import LabelledTexts
from attribkit.models.classifier import Classifier
from attribkit.models.logits import probabilities
from attribkit.projection.outputs import LayerOutputs
from attribkit.results.panels.scatter import EXCERPT

COLOURS = ("label", "prediction", "error", "confidence")


@dataclass(frozen=True, eq=False)
class PointMetadata:
    """What is known of each point on a map.

    Attributes:
        excerpts: (N,) how each text begins.
        labels: (N,) true labels; empty if unknown.
        predictions: (N,) predicted labels.
        classes: names of the labels.
        label: (N,) each point's place in `classes`, −1 for none.
        confidence: (N,) the probability of the predicted label; None where it was not kept.
    """

    excerpts: tuple[str, ...]
    labels: tuple[str, ...]
    predictions: tuple[str, ...]
    classes: tuple[str, ...]
    label: NDArray[np.int64]
    confidence: NDArray[np.float64] | None

    def coloured(
        self, colour: str
    ) -> tuple[str | None, tuple[str, ...], NDArray[np.int64], NDArray[np.float64] | None]:
        """The colour's meaning, the groups, each point's group, and the values of a continuous colour."""
        none = np.empty(0, dtype=np.int64)
        if colour == "confidence":
            return colour, (), none, self.confidence
        if colour == "prediction":
            groups = tuple(dict.fromkeys(sorted(self.predictions)))
            return colour, groups, np.array([groups.index(prediction) for prediction in self.predictions]), None
        if not self.classes:
            return None, (), none, None
        if colour == "label":
            return colour, self.classes, self.label, None
        wrong = np.array([a != b for a, b in zip(self.labels, self.predictions, strict=True)], dtype=np.int64)
        return colour, ("right", "wrong"), np.where(self.label < 0, -1, wrong), None


def describe(
    classifier: Classifier, data: LabelledTexts, outputs: LayerOutputs, logits: NDArray[np.float64], width: int = 1
) -> PointMetadata:
    """What is known of the points that layers made of texts; `width` is the tokens that a point stands for.

    Args:
        classifier: the model.
        data: the texts with their labels.
        outputs: the points, with the text and token of each.
        logits: (B, C) of the texts.
        width: how many tokens a point stands for.
    """
    best, shares = logits.argmax(1), probabilities(logits, classifier.task)
    classes = classes_of(data.labels, classifier)
    text = outputs.text_index.tolist()
    labels = tuple(data.labels[row] for row in text) if classes else ()
    if outputs.token_index is None:
        excerpts = tuple(excerpt(data.texts[row]) for row in text)
    else:
        excerpts = _words(classifier, data.texts, text, outputs.token_index.tolist(), width)
    return PointMetadata(
        excerpts=excerpts,
        labels=labels,
        predictions=tuple(classifier.labels[int(best[row])] for row in text),
        classes=classes,
        label=places_of(labels, classes, len(text)),
        confidence=shares[np.arange(len(best)), best][outputs.text_index],
    )


def classes_of(labels: Sequence[str], classifier: Classifier) -> tuple[str, ...]:
    """The classes that occur: the model's own in its order, then the others."""
    present = set(labels)
    names = dict.fromkeys([*classifier.labels, *sorted(present)])
    return tuple(name for name in names if name and name in present)


def places_of(labels: Sequence[str], classes: Sequence[str], count: int) -> NDArray[np.int64]:
    """(count,) each label's place among the classes, −1 for none."""
    if not classes:
        return np.full(count, -1)
    return np.array([classes.index(label) if label else -1 for label in labels], dtype=np.int64)


def excerpt(text: str, most: int = EXCERPT) -> str:
    """The beginning of a text in one line."""
    line = " ".join(text[: 8 * most].split())
    return line if len(line) <= most and len(text) <= 8 * most else line[: most - 1].rstrip() + "…"


def _words(
    classifier: Classifier, texts: Sequence[str], text: Sequence[int], token: Sequence[int], width: int
) -> tuple[str, ...]:
    """Each point's word between ‹ and › in its sentence."""
    needed = list(dict.fromkeys(text))
    encoded = dict(zip(needed, classifier.encode([texts[row] for row in needed]), strict=True))
    excerpts = []
    for row, place in zip(text, token, strict=True):
        sentence = encoded[row]
        start, end = int(sentence.starts[place]), int(sentence.ends[min(place + width, len(sentence.ends)) - 1])
        word = " ".join(texts[row][start:end].split())[: EXCERPT // 2]
        around = (EXCERPT - len(word) - 4) // 2
        before, after = (" ".join(part.split()) for part in (texts[row][:start][-200:], texts[row][end:][:200]))
        left = before if len(before) <= around else "…" + before[len(before) - around + 1 :]
        right = after if len(after) <= around else after[: around - 1] + "…"
        excerpts.append(f"{left} ‹{word}› {right}".strip()[:EXCERPT])
    return tuple(excerpts)
