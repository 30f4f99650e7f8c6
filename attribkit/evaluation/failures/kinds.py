"""Kinds of mistakes, each with what to do about it."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.data.readable import tokenise
from attribkit.evaluation.answers import Answers
from attribkit.models.classifier import Classifier
from attribkit.results.panels import Table

SURE, CLOSE = 0.95, 0.1
"""From this confidence on the model is sure; below this margin it could not decide."""

TRUSTED = 0.85
"""The least share of right answers, among those that are sure and whose mistakes nothing else explains, for which the
label of a mistake is doubted; wrong labels lower it themselves."""

UNKNOWN = 0.2
"""The least share of unknown words that is held responsible, if it is also twice that of texts answered rightly."""

RARE = 1 / 3
"""Of the mean number of a label's rows: a label with fewer is rare."""

_SAMPLE = 1_000
"""Rightly answered texts whose unknown words are counted."""


@dataclass(frozen=True)
class Kind:
    """A kind of mistakes: what marks it, and the cure, also in a few words."""

    name: str
    cure: str
    short: str


CUT = Kind(
    "cut at max_length", "train with a larger max_length: the model did not read the whole text", "a larger max_length"
)
UNKNOWN_WORDS = Kind(
    "unknown words",
    "train with a smaller min_frequency or with word vectors, or on more texts",
    "a smaller min_frequency, word vectors, or more texts",
)
RARE_LABEL = Kind(
    "rare label",
    "train with class_weights='balanced', or on more texts of this label",
    "class_weights='balanced', or more of its texts",
)
MISLABELLED = Kind(
    "probably mislabelled",
    "read these rows first: a model this sure is rarely wrong; mend the labels",
    "read them, mend the labels",
)
CONFIDENT = Kind(
    "confident mistake",
    "read these rows first: the model is sure and wrong, through words that mislead it or a wrong label",
    "read them first",
)
CLOSE_CALL = Kind(
    "close call",
    "the two labels are nearly equal to the model: more texts of both, or one label for both",
    "more texts of both, or one label",
)
OTHER = Kind("other", "read what spoke for the answer, in the mistakes below", "read what spoke for the answer, below")
KINDS = (CUT, UNKNOWN_WORDS, RARE_LABEL, MISLABELLED, CONFIDENT, CLOSE_CALL, OTHER)
"""In this order a mistake gets the first that fits."""


def kinds_of_mistakes(model: Classifier, answers: Answers) -> tuple[list[Kind], NDArray[np.int64]]:
    """The kind of each mistake, and the mistakes' places (M,) among the answers.

    Args:
        model: that answered.
        answers: of a labelled set.
    """
    wrong = answers.labelled[~answers.right]
    right = answers.labelled[answers.right]
    sample = np.random.default_rng(0).permutation(right)[:_SAMPLE]
    unknown, cut = _unknown_and_cut(model, answers, wrong)
    usual = _unknown_and_cut(model, answers, sample)[0]
    limit = max(UNKNOWN, 2 * float(usual.mean()) if len(usual) else 0.0)
    rare = _rare_labels(answers)
    top = np.sort(answers.probabilities[wrong], axis=1)
    margins = top[:, -1] - top[:, -2] if top.shape[1] > 1 else np.ones(len(wrong))
    kinds = [
        CUT
        if cut[i]
        else UNKNOWN_WORDS
        if unknown[i] >= limit
        else RARE_LABEL
        if answers.truth[place] in rare
        else MISLABELLED
        if answers.confidence[place] >= SURE
        else CLOSE_CALL
        if margins[i] < CLOSE
        else OTHER
        for i, place in enumerate(wrong.tolist())
    ]
    doubted = kinds.count(MISLABELLED)
    right_and_sure = int((answers.confidence[right] >= SURE).sum())
    if doubted and right_and_sure < TRUSTED * (right_and_sure + doubted):
        kinds = [CONFIDENT if kind is MISLABELLED else kind for kind in kinds]
    return kinds, wrong


def kinds_table(kinds: list[Kind], answers: Answers) -> Table:
    """A row for each kind that occurs, the most frequent first and what is left last."""
    counts = Counter(kinds)
    rows = tuple(
        (kind.name, counts[kind], f"{100 * counts[kind] / len(kinds):.0f} %", kind.cure)
        for kind in sorted(counts, key=lambda kind: (kind is OTHER, -counts[kind], KINDS.index(kind)))
    )
    sure = answers.labelled[answers.confidence[answers.labelled] >= SURE]
    right = float((answers.predicted[sure] == answers.truth[sure]).mean()) if len(sure) else float("nan")
    sentence = f"where the model is at least {100 * SURE:.0f} % sure it is right in {100 * right:.1f} % of texts"
    notes = [] if np.isnan(right) else [sentence]
    return Table("Kinds of mistakes", ("kind", "mistakes", "of all", "what to do"), rows, tuple(notes))


def _unknown_and_cut(
    model: Classifier, answers: Answers, places: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """For each text its share of unknown words, and whether the model read only a part of it."""
    encoded = tokenise(model.tokenizer, [answers.texts[place] for place in places], spans=True).encoded
    shares = np.array([1 - float(tokens.known.mean()) for tokens in encoded])
    return shares, np.array([tokens.total > len(tokens.ids) for tokens in encoded], dtype=bool)


def _rare_labels(answers: Answers) -> set[int]:
    """The labels with few rows in training, or where that is not known, in this set."""
    training = None if answers.measured is None else answers.measured.training
    if training is not None and "label" in training:
        counted = Counter(map(str, training["label"].dropna()))
        counts = np.array([counted[label] for label in answers.labels])
    else:
        counts = np.bincount(answers.truth[answers.labelled], minlength=len(answers.labels))
    return set(np.flatnonzero(counts < RARE * counts.mean()).tolist())
