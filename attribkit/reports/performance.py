"""Performance: how good the model is, and its mistakes."""

from attribkit.evaluation.answers import Answers
from attribkit.evaluation.calibration import Calibration
from attribkit.evaluation.errors import explained_mistakes, mistakes
from attribkit.evaluation.failures import (
    confused_cells,
    edits_table,
    kinds_of_mistakes,
    kinds_table,
    smallest_edit,
)
from attribkit.evaluation.performance import Metrics
from attribkit.evaluation.tables import confusion_panels, metrics_table
from attribkit.models.classifier import Classifier
from attribkit.progress import Progress
from attribkit.results.panels import Figure, Section

_NO_LABELS = "The data holds no label that the model knows, so nothing can be said of this: give a table with labels."

_EXPLAINED = 200
"""Mistakes whose words are compared, beside those that are shown."""


def section(metrics: Metrics | None, calibration: Calibration | None) -> Section:
    """Metrics, confusion matrix, calibration."""
    head = ("performance", "How good is it?", "How good")
    if metrics is None or calibration is None:
        return Section(*head, (_NO_LABELS,))
    sentences = [
        f"It is right on {100 * metrics.accuracy:.1f} % of {metrics.rows:,} texts.",
        f"{calibration.verdict} The expected calibration error is {calibration.error:.3f}.",
    ]
    missing = [name for name, texts in zip(metrics.labels, metrics.support.tolist(), strict=True) if not texts]
    if missing:
        named = ", ".join(f"“{name}”" for name in missing)
        sentences.append(f"No text is labelled {named}, so the averages over the classes say less than they seem to.")
    if metrics.unknown is not None:
        sentence = metrics.unknown.sentences[1]
        sentences.append(f"Of rows whose label the model does not know: {sentence}.")
    panels = (metrics_table(metrics), *confusion_panels(metrics), calibration.chart(), calibration.table())
    return Section(*head, tuple(sentences), panels)


def failures_section(
    model: Classifier, answers: Answers, most: int, batch_size: int | None, progress: Progress
) -> Section:
    """The most confident mistakes of the model, each with its token scores."""
    head = ("failures", "Where does it fail?", "Where it fails")
    if not len(answers.labelled):
        return Section(*head, (_NO_LABELS,))
    wrong = len(mistakes(answers))
    if not wrong:
        return Section(*head, ("It made no mistake on these texts.",))
    if not most:
        return Section(*head, (f"It was wrong on {wrong:,} texts; none was asked to be shown.",))
    explained = explained_mistakes(model, answers, max(most, _EXPLAINED), batch_size=batch_size, progress=progress)
    rows = explained[:most]
    sentence = f"It was wrong on {wrong:,} texts. Here are the {len(rows)} on which it was surest"
    if len(rows) == 1:
        sentence = f"It was wrong on {wrong:,} text{'s' if wrong > 1 else ''}. Here is the one on which it was surest"
    kinds, _ = kinds_of_mistakes(model, answers)
    edits = [(row, smallest_edit(model, row.text, row.token_scores)) for row in rows]
    panels = (kinds_table(kinds, answers), confused_cells(answers, explained), edits_table(edits))
    return Section(*head, (f"{sentence}: the coloured words made it say what it said.",), panels, rows=tuple(rows))


def figures(metrics: Metrics | None, calibration: Calibration | None) -> list[Figure]:
    """The figures at the top of the page."""
    if metrics is None or calibration is None:
        return []
    f1 = metrics.positive_f1
    own = Figure("F1, macro average", f"{metrics.macro['f1']:.3f}", "each class counting the same")
    if f1 is not None:
        own = Figure(f"F1 of “{metrics.labels[-1]}”", f"{f1:.3f}", "harmonic mean of precision and recall")
    return [
        Figure("Accuracy", f"{100 * metrics.accuracy:.1f} %", f"of {metrics.rows:,} labelled texts"),
        own,
        Figure("Calibration error", f"{calibration.error:.3f}", "how far confidence and accuracy are apart, 0 is best"),
    ]
