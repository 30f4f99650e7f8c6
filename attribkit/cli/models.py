"""`attribkit models`: the models that come with the package; `--version`."""

import json
from importlib.metadata import version

import typer
from rich.table import Table
from rich.text import Text

from attribkit.cli.console import console


def models() -> None:
    """List the models that come with attribkit: the names that other commands take for MODEL."""
    from attribkit.models import model_folder
    from attribkit.models.classifier import Classifier

    table = Table(box=None, padding=(0, 3, 0, 0), header_style="bold")
    for column in ("name", "network", "labels", "needs"):
        table.add_column(column)
    for name in model_folder.bundled():
        model = Classifier.load(name, "cpu")
        table.add_row(name, type(model.network).__name__, Text(", ".join(model.labels)), "")
    for name in model_folder.bundled_transformers():
        config = json.loads((model_folder.find(name) / "config.json").read_bytes())
        labels = ", ".join(config["id2label"].values())
        table.add_row(name, config["architectures"][0], Text(labels), Text("attribkit[hf]"))
    console.print(table)


def print_version(wanted: bool) -> None:
    """Print the version and leave."""
    if wanted:
        print(version("attribkit"))
        raise typer.Exit
