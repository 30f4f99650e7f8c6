"""The command line: parses, calls, writes."""

import json
import sys
import traceback
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Train small text classifiers and see, truthfully, why they decide as they do.",
    epilog="Every command takes --debug, which shows where an error came from.",
)
console = Console()
errors = Console(stderr=True)

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

ModelArgument = Annotated[str, typer.Argument(help="A model folder or a bundled name.", show_default=False)]
DataArgument = Annotated[
    str, typer.Argument(help="A named set (imdb, ag_news, nlu_ru, demo), a file or a folder.", show_default=False)
]
TextColumn = Annotated[str | None, typer.Option(help="The column that holds the texts; guessed if not given.")]
LabelColumn = Annotated[str | None, typer.Option(help="The column that holds the labels; guessed if not given.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, …; the best there is if not given.")]


class Architecture(StrEnum):
    """The networks that can be trained."""

    cnn = "cnn"
    attention_rnn = "attention-rnn"
    lstm = "lstm"


class Split(StrEnum):
    """Which part of a data set is used."""

    train = "train"
    validation = "validation"
    test = "test"
    all = "all"


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
        expected = isinstance(error, (*BAD_USE, OSError, RuntimeError))
        sentence = str(error) if expected else f"unexpected {type(error).__name__}: {error}; run again with --debug"
        errors.print(f"[bold red]error:[/] {_escape(sentence)}", highlight=False, soft_wrap=True)
        sys.exit(2 if isinstance(error, BAD_USE) else 1)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Where the pictures go.")] = Path("attribkit-demo"),
) -> None:
    """Explain sample sentences with the bundled models; write a page and pictures."""
    from attribkit.demo import demo as run

    explained, files = run(out)
    for name, rows in explained.items():
        console.print(f"\n[bold]{name}[/]")
        for row in rows[:-1]:
            console.print(row)
    console.print("\nThe pictures are in:")
    for file in files:
        console.print(f"  {_escape(str(file))}", soft_wrap=True)


@app.command()
def train(
    data: DataArgument,
    out: Annotated[Path, typer.Option(help="The model folder to write.", show_default=False)],
    model: Annotated[Architecture, typer.Option(help="The network.")] = Architecture.cnn,
    glove: Annotated[Path | None, typer.Option(help="Pretrained vectors: a GloVe text file, .gz or .zip.")] = None,
    freeze_epochs: Annotated[int, typer.Option(help="Keep the embedding fixed for the first N epochs.", min=0)] = 0,
    epochs: Annotated[int | None, typer.Option(help="At most so many epochs.", min=1)] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Adam's step.", min=0)] = None,
    unfrozen_learning_rate: Annotated[float | None, typer.Option(help="Adam's step once the embedding moves.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Texts in a batch.", min=1)] = None,
    patience: Annotated[int | None, typer.Option(help="Epochs without progress before stopping.", min=1)] = None,
    plateau: Annotated[float | None, typer.Option(help="Factor on the step after an epoch without progress.")] = None,
    class_weights: Annotated[bool, typer.Option(help="Weigh rare labels up.")] = False,
    embedding_size: Annotated[int | None, typer.Option(help="Width of a word's vector.", min=1)] = None,
    vector_size: Annotated[
        int | None, typer.Option(help="Reduce the pretrained vectors to so many dimensions.")
    ] = None,
    filters: Annotated[int | None, typer.Option(help="cnn: filters per width.", min=1)] = None,
    widths: Annotated[str | None, typer.Option(help="cnn: the kernels' widths, such as 3,4,5.")] = None,
    hidden: Annotated[int | None, typer.Option(help="rnn: units per direction.", min=1)] = None,
    layers: Annotated[int | None, typer.Option(help="rnn: layers on top of each other.", min=1)] = None,
    cell: Annotated[str | None, typer.Option(help="attention-rnn: rnn, gru or lstm.")] = None,
    dropout: Annotated[
        float | None, typer.Option(help="Share of features dropped while training.", min=0, max=1)
    ] = None,
    vocabulary_size: Annotated[int | None, typer.Option(help="Keep the most frequent tokens.", min=3)] = None,
    min_frequency: Annotated[int | None, typer.Option(help="Drop rarer tokens.", min=1)] = None,
    max_length: Annotated[int | None, typer.Option(help="Tokens read of a text.", min=1)] = None,
    max_train_length: Annotated[int | None, typer.Option(help="Tokens read while training.", min=1)] = None,
    truncate: Annotated[str | None, typer.Option(help="Which side of a long text is dropped: end or start.")] = None,
    level: Annotated[str | None, typer.Option(help="word or character.")] = None,
    text: TextColumn = None,
    label: LabelColumn = None,
    group: Annotated[str | None, typer.Option(help="Rows that share this column's value stay in one split.")] = None,
    validation: Annotated[float, typer.Option(help="Share held out for choosing the best epoch.")] = 0.1,
    test: Annotated[float, typer.Option(help="Share held out for testing, if the data has no test set.")] = 0.2,
    seed: Annotated[int, typer.Option(help="The same seed gives the same model.")] = 0,
    resume: Annotated[bool, typer.Option(help="Continue an interrupted training in --out.")] = False,
    force: Annotated[bool, typer.Option(help="Replace a model that is already in --out.")] = False,
    device: Device = None,
) -> None:
    """Train a classifier, evaluate it on the test split, save a model folder."""
    from attribkit.evaluation.learning_curve import learning_curve
    from attribkit.evaluation.metrics import evaluate as measure
    from attribkit.explanation import Explanation
    from attribkit.training.data import load_dataset
    from attribkit.training.loop import train as run

    dataset = load_dataset(data, text=text, label=label, validation=validation, test=test, seed=seed, group=group)
    for note in dataset.notes:
        console.print(f"note: {_escape(note)}", highlight=False)
    options: dict[str, Any] = {
        "epochs": epochs,
        "learning_rate": learning_rate,
        "unfrozen_learning_rate": unfrozen_learning_rate,
        "batch_size": batch_size,
        "patience": patience,
        "plateau": plateau,
        "class_weights": "balanced" if class_weights else None,
        "embedding_size": embedding_size,
        "vector_size": vector_size,
        "filters": filters,
        "widths": _numbers(widths),
        "hidden": hidden,
        "layers": layers,
        "cell": cell,
        "dropout": dropout,
        "vocabulary_size": vocabulary_size,
        "min_frequency": min_frequency,
        "max_length": max_length,
        "max_train_length": max_train_length,
        "truncate": truncate,
        "level": level,
    }
    classifier = run(
        model.value,
        dataset,
        glove=glove,
        freeze_epochs=freeze_epochs,
        seed=seed,
        out=out,
        resume=resume,
        overwrite=force,
        device=device,
        name=out.resolve().name,
        **{name: value for name, value in options.items() if value is not None},
    )
    metrics = measure(classifier, dataset.test)
    classifier.provenance["metrics"] = metrics.summary()
    classifier.save(out, overwrite=True)
    if classifier.history is not None and len(classifier.history):  # Ctrl-C may come before the first epoch's end
        curve = learning_curve(classifier.history)
        Explanation(None, None, (curve,), {"model": classifier.name}).save(out / "loss.png")
    _print_metrics(metrics, f"{len(dataset.test):,} test texts")
    console.print(f"saved in {_escape(str(out))}", soft_wrap=True)


@app.command()
def evaluate(
    model: ModelArgument,
    data: DataArgument,
    split: Annotated[
        Split | None, typer.Option(help="Which part; if not given: the test split the data brings, else all of it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    text: TextColumn = None,
    label: LabelColumn = None,
    device: Device = None,
) -> None:
    """Accuracy, precision, recall and F1 per class and averaged, and the confusion matrix."""
    from attribkit.classifier import Classifier
    from attribkit.evaluation.metrics import evaluate as measure

    classifier = Classifier.load(model, device)
    table, part = _part(classifier, data, split, text, label)
    metrics = measure(classifier, table)
    if as_json:
        print(json.dumps({"model": classifier.name, "texts": len(table), "part": part, **metrics.summary()}))
    else:
        _print_metrics(metrics, f"{len(table):,} texts ({part})")


@app.command()
def explain(
    model: ModelArgument,
    texts: Annotated[list[str], typer.Argument(metavar="TEXT…", help="The texts; - reads one from stdin.")],
    out: Annotated[
        list[Path] | None, typer.Option(help="A file to write: .html, .png, .svg, .pdf, .json or .tex; may repeat.")
    ] = None,
    view: Annotated[list[str] | None, typer.Option(help="A view to show; may repeat. All by default.")] = None,
    target: Annotated[str | None, typer.Option(help="A label, 'all', or 'a,b' for why a and not b.")] = None,
    output: Annotated[str, typer.Option(help="log_odds, logit or probability.")] = "log_odds",
    method: Annotated[
        str | None, typer.Option(help="How the scores are computed; the best there is by default.")
    ] = None,
    baseline: Annotated[str, typer.Option(help="pad, zero, unk, mean, or a text.")] = "pad",
    tolerance: Annotated[float, typer.Option(help="Largest relative completeness error.")] = 1e-4,
    true_label: Annotated[str | None, typer.Option(help="The known answer, shown beside the predicted one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the explanations as JSON.")] = False,
    device: Device = None,
) -> None:
    """Show which words made the model decide as it did."""
    from attribkit.classifier import Classifier
    from attribkit.explainer import explain as run
    from attribkit.explanation import check_suffix

    for path in out or ():
        check_suffix(path)
    texts = [_stdin() if text == "-" else text for text in texts]
    classifier = Classifier.load(model, device)
    rows = run(
        classifier,
        texts,
        views=view or None,
        target=_target(target, classifier.labels),
        output=output,
        method=method,
        baseline=baseline,
        tolerance=tolerance,
        true_label=true_label,
    )
    result = rows[0] if len(rows) == 1 else rows
    for path in out or ():
        result.save(path)
        errors.print(f"wrote {_escape(str(path))}", highlight=False, soft_wrap=True)
    if as_json:
        print(result.to_json())
    else:
        for row in rows:
            console.print(row)


def _escape(text: str) -> str:
    """User text as rich shows it: literally, control characters made visible."""
    from rich.markup import escape

    return escape("".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text))


def _numbers(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise ValueError(f"--widths must be numbers between commas, such as 3,4,5, got {text!r}") from error


def _target(target: str | None, labels: tuple[str, ...]) -> Any:
    """A pair if it is written as one and is no label itself."""
    if target is None or target in labels or "," not in target:
        return target
    return tuple(part.strip() for part in target.split(","))


def _stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"stdin must be UTF-8 text, byte {error.start} is not; convert it first") from error


def _part(classifier: Any, data: str, split: Split | None, text: str | None, label: str | None) -> tuple[Any, str]:
    """The rows to evaluate on, and what to call them; rows the model was trained on only if asked for."""
    import pandas as pd

    from attribkit.training.data import load_dataset, rows_to_evaluate

    if split is None:
        table, part = rows_to_evaluate(data, text=text, label=label)
        if part == "test split" or classifier.provenance.get("data", {}).get("source") != Path(data).name:
            return table, part
        split = Split.test
    dataset = load_dataset(data, text=text, label=label)
    if dataset.fingerprint != classifier.provenance.get("data", {}).get("fingerprint"):
        errors.print("note: the model was trained on another split of this data: some rows may be known to it")
    if split is Split.all:
        return pd.concat([dataset.train, dataset.validation, dataset.test], ignore_index=True), "all rows"
    return getattr(dataset, split.value), f"{split.value} split"


def _print_metrics(metrics: Any, of: str) -> None:
    frame = metrics.to_frame()
    table = Table(title=f"accuracy {metrics.accuracy:.4f} on {of}", title_justify="left", title_style="bold")
    table.add_column("")
    for column in frame.columns:
        table.add_column(str(column), justify="right")
    for name, row in frame.iterrows():
        shares = [f"{share:.4f}" for share in row.drop("support")]
        table.add_row(_escape(str(name)), *shares, f"{int(row['support']):,}")
    console.print(table)
    confusion = Table(title="true label ↓ predicted →", title_justify="left", title_style="bold")
    confusion.add_column("")
    for name in metrics.labels:
        confusion.add_column(_escape(name), justify="right")
    for name, row in zip(metrics.labels, metrics.confusion, strict=True):
        confusion.add_row(_escape(name), *(f"{int(value):,}" for value in row))
    console.print(confusion)
