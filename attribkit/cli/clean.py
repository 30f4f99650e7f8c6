"""attribkit clean."""

from pathlib import Path
from typing import Annotated

import typer

from attribkit.cli.arguments import (
    DataArgument,
    Device,
    Encoding,
    LabelColumn,
    SplitOption,
    TextColumn,
    check_files,
    part,
)
from attribkit.cli.console import console, errors, escape
from attribkit.render.formats import FORMATS, TABLE


def clean(
    data: DataArgument,
    model: Annotated[
        str, typer.Option(help="A model folder or a bundled name; one that was trained on the rows may be given.")
    ],
    out: Annotated[
        list[Path] | None,
        typer.Option(help=f"A file to write: .csv for the suspects, or {', '.join(FORMATS)}; may repeat."),
    ] = None,
    most: Annotated[int, typer.Option(help="Rows to explain by token scores.", min=0)] = 20,
    near: Annotated[
        float, typer.Option(help="The share of stretches of five words that near-duplicates have in common.")
    ] = 0.8,
    words: Annotated[bool, typer.Option(help="Whether a model of words has a say beside the last layer.")] = True,
    seed: Annotated[int, typer.Option(help="The same seed gives the same result.")] = 0,
    split: SplitOption = None,
    text: TextColumn = None,
    label: LabelColumn = None,
    encoding: Encoding = None,
    device: Device = None,
) -> None:
    """Find rows whose label is likely wrong, and texts that occur more than once."""
    from attribkit.influence import label_errors
    from attribkit.models.classifier import Classifier

    check_files(out, TABLE)
    classifier = Classifier.load(model, device)
    result = label_errors(
        classifier,
        data,
        most=most,
        near=near,
        words=words,
        seed=seed,
        split=part(split),
        text=text,
        label=label,
        encoding=encoding,
    )
    for path in out or ():  # before anything is printed, into a pipe that its reader may close
        result.save(path)
        errors.print(f"wrote {escape(str(path))}", highlight=False, soft_wrap=True)
    console.print(result.overview)
    console.print(escape(result.summary()), highlight=False, soft_wrap=True)
