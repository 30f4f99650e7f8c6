"""attribkit demo."""

from pathlib import Path
from typing import Annotated

import typer

from attribkit.cli.console import console, escape


def demo(
    out: Annotated[Path, typer.Option(help="Where the pictures go.")] = Path("attribkit-demo"),
) -> None:
    """Explain sample sentences with the bundled models; write a page and pictures."""
    from attribkit.demo import demo as run

    explained, files = run(out)
    for name, rows in explained.items():
        console.print(f"\n[bold]{name}[/]")
        for row in rows[:6]:
            console.print(row)
    console.print("\nThe pictures are in:")
    for file in files:
        console.print(f"  {escape(str(file))}", soft_wrap=True)
