"""attribkit words."""

from pathlib import Path
from typing import Annotated

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
from attribkit.cli.console import console, errors, escape
from attribkit.plurals import number_of
from attribkit.render.formats import FORMATS, TABLE

LISTED = 6
"""Labels whose tables are all printed; of more one line each is."""


def words(
    model: ModelArgument,
    data: DataArgument,
    out: Annotated[
        list[Path] | None,
        typer.Option(help=f"A file to write: {', '.join(FORMATS)}, or .csv for every word; may repeat."),
    ] = None,
    least: Annotated[int, typer.Option(help="Texts that a word must occur in to be counted.", min=1)] = 5,
    most: Annotated[int, typer.Option(help="Texts to explain, drawn by the seed if there are more.", min=1)] = 25_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same result.")] = 0,
    split: SplitOption = None,
    text: TextColumn = None,
    label: LabelColumn = None,
    encoding: Encoding = None,
    long: LongTexts = None,
    stride: Stride = None,
    device: Device = None,
) -> None:
    """Which words and phrases drive a model, per class, over a whole set of texts."""
    from attribkit.evaluation.answers import Answers
    from attribkit.evaluation.importance import word_importance
    from attribkit.loading import load
    from attribkit.results.several_panels import Panels

    check_files(out, TABLE)
    classifier = load(model, device, long=long, stride=stride)
    answers = Answers.of(classifier, data, split=part(split), text=text, label=label, encoding=encoding)
    importance = word_importance(classifier, answers, least=least, most=most, seed=seed)
    rows_of = "" if answers.measured is None else f" ({answers.measured.part})"
    console.print(
        f"{number_of(importance.texts, 'text')}{rows_of}, {number_of(importance.tokens, 'token')}", highlight=False
    )
    if out:
        console.print(escape(importance.summary()), highlight=False, soft_wrap=True)
        for note in importance.notes:
            console.print(f"note: {escape(note)}", highlight=False, soft_wrap=True)
    elif len(importance.labels) > LISTED:
        for note in (importance.convergence.sentence, *importance.notes):
            console.print(f"note: {escape(note)}", highlight=False, soft_wrap=True)
        console.print(Panels([importance.overview]))
        console.print(
            "Each label's words and phrases: --out words.html, or all of them in --out words.csv", style="dim"
        )
    else:
        console.print(Panels(importance.panels(10)))
    for path in out or ():
        importance.save(path)
        errors.print(f"wrote {escape(str(path))}", highlight=False, soft_wrap=True)
