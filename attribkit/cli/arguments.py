"""What several commands take."""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from attribkit.attribution.registry import in_words
from attribkit.errors import InputError, InputNotFoundError
from attribkit.render.formats import NONE, Format, format_of, suffixes

ModelArgument = Annotated[str, typer.Argument(help="A model folder or a bundled name.", show_default=False)]
DataArgument = Annotated[
    str, typer.Argument(help="A named set (imdb, ag_news, nlu_ru, demo), a file or a folder.", show_default=False)
]
TextColumn = Annotated[str | None, typer.Option(help="The column that holds the texts; guessed if not given.")]
LabelColumn = Annotated[str | None, typer.Option(help="The column that holds the labels; guessed if not given.")]
Encoding = Annotated[
    str | None, typer.Option(help="Of the data's files, such as cp1252; a guess that is not UTF-8 is said.")
]
LabelSeparator = Annotated[
    str | None, typer.Option(help="What stands between several labels in a cell, such as '|'; lists need none.")
]
SavePaths = Annotated[list[Path] | None, typer.Option(help=f"A file to write: {suffixes()}; may repeat.")]
MethodOption = Annotated[str | None, typer.Option(help=in_words())]
LongTexts = Annotated[
    str | None,
    typer.Option(
        "--long",
        help="A text longer than a transformer reads is: refuse (if not given), cut, or windows, whose outputs are "
        "averaged.",
    ),
]
Stride = Annotated[
    int | None,
    typer.Option(help="With --long windows: tokens that a window shares with the one before; a quarter if not given."),
]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, …; the best there is if not given.")]


class Split(StrEnum):
    """Which part of a data set is used."""

    train = "train"
    validation = "validation"
    test = "test"
    all = "all"


SplitOption = Annotated[
    Split | None,
    typer.Option(
        help="Which part; if not given: the test split the data brings, else all of it, without rows that the model "
        "was trained on."
    ),
]


def part(split: Split | None) -> str | None:
    """The part's name, as the functions take it."""
    return None if split is None else split.value


def check_files(paths: Sequence[Path] | None, own: Mapping[str, Format] = NONE) -> None:
    """Refuse at the door what saving would refuse after all the work.

    Args:
        paths: of files to write.
        own: formats of the result beside those of all.

    Raises:
        ValueError: for a suffix that nothing can be saved under.
        FileNotFoundError: for a folder that there is not.
    """
    for path in paths or ():
        format_of(path, own)
        if not path.parent.is_dir():
            raise InputNotFoundError(f"the folder {str(path.parent)!r} does not exist; make it first")


def numbers(text: str | None, option: str) -> tuple[int, ...] | None:
    """The integers between an option's commas."""
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"{option} must be numbers between commas, such as 3,4,5, got {text!r}") from error


def options_of(pairs: Sequence[str] | None, option: str) -> dict[str, Any]:
    """The values by name of an option given as NAME=VALUE; a value is read as JSON, and else is a text."""
    options: dict[str, Any] = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise InputError(f"{option} must be a name and a value, such as width=64, got {pair!r}")
        try:
            options[name] = json.loads(value)
        except ValueError:
            options[name] = value
    return options


def target_of(target: str | None, labels: tuple[str, ...]) -> Any:
    """A pair if it is written as one and is no label itself."""
    if target is None or target in labels or "," not in target:
        return target
    return tuple(part.strip() for part in target.split(","))
