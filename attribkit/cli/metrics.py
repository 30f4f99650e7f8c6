"""Metrics as tables on the terminal."""

from typing import Any

from rich.table import Table

from attribkit.cli.console import console, escape
from attribkit.evaluation.cells import left_out
from attribkit.evaluation.confusion import confusion_of_many
from attribkit.plurals import number_of
from attribkit.render.terminal import renderable
from attribkit.results.several_panels import Panels


def print_metrics(metrics: Any) -> None:
    """Precision, recall and F1 per class and averaged, the confusion matrix, and what is known of the rows."""
    if not hasattr(metrics, "confusion"):
        console.print(renderable(metrics))
        return
    frame = metrics.to_frame()
    seen = f", {metrics.seen:,} of them seen in training" if metrics.seen else ""
    of = f"{number_of(metrics.rows, 'text')} ({metrics.part}){seen}{left_out(metrics.dropped)}"
    table = Table(title=f"accuracy {metrics.accuracy:.4f} on {of}", title_justify="left", title_style="bold")
    table.add_column("")
    for column in frame.columns:
        table.add_column(str(column), justify="right")
    for name, row in frame.iterrows():
        shares = [f"{share:.4f}" for share in row.drop("support")]
        table.add_row(escape(str(name)), *shares, f"{int(row['support']):,}")
    console.print(table)
    many = confusion_of_many(metrics.labels, metrics.confusion)
    if many:  # the most confused labels: no terminal has room for so many columns
        console.print(Panels(many[:1]))
    else:
        _print_confusion(metrics)
    for note in metrics.notes:
        console.print(f"note: {escape(note)}", highlight=False, soft_wrap=True)


def _print_confusion(metrics: Any) -> None:
    confusion = Table(title="true label ↓ predicted →", title_justify="left", title_style="bold")
    confusion.add_column("")
    for name in metrics.labels:
        confusion.add_column(escape(name), justify="right")
    for name, row in zip(metrics.labels, metrics.confusion, strict=True):
        confusion.add_row(escape(name), *(f"{int(value):,}" for value in row))
    console.print(confusion)
