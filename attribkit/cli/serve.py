"""attribkit serve."""

import gc
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from attribkit.cli.arguments import Encoding, LabelColumn, LongTexts, SplitOption, Stride, TextColumn, part
from attribkit.cli.console import console, errors, escape
from attribkit.errors import InputError, MissingPackageError
from attribkit.plurals import number_of


def serve(
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MODEL …]", help="Model folders and bundled names; the bundled ones if not given."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 8000,
    host: Annotated[str, typer.Option(help="127.0.0.1 lets only this machine in.")] = "127.0.0.1",
    public_name: Annotated[
        list[str] | None,
        typer.Option(help="A name by which browsers reach this page through a proxy, such as explain.example.org."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="A named set, a file or a folder whose rows stand beside the page, answered by every model."),
    ] = None,
    split: SplitOption = None,
    text: TextColumn = None,
    label: LabelColumn = None,
    encoding: Encoding = None,
    long: LongTexts = None,
    stride: Stride = None,
    share_readonly: Annotated[
        bool,
        typer.Option(
            "--share-readonly",
            help="Let colleagues in your network look at --data by a link with a key; only its rows can be asked of.",
        ),
    ] = False,
) -> None:
    """Open a live page on which the explanation follows what you type."""
    if data is None and (split, text, label, encoding) != (None, None, None, None):
        raise InputError(
            "--split, --text, --label and --encoding say how --data are read; give --data, or leave them out"
        )
    if share_readonly and data is None:
        raise InputError("--share-readonly shares the rows of --data; give --data, or --host for a page to type on")
    with _without_garbage_collection():
        from attribkit.loading import load
        from attribkit.models.model_folder import bundled

        try:
            from attribkit.serve.server import address_of, is_loopback, listen, own_address
            from attribkit.serve.server import serve as run
            from attribkit.serve.workbench.rows import DataRows
        except ModuleNotFoundError as error:
            if str(error.name).startswith("attribkit"):
                raise
            raise MissingPackageError(f"the live page needs {error.name}; pip install 'attribkit[serve]'") from error

        # films first, as the page's examples are
        loaded = [load(model, "cpu", long=long, stride=stride) for model in models or bundled()[::-1]]
        read: dict[str, Any] = {"split": part(split), "text": text, "label": label, "encoding": encoding}
        rows = None if data is None else DataRows.of(loaded, data, **read)
    key = secrets.token_urlsafe(24) if share_readonly else None
    if share_readonly:
        host = "0.0.0.0" if is_loopback(host) else host
        errors.print(
            "[bold]warning:[/] whoever has the link below can read every row of the data; nothing is encrypted, and "
            "others in this network can read along. Share it only in a network that you trust, and stop it afterwards",
            soft_wrap=True,
        )
    elif not is_loopback(host):
        errors.print(
            f"[bold]warning:[/] everyone who can reach {escape(host)} can use these models; there is no password and "
            "no encryption",
            soft_wrap=True,
        )
    listening = listen(host, port)
    names = ", ".join(model.name for model in loaded)

    def ready() -> None:
        if rows is not None:
            console.print(
                f"{number_of(len(rows), 'row')}: {escape('; '.join((rows.source, *rows.notes)))}", soft_wrap=True
            )
        address = address_of(listening)
        if key is not None:
            address = f"http://{own_address()}:{listening.getsockname()[1]}/?key={key}"
        console.print(f"{escape(names)}: live at {escape(address)}  (Ctrl-C stops it)", soft_wrap=True)

    run(loaded, listening, ready, rows, key, public_name or ())


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Imports and models are there to stay: looking for garbage among them takes a seventh of the start."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
