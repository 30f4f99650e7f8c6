"""The answer in short: what a reader of a report should know before anything else, a sentence and a figure each."""

import numpy as np

from attribkit.evaluation.answers import Answers
from attribkit.evaluation.calibration import Calibration
from attribkit.evaluation.failures.kinds import MISLABELLED, Kind
from attribkit.evaluation.importance import WordImportance
from attribkit.evaluation.metrics import Metrics
from attribkit.evaluation.statistics import estimate
from attribkit.reports.explanation_quality import ExplanationTests

_LABELS, _WORDS = 3, 3
"""Labels whose words are named, and words of each."""


def summary(
    answers: Answers,
    metrics: Metrics | None,
    calibration: Calibration | None,
    words: WordImportance,
    kinds: list[Kind],
    tests: ExplanationTests,
) -> tuple[str, ...]:
    """At most five sentences: how good, how sure, by what words, where it fails, whether its explanations hold."""
    sentences = []
    if metrics is not None and calibration is not None:
        sentences += [_how_good(answers, metrics), calibration.verdict]
    sentences += _words(words)
    if metrics is not None and kinds:
        sentences.append(_failures(metrics, kinds))
    over = tests.over_random()
    if over is not None:
        sentences.append(
            f"Its explanations are faithful: without the words they name its probability falls by {over[0]:.2f} more "
            "than without random ones."
            if over[1] > 0
            else "Its explanations were not shown to be faithful: deleting the words they name changes the answer no "
            "more than deleting random ones."
        )
    return tuple(sentences)


def _how_good(answers: Answers, metrics: Metrics) -> str:
    right = estimate(answers.right.astype(float))
    commonest = int(np.argmax(metrics.support))
    return (
        f"It is right on {100 * right.mean:.1f} % of {metrics.rows:,} texts (95 % interval {100 * right.low:.1f} to "
        f"{100 * right.high:.1f} %); always to say “{metrics.labels[commonest]}” would be right on "
        f"{100 * metrics.support[commonest] / metrics.rows:.1f} %."
    )


def _words(words: WordImportance) -> list[str]:
    named = []
    for label in words.labels:
        own = words.words[(words.words["label"] == label) & (words.words["low"] > 0)]
        if len(own):
            named.append(f"for “{label}” {', '.join(f'“{word}”' for word in own['word'].head(_WORDS))}")
    if not named:
        return []
    more = "; the other labels’ words are below" if len(named) > _LABELS else ""
    return [f"It decides above all by these words: {'; '.join(named[:_LABELS])}{more}."]


def _failures(metrics: Metrics, kinds: list[Kind]) -> str:
    wrong = metrics.confusion - np.diag(np.diag(metrics.confusion))
    true, given = np.unravel_index(int(wrong.argmax()), wrong.shape)
    doubted = sum(kind is MISLABELLED for kind in kinds)
    sentence = (
        f"It most often takes “{metrics.labels[true]}” for “{metrics.labels[given]}” ({wrong[true, given]:,} of "
        f"{len(kinds):,} mistakes)"
    )
    return f"{sentence}; {doubted:,} mistakes look like wrong labels." if doubted else f"{sentence}."
