"""attribkit check."""

import json
from typing import Annotated, Any

import typer

from attribkit.cli.arguments import (
    DataArgument,
    Device,
    Encoding,
    LabelColumn,
    LongTexts,
    MethodOption,
    ModelArgument,
    SplitOption,
    Stride,
    TextColumn,
    part,
)
from attribkit.cli.console import console, errors


def threshold(what: str) -> Any:
    """An option that asks for the least or the most of a figure."""
    return typer.Option(help=what, show_default=False, rich_help_panel="What is asked for")


def check(
    model: ModelArgument,
    data: DataArgument,
    min_accuracy: Annotated[float | None, threshold("Share of right answers.")] = None,
    min_f1: Annotated[
        float | None, threshold("F1 of the last label if there are two, else the mean over the labels.")
    ] = None,
    max_calibration_error: Annotated[float | None, threshold("Expected calibration error.")] = None,
    min_comprehensiveness: Annotated[
        float | None, threshold("What the answer loses when the words called most important are deleted.")
    ] = None,
    min_comprehensiveness_over_random: Annotated[
        float | None, threshold("The same less what it loses without random words.")
    ] = None,
    max_sufficiency: Annotated[
        float | None, threshold("What the answer loses when those words alone are kept.")
    ] = None,
    max_completeness_error: Annotated[
        float | None,
        threshold("By how much any text's scores fail to sum to the model's output, relative to their sizes."),
    ] = None,
    min_converged: Annotated[float | None, threshold("Share of texts whose scores sum to the model's output.")] = None,
    max_randomised_correlation: Annotated[
        float | None, threshold("What is left of the scores' order when every layer is randomised.")
    ] = None,
    min_plausibility_over_random: Annotated[
        float | None,
        threshold(
            "Area under precision and recall (AUPRC) against the data's rationales, less that of random scores: 0.05 "
            "asks for .36 where random scores reach .31. Both are printed."
        ),
    ] = None,
    min_macro_f1: Annotated[float | None, threshold("With several labels a text, F1 averaged over the labels.")] = None,
    max_hamming_loss: Annotated[
        float | None, threshold("With several labels a text, share of wrong decisions.")
    ] = None,
    max_mae: Annotated[float | None, threshold("Of a regression, the mean absolute error in its unit.")] = None,
    max_rmse: Annotated[float | None, threshold("Of a regression, the root mean squared error in its unit.")] = None,
    min_r2: Annotated[float | None, threshold("Of a regression, the share of the variance explained.")] = None,
    min_spearman: Annotated[float | None, threshold("Of a regression, Spearman's rank correlation.")] = None,
    method: MethodOption = None,
    texts: Annotated[int, typer.Option(help="Most texts that the explanations' figures are taken on.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed gives the same figures.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    allow_training_rows: Annotated[
        bool, typer.Option("--allow-training-rows", help="Let it pass though rows seen in training are measured.")
    ] = False,
    split: SplitOption = None,
    text: TextColumn = None,
    label: LabelColumn = None,
    encoding: Encoding = None,
    long: LongTexts = None,
    stride: Stride = None,
    device: Device = None,
) -> None:
    """Hold a model and its explanations to thresholds: exit code 0 if all are kept, 1 if one is not, 2 for bad use."""
    from attribkit.evaluation.check import check as run
    from attribkit.loading import load

    limits = {
        "accuracy": min_accuracy,
        "f1": min_f1,
        "calibration_error": max_calibration_error,
        "comprehensiveness": min_comprehensiveness,
        "comprehensiveness_over_random": min_comprehensiveness_over_random,
        "sufficiency": max_sufficiency,
        "completeness_error": max_completeness_error,
        "converged": min_converged,
        "randomised_correlation": max_randomised_correlation,
        "plausibility_over_random": min_plausibility_over_random,
        "macro_f1": min_macro_f1,
        "hamming_loss": max_hamming_loss,
        "mae": max_mae,
        "rmse": max_rmse,
        "r2": min_r2,
        "spearman": min_spearman,
    }
    classifier = load(model, device, long=long, stride=stride)
    thresholds = {name: value for name, value in limits.items() if value is not None}
    checked = run(
        classifier,
        data,
        thresholds,
        method=method,
        texts=texts,
        seed=seed,
        split=part(split),
        allow_training_rows=allow_training_rows,
        text=text,
        label=label,
        encoding=encoding,
    )
    if as_json:
        print(json.dumps(checked.to_dict(), allow_nan=False))
    else:
        console.print(checked)
    if checked.passed and not checked.asked:
        errors.print(checked.answer(), highlight=False)
    if not checked.passed:
        if checked.failure is not None:
            errors.print(f"failed: {checked.failure}", highlight=False)
        for figure in (figure for figure in checked.figures if figure.passed is False):
            name = figure.name.replace("_", " ")
            errors.print(f"failed: {name} is {figure.value:.4g}, asked for {figure.asked}", highlight=False)
        raise typer.Exit(1)
