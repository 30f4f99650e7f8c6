"""attribkit corpus."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from attribkit.cli.arguments import LongTexts, MethodOption, ModelArgument, Stride, target_of
from attribkit.cli.console import console, errors, escape
from attribkit.errors import InputError
from attribkit.plurals import number_of


class Engine(StrEnum):
    """Where windows are explained."""

    local = "local"
    ray = "ray"


def corpus(
    model: ModelArgument,
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT… OUTPUT",
            help="CSV, TSV, JSONL or Parquet: files, folders, globs, URLs; or a named set; and last the folder of the "
            "result.",
            show_default=False,
        ),
    ],
    text: Annotated[
        str | None, typer.Option(help="The column of the texts, or two, of pairs, as a,b; guessed if not given.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="A column to join the result by.")] = None,
    label: Annotated[str | None, typer.Option(help="The column of the true label.")] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="A condition such as rating>=7; may repeat, all must hold.")
    ] = None,
    sample: Annotated[float, typer.Option(help="The share of rows to explain.")] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed draws the same sample.")] = 0,
    limit: Annotated[int | None, typer.Option(help="Explain only the first so many.")] = None,
    target: Annotated[
        str | None, typer.Option(help="A label, 'index:1' for the second one, or 'a,b' for why a and not b.")
    ] = None,
    output: Annotated[
        str | None, typer.Option(help="log_odds (if not given), logit or probability; a regression has its number.")
    ] = None,
    method: MethodOption = None,
    baseline: Annotated[str, typer.Option(help="pad, zero, unk, mean, or a text.")] = "pad",
    tolerance: Annotated[float, typer.Option(help="Largest relative completeness error.")] = 1e-4,
    max_steps: Annotated[int | None, typer.Option(help="The most gradients for a text; 4,000 if not given.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of the files, such as cp1252; UTF-8 if not given.")] = None,
    keep_text: Annotated[bool, typer.Option("--keep-text", help="Keep each text in its row.")] = False,
    words: Annotated[bool, typer.Option("--words", help="Sum up each word's scores as well.")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Do only the rows again that were not explained.")
    ] = False,
    mixed_versions: Annotated[
        bool, typer.Option("--mixed-versions", help="Go on though versions differ from those the run began with.")
    ] = False,
    window: Annotated[int, typer.Option(help="Rows of a part.")] = 2_048,
    workers: Annotated[int | None, typer.Option(help="Processes; one per core if not given.")] = None,
    long: LongTexts = None,
    stride: Stride = None,
    device: Annotated[
        str | None, typer.Option(help="cuda: this process explains on a GPU, alone; cpu if not given.")
    ] = None,
    engine: Annotated[Engine, typer.Option(help="local, or ray (attribkit\\[ray]) for a cluster.")] = Engine.local,
    address: Annotated[str | None, typer.Option(help="The Ray cluster's address.")] = None,
) -> None:
    """Explain every text of a corpus; run it again to continue where it ended."""
    from attribkit.corpus import explain_corpus

    if len(inputs) < 2:
        raise InputError("an INPUT and an OUTPUT were expected, got one of them; name the folder of the result last")
    *sources, folder = inputs
    classifier = None
    pair = target
    if device not in (None, "cpu") or (target and "," in target):
        from attribkit.loading import load  # which loads torch; worker processes do so themselves

        loaded = load(model, device or "cpu", long=long, stride=stride)
        pair = target_of(target, loaded.labels)
        classifier = loaded if device not in (None, "cpu") else None
    run = explain_corpus(
        model if classifier is None else classifier,
        sources[0] if len(sources) == 1 else sources,
        folder,
        text=text,
        key=key,
        label=label,
        where=where or (),
        sample=sample,
        seed=seed,
        limit=limit,
        target=pair,
        output=output,
        method=method,
        baseline=baseline,
        tolerance=tolerance,
        max_steps=max_steps,
        encoding=encoding,
        keep_text=keep_text,
        words=words,
        retry_failed=retry_failed,
        mixed_versions=mixed_versions,
        window=window,
        workers=workers,
        engine=engine.value,
        address=address,
        long=long if classifier is None else None,
        stride=stride if classifier is None else None,
    )
    counts = ", ".join(f"{count:,} {status}" for status, count in sorted(run.statuses.items()))
    console.print(
        f"{number_of(run.rows, 'row')} ({counts}) in {escape(str(Path(folder)))}; {run.fresh:,} of them in "
        f"{run.seconds:.1f} s",
        highlight=False,
        soft_wrap=True,
    )
    console.print(escape(run.convergence.sentence), highlight=False, soft_wrap=True)
    for note in run.notes:
        console.print(f"note: {escape(note)}", highlight=False, soft_wrap=True)
    if len(run.versions) > 1:
        errors.print(
            f"note: the rows were explained by {number_of(len(run.versions), 'set')} of versions; the manifest says "
            "which"
        )
    if run.failed:
        errors.print(
            f"note: {number_of(run.failed, 'row was', 'rows were')} not explained; their status and reason say why",
            soft_wrap=True,
        )
