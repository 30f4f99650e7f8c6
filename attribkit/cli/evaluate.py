"""attribkit evaluate."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from attribkit.cli.arguments import (
    DataArgument,
    Device,
    Encoding,
    LabelColumn,
    LongTexts,
    ModelArgument,
    SplitOption,
    Stride,
    TextColumn,
    check_files,
    part,
)
from attribkit.cli.console import errors as stderr
from attribkit.cli.console import escape
from attribkit.cli.metrics import print_metrics


def evaluate(
    model: ModelArgument,
    data: DataArgument,
    split: SplitOption = None,
    errors: Annotated[
        Path | None,
        typer.Option(
            help="A page to write (.html, or a picture): the mistakes the model was surest of with their token scores, "
            "the calibration curve, and the confusion matrix."
        ),
    ] = None,
    most: Annotated[int, typer.Option(help="Mistakes to explain on that page.", min=0)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    text: TextColumn = None,
    label: LabelColumn = None,
    encoding: Encoding = None,
    long: LongTexts = None,
    stride: Stride = None,
    device: Device = None,
) -> None:
    """Accuracy, precision, recall and F1 per class and averaged, and the confusion matrix."""
    from attribkit.evaluation.errors import errors as find_errors
    from attribkit.evaluation.performance import evaluate as measure
    from attribkit.loading import load

    check_files([errors] if errors else [])
    classifier = load(model, device, long=long, stride=stride)
    read: dict[str, Any] = {"split": part(split), "text": text, "label": label, "encoding": encoding}
    metrics = measure(classifier, data, **read)
    if errors is not None:
        find_errors(classifier, data, most=most, **read).save(errors)
        stderr.print(f"wrote {escape(str(errors))}", highlight=False, soft_wrap=True)
    if as_json:
        print(json.dumps({"model": classifier.name, "texts": metrics.rows, **metrics.to_dict()}))
    else:
        print_metrics(metrics)
