"""attribkit evaluate."""

import json
from typing import Annotated

import typer

from attribkit.cli.arguments import DataArgument, Device, LabelColumn, ModelArgument, Split, TextColumn
from attribkit.cli.metrics import print_metrics
from attribkit.cli.rows import rows_of


def evaluate(
    model: ModelArgument,
    data: DataArgument,
    split: Annotated[
        Split | None, typer.Option(help="Which part; if not given: the test split the data brings, else all of it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    text: TextColumn = None,
    label: LabelColumn = None,
    device: Device = None,
) -> None:
    """Accuracy, precision, recall and F1 per class and averaged, and the confusion matrix."""
    from attribkit.classifier import Classifier
    from attribkit.evaluation.metrics import evaluate as measure

    classifier = Classifier.load(model, device)
    table, part = rows_of(classifier, data, split, text, label)
    metrics = measure(classifier, table)
    if as_json:
        print(json.dumps({"model": classifier.name, "texts": len(table), "part": part, **metrics.summary()}))
    else:
        print_metrics(metrics, f"{len(table):,} texts ({part})")
