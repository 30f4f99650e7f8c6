"""The answer in short: what a reader of a report should know before anything else, a sentence and a figure each."""

import numpy as np

from attribkit.evaluation.calibration import Calibration
from attribkit.evaluation.failures.kinds import MISLABELLED, Kind
from attribkit.evaluation.importance import WordImportance
from attribkit.evaluation.metrics import Metrics
from attribkit.plurals import number_of
from attribkit.reports.explanation_quality import ExplanationTests

_LABELS = 3
"""Labels whose words are named."""


def summary(
    metrics: Metrics | None,
    calibration: Calibration | None,
    words: WordImportance,
    kinds: list[Kind],
    tests: ExplanationTests,
) -> tuple[str, ...]:
    """At most five sentences: how good, how sure, by what words, where it fails, whether its explanations hold."""
    sentences = []
    if metrics is not None and calibration is not None:
        sentences += [metrics.accuracy_in_words(), calibration.verdict]
    sentences += by_words(words)
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


def by_words(words: WordImportance) -> list[str]:
    """By what words the model decides, of the first labels; nothing where no word surely speaks for one."""
    named = words.reasons()
    more = "; the other labels’ words are below" if len(named) > _LABELS else ""
    return [f"It says {'; '.join(named[:_LABELS])}{more}."] if named else []


def _failures(metrics: Metrics, kinds: list[Kind]) -> str:
    doubted = sum(kind is MISLABELLED for kind in kinds)
    if metrics.most_confused is None:
        wrong = metrics.rows - int(np.trace(metrics.confusion))
        sentence = f"It makes {number_of(wrong, 'mistake')} and confuses no two labels more than once"
    else:
        sentence = f"Most often {metrics.most_confused}"
    return (
        f"{sentence}; {number_of(doubted, 'mistake looks', 'mistakes look')} like wrong labels."
        if doubted
        else f"{sentence}."
    )
