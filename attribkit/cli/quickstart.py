"""attribkit quickstart."""

from pathlib import Path
from typing import Annotated

import typer

from attribkit.cli.arguments import Encoding, LabelColumn, TextColumn
from attribkit.cli.console import console, escape
from attribkit.plurals import number_of


def quickstart(
    data: Annotated[str, typer.Argument(help="A .csv, .tsv, .jsonl or .parquet file, or a folder of texts.")],
    out: Annotated[Path, typer.Option(help="The folder for the model and the report.")] = Path("quickstart"),
    text: TextColumn = None,
    label: LabelColumn = None,
    vectors: Annotated[Path | None, typer.Option(help="Pretrained word vectors, such as GloVe's.")] = None,
    encoding: Encoding = None,
    overwrite: Annotated[bool, typer.Option("--force", help="Replace a model that is in the folder.")] = False,
    seed: Annotated[int, typer.Option(help="The same seed gives the same model.")] = 0,
) -> None:
    """From a table to a trained model, its figures beside a classical reference, and a report; guesses are said."""
    from attribkit.automl import quickstart as run

    def say(sentence: str) -> None:
        console.print(f"· {escape(sentence)}", highlight=False, soft_wrap=True)

    result = run(
        data,
        text=text,
        label=label,
        vectors=vectors,
        out=out,
        overwrite=overwrite,
        seed=seed,
        encoding=encoding,
        say=say,
    )
    for row in result.to_frame().itertuples():
        figures = f"accuracy {row.accuracy:.3f}, macro F1 {row.macro_f1:.3f} on {number_of(row.texts, 'test text')}"
        console.print(f"  [bold]{escape(str(row.classifier))}[/bold]: {figures}", highlight=False, soft_wrap=True)
    for warning in result.warnings:
        console.print(f"! {escape(warning)}", highlight=False, soft_wrap=True)
    console.print(f"wrote {escape(str(out / 'report.html'))}; go on with", highlight=False, soft_wrap=True)
    for command in result.next_steps():
        console.print(f"  {escape(command)}", highlight=False, soft_wrap=True)
