"""The metrics as panels: figures by class, and the confusion matrix."""

from attribkit.evaluation.confusion import confusion_of_many
from attribkit.evaluation.metrics import Metrics
from attribkit.results.panels import Panel, Table


def metrics_table(metrics: Metrics, title: str = "Precision, recall and F1") -> Table:
    """A row for each label, then the averages."""
    frame = metrics.to_frame()
    rows = tuple(
        (str(name), round(float(p), 4), round(float(r), 4), round(float(f), 4), int(texts))
        for name, p, r, f, texts in frame[["precision", "recall", "f1", "support"]].itertuples()
    )
    return Table(title, ("class", "precision", "recall", "F1", "texts"), rows, metrics.notes)


def confusion_panels(metrics: Metrics) -> tuple[Panel, ...]:
    """A shaded table of few labels; of many the most confused pairs, and a picture ordered by likeness."""
    return confusion_of_many(metrics.labels, metrics.confusion) or (confusion_table(metrics),)


def confusion_table(metrics: Metrics, title: str = "Confusion matrix") -> Table:
    """True labels down, predicted ones across; the deeper a cell, the larger its share of the true label's texts."""
    rows, shades = [], []
    for name, counts, texts in zip(metrics.labels, metrics.confusion.tolist(), metrics.support.tolist(), strict=True):
        rows.append((name, *counts, texts))
        shades.append((None, *(count / texts if texts else None for count in counts), None))
    columns = ("true ↓  predicted →", *metrics.labels, "texts")
    return Table(title, columns, tuple(rows), ("shaded by the share of the true label’s texts",), shades=tuple(shades))
