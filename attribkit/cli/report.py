"""attribkit report."""

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
    part,
)
from attribkit.cli.console import console, escape
from attribkit.errors import InputNotFoundError


def report(
    model: ModelArgument,
    data: DataArgument,
    out: Annotated[Path, typer.Option(help="The page to write, an .html file.")] = Path("report.html"),
    texts: Annotated[int, typer.Option(help="Explained texts that can be searched.", min=0)] = 200,
    mistakes: Annotated[int, typer.Option(help="Mistakes to explain, the surest first.", min=0)] = 10,
    taught: Annotated[int, typer.Option(help="Mistakes whose training rows are named.", min=0)] = 5,
    suspects: Annotated[int, typer.Option(help="Training rows to list whose label is likeliest wrong.", min=0)] = 10,
    words: Annotated[int, typer.Option(help="Rows of each table of words.", min=1)] = 15,
    counted: Annotated[int, typer.Option(help="Most texts whose words are counted.", min=1)] = 5_000,
    tested: Annotated[int, typer.Option(help="Texts on which the explanations are tested; 0 for none.", min=0)] = 100,
    with_map: Annotated[bool, typer.Option("--map", help="Draw the map of a layer.")] = False,
    layer: Annotated[str | None, typer.Option(help="Which layer; what the last one reads by default.")] = None,
    other: Annotated[
        list[str] | None, typer.Option(metavar="MODEL", help="The same model trained with another seed; may repeat.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same page.")] = 0,
    split: SplitOption = None,
    text: TextColumn = None,
    label: LabelColumn = None,
    encoding: Encoding = None,
    long: LongTexts = None,
    stride: Stride = None,
    device: Device = None,
) -> None:
    """One page on one model: how good it is, what drives it, where it fails, how far to trust its explanations."""
    from attribkit.loading import load
    from attribkit.reports import report as run
    from attribkit.reports.page import check_report_path

    check_report_path(out)
    if not out.parent.is_dir():
        raise InputNotFoundError(f"the folder {str(out.parent)!r} does not exist; make it first")
    classifier = load(model, device, long=long, stride=stride)
    others = [load(folder, device, long=long, stride=stride) for folder in other or ()]
    page = run(
        classifier,
        data,
        others=others,
        split=part(split),
        text=text,
        label=label,
        encoding=encoding,
        texts=texts,
        mistakes=mistakes,
        taught=taught,
        suspects=suspects,
        words=words,
        counted=counted,
        tested=tested,
        map=with_map,
        layer=layer,
        seed=seed,
    )
    page.save(out)
    console.print(f"wrote {escape(str(out))}", highlight=False, soft_wrap=True)
