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
    from attribkit.models.registry import name_of

    table = Table(box=None, padding=(0, 3, 0, 0), header_style="bold")
    for column in ("name", "network", "labels"):
        table.add_column(column)
    for name in model_folder.bundled():
        model = Classifier.load(name, "cpu")
        table.add_row(name, name_of(model.network) or "", Text(", ".join(model.labels)))
    transformers = model_folder.bundled_transformers()
    for name in transformers:
        config = json.loads((model_folder.find(name) / "config.json").read_bytes())
        table.add_row(name, config["model_type"], Text(", ".join(config["id2label"].values())))
    console.print(table)
    if transformers:
        needs = f"{', '.join(transformers)} needs: pip install 'attribkit[hf]'"
        console.print(Text(needs), style="dim", highlight=False)


def print_version(wanted: bool) -> None:
    """Print the version and leave."""
    if wanted:
        print(version("attribkit"))
        raise typer.Exit
