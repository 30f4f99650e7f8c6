"""Help texts in which no option's name is cut: where a line is short, what explains the options is broken instead."""

from typing import Any

from rich.table import Table
from typer import rich_utils
from typer.core import TyperCommand


class WholeNames(Table):
    """The table of options, whose last two columns alone give way: the types and what is said of each."""

    def add_row(self, *cells: Any, **options: Any) -> None:
        """Add an option."""
        super().add_row(*cells, **options)
        for column in self.columns[:-2]:
            column.no_wrap = True


class Command(TyperCommand):
    """A command whose help is printed with whole names."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help; typer makes its tables by the name `Table` and offers no other way to change them."""
        usual = vars(rich_utils)["Table"]
        vars(rich_utils)["Table"] = WholeNames
        try:
            super().format_help(ctx, formatter)
        finally:
            vars(rich_utils)["Table"] = usual
