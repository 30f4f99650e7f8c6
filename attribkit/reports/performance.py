"""Performance: how good the model is."""

from collections.abc import Sequence

from attribkit.evaluation.calibration import Calibration
from attribkit.evaluation.metrics import Metrics
from attribkit.evaluation.tables import confusion_panels, metrics_table
from attribkit.plurals import number_of
from attribkit.results.panels import Figure, Group, Section

NO_LABELS = "The data holds no label that the model knows, so nothing can be said of this: give a table with labels."


_LISTED = 5
"""Labels that a sentence lists, at most."""


def listed(names: Sequence[str]) -> str:
    """Labels in a sentence: the first few, and how many more there are."""
    more = f" or one of {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return ", ".join(f"“{name}”" for name in names[:_LISTED]) + more


def section(metrics: Metrics | None, calibration: Calibration | None) -> Section:
    """Metrics, confusion matrix, calibration."""
    head = ("performance", "How good is it?", "How good")
    if metrics is None or calibration is None:
        return Section(*head, (NO_LABELS,))
    sentences = [
        metrics.accuracy_in_words(),
        f"{calibration.verdict} The expected calibration error is {calibration.error:.3f}.",
    ]
    missing = [name for name, texts in zip(metrics.labels, metrics.support.tolist(), strict=True) if not texts]
    if missing:
        sentences.append(
            f"No text is labelled {listed(missing)}, so the averages over the classes say less than they seem to."
        )
    if metrics.unknown is not None:
        sentence = metrics.unknown.sentences[1]
        sentences.append(f"Of rows whose label the model does not know: {sentence}.")
    panels = confusion_panels(metrics)
    groups = (
        Group("Precision, recall and F1 of each label", (metrics_table(metrics),)),
        Group("Calibration: how sure it is against how often it is right", (calibration.chart(), calibration.table())),
    )
    return Section(*head, tuple(sentences), panels, groups)


def figures(metrics: Metrics | None, calibration: Calibration | None) -> list[Figure]:
    """The figures at the top of the page."""
    if metrics is None or calibration is None:
        return []
    which, too = "labelled", ""
    if metrics.held_out is not None:
        metrics, which, too = metrics.held_out, "held-out", "; of the held-out texts"
    f1 = metrics.positive_f1
    own = Figure("F1, macro average", f"{metrics.macro['f1']:.3f}", f"each class counting the same{too}")
    if f1 is not None:
        own = Figure(f"F1 of “{metrics.labels[-1]}”", f"{f1:.3f}", f"harmonic mean of precision and recall{too}")
    apart = f"how far confidence and accuracy are apart, 0 is best{too}"
    return [
        Figure("Accuracy", f"{100 * metrics.accuracy:.1f} %", f"of {number_of(metrics.rows, f'{which} text')}"),
        own,
        Figure("Calibration error", f"{calibration.error:.3f}", apart),
    ]
