"""What a report says of several labels a text, or of a number: performance, errors, the answer in short."""

from typing import Any

from attribkit.evaluation.answers import Answers
from attribkit.evaluation.calibration import Calibration
from attribkit.evaluation.cells import in_words
from attribkit.evaluation.importance import WordImportance
from attribkit.evaluation.multilabel import MultilabelMetrics
from attribkit.evaluation.regression import RegressionMetrics
from attribkit.models.classifier import Classifier
from attribkit.plurals import by_number, number_of
from attribkit.reports.summary import by_words
from attribkit.results.explanations import Explanations
from attribkit.results.panels import Figure, Group, Section

_HEAD = ("performance", "How good is it?", "How good")
_NAMED = 5


def performance_section(metrics: Any, calibration: Calibration | None) -> Section:
    """The figures over all labels, then each label; or the errors of a number."""
    if isinstance(metrics, MultilabelMetrics) and calibration is not None:
        whole, each = metrics.panels()
        groups = (
            Group("Each label", (each,)),
            Group("Calibration: how often labels hold at each probability", (calibration.chart(), calibration.table())),
        )
        sentences = (
            f"On {100 * metrics.subset_accuracy.mean:.1f} % of {number_of(metrics.rows, 'text')} exactly the true "
            "labels are "
            f"predicted; {100 * metrics.hamming_loss.mean:.2f} % of all single decisions are wrong.",
            f"{calibration.verdict} The expected calibration error is {calibration.error:.3f}.",
        )
        return Section(*_HEAD, sentences, (whole,), groups)
    if isinstance(metrics, RegressionMetrics):
        mae = in_words(metrics.mae)
        return Section(*_HEAD, (f"On average it is off by {mae} {metrics.unit}.",), metrics.panels())
    return Section(*_HEAD, ("The data holds no answers to compare with: give a table with a column of them.",))


def performance_figures(metrics: Any, calibration: Calibration | None) -> list[Figure]:
    """The figures at the top of the page."""
    if isinstance(metrics, MultilabelMetrics) and calibration is not None:
        return [
            Figure(
                "Micro F1", f"{metrics.micro_f1.mean:.3f}", f"over all decisions on {number_of(metrics.rows, 'text')}"
            ),
            Figure(
                "Macro F1",
                f"{metrics.macro_f1:.3f}",
                f"each of {number_of(len(metrics.labels), 'label')} counting the same",
            ),
            Figure(
                "Exact sets", f"{100 * metrics.subset_accuracy.mean:.1f} %", "of texts with exactly the true labels"
            ),
            Figure("Calibration error", f"{calibration.error:.3f}", "how far probabilities are from shares, 0 is best"),
        ]
    if isinstance(metrics, RegressionMetrics):
        return [
            Figure(
                "Mean absolute error", f"{metrics.mae.mean:.3g} {metrics.unit}", f"on {number_of(metrics.rows, 'text')}"
            ),
            Figure("R²", f"{metrics.r2.mean:.3f}", "share of the variance explained"),
            Figure("Spearman’s ρ", f"{metrics.spearman.mean:.3f}", "how far it keeps the order, −1 to 1"),
        ]
    return []


def errors_section(answers: Answers, explained: Explanations, wrong: int) -> Section:
    """The worst answers with their token scores."""
    head = ("failures", "Where does it fail?", "Where it fails")
    if not len(answers.labelled):
        return Section(*head, ("The data holds no answers to compare with: give a table with a column of them.",))
    if not wrong:
        return Section(*head, ("It made no mistake on these texts.",))
    if answers.task == "regression":
        which = by_number(len(explained), "is the text", f"are the {len(explained):,} texts")
        sentence = f"Here {which} on which it is farthest off, with what each word did."
    else:
        sentence = (
            f"On {number_of(wrong, 'text')} its labels are not exactly the true ones. Here "
            f"{by_number(len(explained), 'is the one', f'are the {len(explained)}')} "
            "with the surest wrong decision; the label that is most wrong is explained."
        )
    return Section(*head, (sentence,), rows=tuple(explained))


def summary(answers: Answers, metrics: Any, words: WordImportance) -> tuple[str, ...]:
    """The answer in short."""
    sentences = []
    if isinstance(metrics, MultilabelMetrics):
        sentences.append(f"Its micro F1 is {in_words(metrics.micro_f1)} on {number_of(metrics.rows, 'text')}.")
        support = metrics.support
        order = [
            place for place in metrics.f1.argsort(kind="stable").tolist() if support[place] and metrics.f1[place] < 1
        ][:3]
        worst = ", ".join(f"“{metrics.labels[place]}” ({metrics.f1[place]:.2f})" for place in order)
        sentences += [f"It is worst at {worst}, by F1."] if order else []
    if isinstance(metrics, RegressionMetrics):
        sentences.append(
            f"On average it is off by {in_words(metrics.mae)} {metrics.unit} on {number_of(metrics.rows, 'text')}; "
            "it explains "
            f"{100 * metrics.r2.mean:.0f} % of their variance."
        )
    return (*sentences, *_words(words))


def what_it_gives(model: Classifier) -> str:
    """What the model predicts, in a sentence's part."""
    if model.task == "regression":
        return f"{model.name} gives a text a number, {model.labels[0]}, in {model.unit}."
    several = model.task == "multilabel"
    return f"{model.name} gives a text {'any' if several else 'one'} of {number_of(len(model.labels), 'label')}."


def _words(words: WordImportance) -> list[str]:
    if words.task == "regression":
        raised = words.words[words.words["low"] > 0]["word"].head(_NAMED)
        lowered = words.words[words.words["high"] < 0]["word"].iloc[::-1].head(_NAMED)
        sides = ((raised, "raised"), (lowered, "lowered"))
        named = [f"{side} by {', '.join(f'“{word}”' for word in some)}" for some, side in sides if len(some)]
        return [f"Its number is mainly {' and '.join(named)}."] if named else []
    return by_words(words)
