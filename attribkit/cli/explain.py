"""attribkit explain."""

import sys
from typing import Annotated, Any

import typer

from attribkit.cli.arguments import Device, MethodOption, ModelArgument, SavePaths, check_files
from attribkit.cli.console import console, errors, escape
from attribkit.errors import InputError


def explain(
    model: ModelArgument,
    texts: Annotated[list[str], typer.Argument(metavar="TEXT…", help="The texts; - reads one from stdin.")],
    out: SavePaths = None,
    view: Annotated[list[str] | None, typer.Option(help="A view to show; may repeat. All by default.")] = None,
    target: Annotated[str | None, typer.Option(help="A label, 'all', or 'a,b' for why a and not b.")] = None,
    output: Annotated[str, typer.Option(help="log_odds, logit or probability.")] = "log_odds",
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
    true_label: Annotated[str | None, typer.Option(help="The known answer, shown beside the predicted one.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same result.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the explanations as JSON.")] = False,
    device: Device = None,
) -> None:
    """Show which words made the model decide as it did."""
    from attribkit.explainer import explain as run
    from attribkit.models.classifier import Classifier

    check_files(out)
    texts = [_stdin() if text == "-" else text for text in texts]
    classifier = Classifier.load(model, device)
    rows = run(
        classifier,
        texts,
        views=view or None,
        target=_target(target, classifier.labels),
        output=output,
        method=method,
        baseline=baseline or "pad",
        tolerance=tolerance,
        compare=compare,
        reference=reference,
        seed=seed,
        true_label=true_label,
    )
    result = rows[0] if len(rows) == 1 else rows
    for path in out or ():
        result.save(path)
        errors.print(f"wrote {escape(str(path))}", highlight=False, soft_wrap=True)
    if as_json:
        print(result.to_json())
    else:
        for row in rows:
            console.print(row)


def _target(target: str | None, labels: tuple[str, ...]) -> Any:
    """A pair if it is written as one and is no label itself."""
    if target is None or target in labels or "," not in target:
        return target
    return tuple(part.strip() for part in target.split(","))


def _stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InputError(f"stdin must be UTF-8 text, byte {error.start} is not; convert it first") from error
