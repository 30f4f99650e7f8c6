"""The command line: parses, calls, writes."""

import re
import sys
import traceback
from typing import Annotated, Any

import typer

from attribkit.attribution.registry import in_words
from attribkit.cli.check import check
from attribkit.cli.clean import clean
from attribkit.cli.console import errors, escape, write_what_the_terminal_has
from attribkit.cli.corpus import corpus
from attribkit.cli.demo import demo
from attribkit.cli.evaluate import evaluate
from attribkit.cli.explain import explain
from attribkit.cli.help import Command
from attribkit.cli.models import models, print_version
from attribkit.cli.project import project
from attribkit.cli.quickstart import quickstart
from attribkit.cli.report import report
from attribkit.cli.reproduce import reproduce
from attribkit.cli.serve import serve
from attribkit.cli.train import train
from attribkit.cli.words import words
from attribkit.errors import AttribkitError, InputError, ran_out
from attribkit.extensions import import_registering

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Train small text classifiers and see, truthfully, why they decide as they do.",
    epilog="Every command takes --debug, which shows where an error came from.",
)


@app.callback()
def common(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
    modules: Annotated[
        list[str] | None,
        typer.Option("--import", help="A module that registers a network or a method of yours; it is imported first."),
    ] = None,
) -> None:
    """Train small text classifiers and see, truthfully, why they decide as they do."""
    if modules:
        if "" not in sys.path:
            sys.path.insert(0, "")  # as `python` has it: modules lie in the folder one stands in
        before = in_words()
        for module in modules:
            import_registering(module)
        _renew_help(context, before, in_words())


def _renew_help(context: typer.Context, before: str, now: str) -> None:
    """Give a help text anew that was made before modules were imported."""
    group: Any = context.command
    for option in (option for command in group.commands.values() for option in command.params):
        if getattr(option, "help", None) == before:
            option.help = now


for command in (
    demo,
    quickstart,
    train,
    evaluate,
    check,
    explain,
    project,
    words,
    clean,
    report,
    corpus,
    serve,
    reproduce,
    models,
):
    app.command(cls=Command)(command)

CURABLE = (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError)
"""Errors of the operating system that a different command line would cure."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; an error becomes one sentence on stderr and an exit code.

    2 where a different command line would cure it, 1 where something else went wrong, be it a fault of this package.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    write_what_the_terminal_has()
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
        sentence, code = _sentence_of(error, debug)
        _say(f"{sentence}{_as_options(sentence, arguments)}")
        sys.exit(code)


_ARGUMENT = re.compile(r"`(\w+)(?:=([^`]*))?`")
"""How a sentence writes an argument of a function, and a value for it."""


def _as_options(sentence: str, arguments: list[str]) -> str:
    """How the arguments that a sentence names are written on the command line, where that was not typed already."""
    arguments_named = _ARGUMENT.findall(sentence)
    if not arguments_named:
        return ""
    group: Any = typer.main.get_command(app)
    command = next((group.commands[word] for word in arguments if word in group.commands), None)
    typed = {word.partition("=")[0] for word in arguments}
    options = {} if command is None else {option.name: option for option in command.params if option.opts[0][0] == "-"}
    options |= {f"{name}s": option for name, option in options.items() if option.multiple}  # a list in Python
    named = dict.fromkeys(
        f"{options[name].opts[0]}{f' {value}' if value and not options[name].is_flag else ''}"
        for name, value in arguments_named
        if name in options and (value or not typed & {*options[name].opts})
    )
    return f" (on the command line: {', '.join(named)})" if named else ""


def _say(sentence: str) -> None:
    try:
        errors.print(f"[bold red]error:[/] {escape(sentence)}", highlight=False, soft_wrap=True)
    except MemoryError:  # where memory ran out there may be none left for colours
        sys.stderr.write(f"error: {sentence}\n")


def _sentence_of(error: Exception, debug: bool) -> tuple[str, int]:
    """What a user is told of an error, and the exit code."""
    if isinstance(error, AttribkitError):
        return str(error), 2 if isinstance(error, InputError) else 1
    if ran_out(error):
        return (
            f"there is not enough memory ({_line(error)}); give shorter texts, or fewer at once, or raise the limit",
            1,
        )
    if isinstance(error, OSError) and error.errno is not None:
        return str(error), 2 if isinstance(error, CURABLE) else 1
    trace = "the trace above" if debug else "what the same command prints with --debug"
    return f"this is a fault of attribkit ({_line(error)}); please report it, with {trace}, where you got it from", 1


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}".removesuffix(": ")
