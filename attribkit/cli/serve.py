"""attribkit serve."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from attribkit.cli.console import console, errors, escape
from attribkit.errors import MissingPackageError


def serve(
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MODEL …]", help="Model folders and bundled names; the bundled ones if not given."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 8000,
    host: Annotated[str, typer.Option(help="127.0.0.1 lets only this machine in.")] = "127.0.0.1",
) -> None:
    """Open a live page on which the explanation follows what you type."""
    with _without_garbage_collection():
        from attribkit.models.classifier import Classifier
        from attribkit.models.model_folder import bundled

        try:
            from attribkit.serve.server import address_of, is_loopback, listen
            from attribkit.serve.server import serve as run
        except ModuleNotFoundError as error:
            if str(error.name).startswith("attribkit"):
                raise
            raise MissingPackageError(f"the live page needs {error.name}; pip install 'attribkit[serve]'") from error

        # films first, as the page's examples are
        loaded = [Classifier.load(model, "cpu") for model in models or bundled()[::-1]]
    if not is_loopback(host):
        errors.print(
            f"[bold]warning:[/] everyone who can reach {escape(host)} can use these models; there is no password and "
            "no encryption",
            soft_wrap=True,
        )
    listening = listen(host, port)
    names = ", ".join(model.name for model in loaded)

    def ready() -> None:
        console.print(f"{escape(names)}: live at {address_of(listening)}  (Ctrl-C stops it)", soft_wrap=True)

    run(loaded, listening, ready)


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
