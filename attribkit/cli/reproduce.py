"""attribkit reproduce."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from attribkit.cli.console import console, escape


class TableName(StrEnum):
    """The tables there are."""

    imdb = "imdb"
    ag_news = "ag_news"
    nlu_ru = "nlu_ru"


def reproduce(
    table: Annotated[TableName, typer.Argument(help="Which table.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The folder of the results; what is finished in it is kept.")],
    seeds: Annotated[int, typer.Option(help="Train every row with so many seeds.", min=1)] = 3,
    quick: Annotated[bool, typer.Option("--quick", help="Small samples, two epochs: does everything work?")] = False,
    vectors: Annotated[
        Path | None, typer.Option(help="The folder of pretrained vectors; $ATTRIBKIT_DATA/vectors if not given.")
    ] = None,
) -> None:
    """Run a public notebook's table anew: results.json, results.md and pictures; killed, it goes on where it was."""
    from attribkit.reproduce.run import reproduce as run
    from attribkit.training.process_state import kept_memory

    with kept_memory():
        run(
            table.value,
            out,
            seeds=seeds,
            quick=quick,
            vectors=vectors,
        )
    console.print(escape((out / "results.md").read_text(encoding="utf-8")), highlight=False, soft_wrap=True)
    console.print(f"saved in {escape(str(out))}", soft_wrap=True)
