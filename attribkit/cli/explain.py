"""attribkit explain."""

import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from attribkit.cli.arguments import (
    Device,
    Encoding,
    LabelColumn,
    LongTexts,
    MethodOption,
    ModelArgument,
    SavePaths,
    Stride,
    TextColumn,
    check_files,
    target_of,
)
from attribkit.cli.console import console, errors, escape
from attribkit.errors import InputError
from attribkit.plurals import number_of

MANY = 100
"""Texts above which a file holds more than anyone looks through: they are not printed as well."""


def explain(
    model: ModelArgument,
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT…]",
            help="The texts; - reads one from stdin. The name of a table alone means its rows, as --data does.",
            show_default=False,
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="DATA", help="Instead of TEXT: a named set, a file or a folder whose texts to explain."),
    ] = None,
    text: TextColumn = None,
    label: LabelColumn = None,
    encoding: Encoding = None,
    out: SavePaths = None,
    view: Annotated[list[str] | None, typer.Option(help="A view to show; may repeat. All by default.")] = None,
    target: Annotated[
        str | None, typer.Option(help="A label, 'index:1' for the second one, 'all', or 'a,b' for why a and not b.")
    ] = None,
    output: Annotated[
        str | None, typer.Option(help="log_odds (if not given), logit or probability; a regression has its number.")
    ] = None,
    method: MethodOption = None,
    baseline: Annotated[
        list[str] | None,
        typer.Option(
            help="pad (the default), zero, unk, mean, or a text. May repeat: then each word has a band, how far its "
            "score moves from one baseline to another; the scores are those of the first."
        ),
    ] = None,
    tolerance: Annotated[float, typer.Option(help="Largest relative completeness error.")] = 1e-4,
    compare: Annotated[
        bool, typer.Option("--compare", help="Set attention beside integrated gradients and leave-one-out.")
    ] = False,
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="DATA", help="Texts among which the view projection marks this one; the model's own if not given."
        ),
    ] = None,
    train: Annotated[
        str | None,
        typer.Option(
            metavar="DATA", help="The training rows, for the view training; those that the model keeps if not given."
        ),
    ] = None,
    true_label: Annotated[str | None, typer.Option(help="The known answer, shown beside the predicted one.")] = None,
    interactions: Annotated[
        str,
        typer.Option(
            help="What --view interactions shows of a text CNN: shapley (over all coalitions of the other words), or "
            "integrated_hessians (along the path of integrated gradients, faster)."
        ),
    ] = "shapley",
    max_steps: Annotated[
        int | None,
        typer.Option(
            help="The most gradients for a text whose scores do not converge with fewer, as in networks of ReLUs. "
            "4,000 if not given."
        ),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(
            help="The longest text that --view interactions and --method shapley or banzhaf take; a longer one is "
            "refused with what it would take. 200 and 2,000 if not given."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same result.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the explanations as JSON.")] = False,
    long: LongTexts = None,
    stride: Stride = None,
    device: Device = None,
) -> None:
    """Show which words made the model decide as it did."""
    from attribkit.data.readable import SkippedRowsWarning
    from attribkit.explainer import explain as run
    from attribkit.loading import load
    from attribkit.render.preparation.provenance import reading_notes

    check_files(out)
    if data is None and texts and len(texts) == 1 and _is_table(texts[0]):
        data, texts = texts[0], None
    if (data is None) == (not texts):
        got = "both" if texts else "neither"
        raise InputError(f"either TEXT or --data was expected, got {got}; give texts, or a file that holds them")
    chosen = [_stdin() if argument == "-" else argument for argument in texts or ()] if data is None else _table(data)
    for argument in texts or ():
        if Path(argument).suffix and len(argument) < 250 and Path(argument).is_file():
            raise InputError(
                f"a text was expected, got the name of a file, {argument!r}; give --data {argument} for the rows of a "
                "table, or - and the text on stdin"
            )
    classifier = load(model, device, long=long, stride=stride)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SkippedRowsWarning)
        rows = run(
            classifier,
            chosen,
            text=text,
            label=label,
            encoding=encoding,
            views=view or None,
            target=target_of(target, classifier.labels),
            output=output,
            method=method,
            baseline=baseline or "pad",
            tolerance=tolerance,
            compare=compare,
            reference=reference,
            train=train,
            seed=seed,
            interactions=interactions,
            max_steps=max_steps,
            max_tokens=max_tokens,
            true_label=true_label,
        )
    for note in (*(str(warning.message) for warning in caught), *reading_notes(rows)):
        errors.print(f"note: {escape(note)}", highlight=False, soft_wrap=True)
    result = rows[0] if len(rows) == 1 else rows
    for path in out or ():
        result.save(path)
        errors.print(f"wrote {escape(str(path))}", highlight=False, soft_wrap=True)
    if len(rows) > MANY:
        errors.print(
            f"note: all {number_of(len(rows), 'text')} were explained; for so many `attribkit corpus` writes a table, "
            "and `attribkit report` a page with examples",
            highlight=False,
            soft_wrap=True,
        )
    if as_json:
        print(rows.to_json())
    elif not out or len(rows) <= MANY:
        for row in rows:
            console.print(row)


def _table(data: str) -> Any:
    """A named set, or a path: a string alone would be taken for a text."""
    from attribkit.data import NAMED_SETS, load_dataset

    return load_dataset(data) if data in NAMED_SETS else Path(data)


def _is_table(argument: str) -> bool:
    """Whether it is the name of a table's file: one that is there, or one word that can be nothing else."""
    from attribkit.data.readers import table_suffix

    path = Path(argument)
    one_word = len(argument.split()) == 1
    return len(argument) < 250 and table_suffix(path) is not None and (one_word or path.is_file())


def _stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InputError(f"stdin must be UTF-8 text, byte {error.start} is not; convert it first") from error
