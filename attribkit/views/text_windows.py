"""The windows of a long text, each explained as a text of its own."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.models.logits import check_finite
from attribkit.models.predictions import predictions
from attribkit.results.panels import TextWindows, TokenScores
from attribkit.text.encoded import Encoded
from attribkit.text.joined_words import joined_words

Explain = Callable[[Classifier, EncodedBatch], Sequence[Sequence[TokenScores]]]


def with_windows(
    classifier: Classifier, batch: EncodedBatch, row: int, panels: Sequence[TokenScores], explain: Sequence[Explain]
) -> list[TokenScores]:
    """The panels of one text, each with what the text's windows say by themselves, if it was read in windows.

    Args:
        classifier: the model.
        batch: N texts.
        row: the number of the text.
        panels: one per target.
        explain: for each target how texts are explained for it.
    """
    text, encoded = batch.texts[row], batch.encoded[row]
    spans = classifier.capabilities.long_texts.spans(len(encoded.ids))
    if len(spans) == 1:
        return list(panels)
    parts = [_part(text, encoded, start, end) for start, end in spans]
    logits = check_finite(classifier.logits([part.ids for part in parts]), [text] * len(parts))
    windows = EncodedBatch((text,) * len(parts), tuple(parts), logits)
    answers = tuple(
        answer.in_words for answer in predictions(logits, classifier.labels, classifier.task, classifier.unit)
    )
    results = []
    for panel, explained in zip(panels, explain, strict=True):
        alone = [of_window[0] for of_window in explained(classifier, windows)]
        kept = TextWindows(
            starts=np.array([part.starts.min() for part in parts]),
            ends=np.array([part.ends.max() for part in parts]),
            tokens=np.array([len(part.ids) for part in parts]),
            answers=answers,
            outputs=np.array([window.output_text for window in alone]),
            baselines=np.array([window.output_baseline for window in alone]),
            totals=np.array([window.total for window in alone]),
            relative_errors=np.array([window.relative_error for window in alone]),
            steps=np.array([window.steps for window in alone]),
            converged=tuple(window.converged for window in alone),
            verdicts=tuple(window.verdict for window in alone),
        )
        results.append(replace(panel, windows=kept, notes=(*panel.notes, kept.note)))
    return results


def _part(text: str, encoded: Encoded, start: int, end: int) -> Encoded:
    starts, ends = encoded.starts[start:end], encoded.ends[start:end]
    return Encoded(
        encoded.ids[start:end],
        starts,
        ends,
        encoded.tokens[start:end],
        encoded.known[start:end],
        end - start,
        None if encoded.words is None else joined_words(text, starts, ends),
    )
