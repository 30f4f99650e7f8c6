"""Metrics as tables on the terminal."""

from typing import Any

from rich.table import Table

from attribkit.cli.console import console, escape
from attribkit.render.terminal import renderable


def print_metrics(metrics: Any) -> None:
    """Precision, recall and F1 per class and averaged, the confusion matrix, and what is known of the rows."""
    if not hasattr(metrics, "confusion"):
        console.print(renderable(metrics))
        return
    frame = metrics.to_frame()
    seen = f", {metrics.seen:,} of them seen in training" if metrics.seen else ""
    of = f"{metrics.rows + metrics.dropped:,} texts ({metrics.part}){seen}"
    table = Table(title=f"accuracy {metrics.accuracy:.4f} on {of}", title_justify="left", title_style="bold")
    table.add_column("")
    for column in frame.columns:
        table.add_column(str(column), justify="right")
    for name, row in frame.iterrows():
        shares = [f"{share:.4f}" for share in row.drop("support")]
        table.add_row(escape(str(name)), *shares, f"{int(row['support']):,}")
    console.print(table)
    confusion = Table(title="true label ↓ predicted →", title_justify="left", title_style="bold")
    confusion.add_column("")
    for name in metrics.labels:
        confusion.add_column(escape(name), justify="right")
    for name, row in zip(metrics.labels, metrics.confusion, strict=True):
        confusion.add_row(escape(name), *(f"{int(value):,}" for value in row))
    console.print(confusion)
    for note in metrics.notes:
        console.print(f"note: {escape(note)}", highlight=False, soft_wrap=True)
