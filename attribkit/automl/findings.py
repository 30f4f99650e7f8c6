"""What is wrong with the data or with the model, each in a sentence with its cure."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer

from attribkit.data import Dataset
from attribkit.evaluation.metrics import Metrics
from attribkit.models.classifier import Classifier
from attribkit.plurals import by_number, number_of

_LEAK_SHARE, _LEAK_ELSEWHERE, _LEAST = 0.6, 0.01, 10
"""A leak: in this share of a label's texts, in no more of all others, in at least so many texts."""


def of_data(data: Dataset) -> list[str]:
    """Contradictory duplicates, and words that name the label."""
    table = pd.concat([data.train, data.validation, data.test], ignore_index=True)
    sentences = []
    labels = table.groupby("text")["label"].nunique()
    if (contradictory := int((labels > 1).sum())) > 0:
        sentences.append(
            f"{number_of(contradictory, 'text stands', 'texts stand')} in the data with different labels; keep the "
            "right one of each"
        )
    copies = len(table) - table["text"].nunique()
    if copies > 0.02 * len(table):
        sentences.append(
            f"{copies:,} of {number_of(len(table), 'row')} {by_number(copies, 'repeats', 'repeat')} the text of "
            "another; drop them, they count twice"
        )
    sentences += [
        f"“{word}” stands in {100 * share:.0f} % of the texts labelled {label!r} and in hardly any other: it may "
        "name the label; leave it out if it will not be there in use"
        for label, word, share in leaks(data.train)
    ]
    return sentences


def leaks(table: pd.DataFrame) -> list[tuple[str, str, float]]:
    """For each label the word that gives it away, if one does: (label, word, share of its texts)."""
    counts = CountVectorizer(binary=True, lowercase=True, token_pattern=r"(?u)\b\w\w+\b", max_features=20_000)
    try:
        present = counts.fit_transform(table["text"].astype(str))
    except ValueError:  # no text has a word of two letters
        return []
    words = counts.get_feature_names_out()
    given_away: list[tuple[str, str, float]] = []
    labels = table["label"].astype(str).to_numpy()
    for label in sorted(set(labels)):
        own = labels == label
        if own.sum() < _LEAST or own.all():
            continue
        inside = np.asarray(present[own].mean(0)).ravel()
        outside = np.asarray(present[~own].mean(0)).ravel()
        suspicious = (inside >= _LEAK_SHARE) & (outside <= _LEAK_ELSEWHERE)
        if suspicious.any():
            place = int(np.argmax(np.where(suspicious, inside, -1)))
            given_away.append((label, str(words[place]), float(inside[place])))
    return given_away


def of_model(model: Classifier, data: Dataset, metrics: Metrics, reference: Metrics) -> list[str]:
    """Chance level, labels never found, a better reference, texts cut, unknown words."""
    sentences = []
    commonest = float(metrics.support.max() / metrics.rows)
    if metrics.accuracy <= commonest + 0.02:
        sentences.append(
            f"accuracy {metrics.accuracy:.3f} is no better than always saying the commonest label ({commonest:.3f}): "
            "the texts may not tell the label, or there are too few of them"
        )
    missed = [
        label for label, f1, texts in zip(metrics.labels, metrics.f1, metrics.support, strict=True) if texts and not f1
    ]
    if missed:
        sentences.append(f"never found: {_quoted(missed)}; label more texts of it, or join it with another label")
    if reference.accuracy > metrics.accuracy + 0.01:
        sentences.append(
            f"TF-IDF with logistic regression is better ({reference.accuracy:.3f} against {metrics.accuracy:.3f}): "
            "take it, or train on more texts or with word vectors"
        )
    encoded = model.tokenizer.encode(data.test["text"].tolist()[:1_000])
    cut = sum(tokens.total > len(tokens.ids) for tokens in encoded)
    if cut > 0.05 * len(encoded):
        sentences.append(
            f"{100 * cut / len(encoded):.0f} % of the texts are longer than the model reads; raise max_length"
        )
    unknown = float(np.mean([1 - tokens.known.mean() for tokens in encoded if len(tokens.ids)]))
    if unknown > 0.15:
        sentences.append(
            f"{100 * unknown:.0f} % of the words of new texts are unknown; word vectors or more texts help"
        )
    return sentences


def _quoted(labels: Sequence[str]) -> str:
    shown = ", ".join(f"{label!r}" for label in labels[:5])
    return shown if len(labels) <= 5 else f"{shown} and {len(labels) - 5:,} more"
