"""The command line: parses, calls, writes."""

import sys
import traceback

import typer

from attribkit.cli.check import check
from attribkit.cli.console import errors, escape
from attribkit.cli.corpus import corpus
from attribkit.cli.demo import demo
from attribkit.cli.evaluate import evaluate
from attribkit.cli.explain import explain
from attribkit.cli.project import project
from attribkit.cli.report import report
from attribkit.cli.reproduce import reproduce
from attribkit.cli.serve import serve
from attribkit.cli.train import train
from attribkit.cli.words import words

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Train small text classifiers and see, truthfully, why they decide as they do.",
    epilog="Every command takes --debug, which shows where an error came from.",
)
for command in (demo, train, evaluate, check, explain, project, words, report, corpus, serve, reproduce):
    app.command()(command)

BAD_USE = (
    ValueError,
    TypeError,
    FileNotFoundError,
    FileExistsError,
    NotADirectoryError,
    IsADirectoryError,
    PermissionError,
)
"""Errors that a different command line would cure: exit code 2. Every other one is a failure: 1."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; errors become one sentence on stderr and an exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    debug = "--debug" in options
    if debug:
        arguments.remove("--debug")
    try:
        app(args=arguments)
    except KeyboardInterrupt:
        errors.print("interrupted", style="bold")
        sys.exit(130)
    except Exception as error:
        if debug:
            traceback.print_exc()
        expected = isinstance(error, (*BAD_USE, OSError, RuntimeError, MemoryError, ModuleNotFoundError))
        sentence = (
            (str(error) or "there is not enough memory")
            if expected
            else f"unexpected {type(error).__name__}: {error}; run again with --debug"
        )
        errors.print(f"[bold red]error:[/] {escape(sentence)}", highlight=False, soft_wrap=True)
        sys.exit(2 if isinstance(error, BAD_USE) else 1)
