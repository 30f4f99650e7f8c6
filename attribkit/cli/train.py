"""attribkit train."""

from pathlib import Path
from typing import Annotated, Any

import typer

from attribkit.cli.arguments import (
    DataArgument,
    Device,
    LabelColumn,
    LabelSeparator,
    TextColumn,
    numbers,
    options_of,
)
from attribkit.cli.console import console, escape
from attribkit.cli.metrics import print_metrics
from attribkit.errors import InputError

NETWORK, TRAINING, DATA = "The network", "Training", "The data and its splits"
"""Headings of the help text, which would else be one list of forty options."""


def train(
    data: DataArgument,
    out: Annotated[Path, typer.Option(help="The model folder to write.", show_default=False)],
    model: Annotated[
        str,
        typer.Option(
            rich_help_panel=NETWORK,
            help="The network: cnn, attention-rnn, lstm, or one of yours (attribkit --import MODULE train …).",
        ),
    ] = "cnn",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            rich_help_panel=NETWORK,
            help="An option of your network, such as --set width=64; may be given several times.",
        ),
    ] = None,
    glove: Annotated[
        Path | None, typer.Option(rich_help_panel=NETWORK, help="Pretrained vectors: a GloVe text file, .gz or .zip.")
    ] = None,
    freeze_epochs: Annotated[
        int | None,
        typer.Option(rich_help_panel=TRAINING, help="Keep the embedding fixed for the first N epochs.", min=0),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=TRAINING,
            help="At most so many epochs. Whatever is left out of these options follows the data.",
            min=1,
        ),
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(rich_help_panel=TRAINING, help="Adam's step.", min=0)] = None,
    unfrozen_learning_rate: Annotated[
        float | None, typer.Option(rich_help_panel=TRAINING, help="Adam's step once the embedding moves.")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(rich_help_panel=TRAINING, help="Texts in a batch.", min=1)] = None,
    patience: Annotated[
        int | None, typer.Option(rich_help_panel=TRAINING, help="Epochs without progress before stopping.", min=1)
    ] = None,
    plateau: Annotated[
        float | None, typer.Option(rich_help_panel=TRAINING, help="Factor on the step after an epoch without progress.")
    ] = None,
    class_weights: Annotated[
        bool | None,
        typer.Option(
            "--class-weights/--no-class-weights", rich_help_panel=TRAINING, help="Whether rare labels are weighed up."
        ),
    ] = None,
    embedding_size: Annotated[
        int | None, typer.Option(rich_help_panel=NETWORK, help="Width of a word's vector.", min=1)
    ] = None,
    vector_size: Annotated[
        int | None, typer.Option(rich_help_panel=NETWORK, help="Reduce the pretrained vectors to so many dimensions.")
    ] = None,
    filters: Annotated[int | None, typer.Option(rich_help_panel=NETWORK, help="cnn: filters per width.", min=1)] = None,
    widths: Annotated[
        str | None, typer.Option(rich_help_panel=NETWORK, help="cnn: the kernels' widths, such as 3,4,5.")
    ] = None,
    hidden: Annotated[
        int | None, typer.Option(rich_help_panel=NETWORK, help="rnn: units per direction.", min=1)
    ] = None,
    layers: Annotated[
        int | None, typer.Option(rich_help_panel=NETWORK, help="rnn: layers on top of each other.", min=1)
    ] = None,
    cell: Annotated[str | None, typer.Option(rich_help_panel=NETWORK, help="attention-rnn: rnn, gru or lstm.")] = None,
    summary: Annotated[
        str | None, typer.Option(rich_help_panel=NETWORK, help="lstm: final, last, mean or max of its states.")
    ] = None,
    dropout: Annotated[
        float | None,
        typer.Option(rich_help_panel=TRAINING, help="Share of features dropped while training.", min=0, max=1),
    ] = None,
    word_dropout: Annotated[
        float | None,
        typer.Option(rich_help_panel=TRAINING, help="Share of words blanked while training.", min=0, max=1),
    ] = None,
    averaging: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=TRAINING,
            help="Keep a moving average of the weights of which so much stays at each step; 0: none.",
            min=0,
        ),
    ] = None,
    vocabulary_size: Annotated[
        int | None, typer.Option(rich_help_panel=NETWORK, help="Keep the most frequent tokens.", min=3)
    ] = None,
    min_frequency: Annotated[
        int | None, typer.Option(rich_help_panel=NETWORK, help="Drop rarer tokens.", min=1)
    ] = None,
    max_length: Annotated[int | None, typer.Option(rich_help_panel=DATA, help="Tokens read of a text.", min=1)] = None,
    max_train_length: Annotated[
        int | None, typer.Option(rich_help_panel=DATA, help="Tokens read while training.", min=1)
    ] = None,
    truncate: Annotated[
        str | None, typer.Option(rich_help_panel=DATA, help="Which side of a long text is dropped: end or start.")
    ] = None,
    level: Annotated[str | None, typer.Option(rich_help_panel=NETWORK, help="word or character.")] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=TRAINING, help="float32, bfloat16, or auto: bfloat16 where the processor is built for it."
        ),
    ] = None,
    text: TextColumn = None,
    label: LabelColumn = None,
    task: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=DATA,
            help="multiclass (one label a text), multilabel (any number) or regression (a number).",
        ),
    ] = None,
    unit: Annotated[
        str | None, typer.Option(rich_help_panel=DATA, help="Of a regression's number, such as stars.")
    ] = None,
    label_separator: LabelSeparator = None,
    group: Annotated[
        str | None, typer.Option(rich_help_panel=DATA, help="Rows that share this column's value stay in one split.")
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=DATA, help="Of the data's files, such as cp1252; a guess that is not UTF-8 is said."
        ),
    ] = None,
    tokenizer: Annotated[
        Path | None,
        typer.Option(rich_help_panel=DATA, help="What splits the texts: a file that the library tokenizers saved."),
    ] = None,
    validation: Annotated[
        float, typer.Option(rich_help_panel=DATA, help="Share held out for choosing the best epoch.")
    ] = 0.1,
    test: Annotated[
        float, typer.Option(rich_help_panel=DATA, help="Share held out for testing, if the data has no test set.")
    ] = 0.2,
    seed: Annotated[
        int,
        typer.Option(
            rich_help_panel=TRAINING, help="Of the weights, batches and dropout; it does not move the splits."
        ),
    ] = 0,
    split_seed: Annotated[int, typer.Option(rich_help_panel=DATA, help="Of the splits: which rows are held out.")] = 0,
    folds: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=DATA,
            help="First train once for each of so many folds and print the held-out figures, their mean and deviation; "
            "then train the model as asked.",
            min=2,
        ),
    ] = None,
    snapshots: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=TRAINING, help="Epochs whose weights are kept, such as 0,1,5; 0 = before training."
        ),
    ] = None,
    reference: Annotated[
        bool, typer.Option("--reference", help="Keep excerpts of 300 test texts, to place other texts among them.")
    ] = False,
    training_rows: Annotated[
        bool,
        typer.Option(
            "--training-rows",
            help="Keep each training row's beginning and what the last layer reads of it, to show which rows taught an "
            "answer (explain --view training).",
        ),
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted training in --out.")] = False,
    half: Annotated[bool, typer.Option("--half", help="Store the weights in 16 bits, in half the space.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a model that is already in --out.")] = False,
    device: Device = None,
    devices: Annotated[int, typer.Option(help="Processes, or GPUs, that share each batch.", min=1)] = 1,
    nodes: Annotated[
        int, typer.Option(help="Machines that do so; start the command on each with torchrun.", min=1)
    ] = 1,
) -> None:
    """Train a classifier, evaluate it on the test split, save a model folder.

    For example: attribkit train tickets.csv --out tickets-model --class-weights
    """
    from attribkit.data import load_dataset
    from attribkit.evaluation.learning_curve import learning_curve
    from attribkit.evaluation.performance import evaluate as measure
    from attribkit.influence.keep_training import keep_training
    from attribkit.models.classifier import Classifier
    from attribkit.projector import keep_reference
    from attribkit.reproduce.folds import cross_validate
    from attribkit.results.several_panels import Panels
    from attribkit.training.process_state import kept_memory
    from attribkit.training.processes import is_main_process
    from attribkit.training.resume import check_folder
    from attribkit.training.train import train as run

    dataset = load_dataset(
        data,
        text=text,
        label=label,
        validation=validation,
        test=test,
        seed=split_seed,
        group=group,
        encoding=encoding,
        task=task,
        label_separator=label_separator,
    )
    for note in dataset.notes:
        console.print(f"note: {escape(note)}", highlight=False)
    options: dict[str, Any] = {
        "epochs": epochs,
        "learning_rate": learning_rate,
        "unfrozen_learning_rate": unfrozen_learning_rate,
        "batch_size": batch_size,
        "patience": patience,
        "plateau": plateau,
        "embedding_size": embedding_size,
        "vector_size": vector_size,
        "filters": filters,
        "widths": numbers(widths, "--widths"),
        "hidden": hidden,
        "layers": layers,
        "cell": cell,
        "summary": summary,
        "dropout": dropout,
        "word_dropout": word_dropout,
        "vocabulary_size": vocabulary_size,
        "min_frequency": min_frequency,
        "max_length": max_length,
        "max_train_length": max_train_length,
        "truncate": truncate,
        "level": level,
        "precision": precision,
    }
    options = {name: value for name, value in options.items() if value is not None} | {"glove": glove}
    if averaging is not None:
        options["averaging"] = averaging or None
    if class_weights is not None:
        options["class_weights"] = "balanced" if class_weights else None
    options |= options_of(settings, "--set")
    options |= {"freeze_epochs": freeze_epochs, "seed": seed, "device": device}
    validated = None
    if folds is not None:
        if devices * nodes > 1:
            raise InputError("`folds` train one after another on one device, got several; leave out --devices, --nodes")
        check_folder(out, resume=resume, overwrite=force)
        validated = cross_validate(model, dataset, folds, **options)
        console.print(validated)
    with kept_memory():
        classifier = run(
            model,
            dataset,
            snapshots=numbers(snapshots, "--snapshots") or (),
            out=out,
            resume=resume,
            overwrite=force,
            devices=devices,
            nodes=nodes,
            name=out.resolve().name,
            unit=unit,
            tokenizer=tokenizer,
            **options,
        )
    if not is_main_process():
        return
    for sentence in classifier.provenance["training"].get("chosen", ()):
        console.print(f"chosen by the data: {escape(sentence)}", highlight=False)
    if half:
        classifier.save(out, overwrite=True, half=True)
        classifier = Classifier.load(out, device)  # what is measured is what is stored
    metrics = measure(classifier, dataset)
    classifier.provenance["metrics"] = metrics.to_dict()
    if validated is not None:
        classifier.provenance["cross-validation"] = validated.to_dict()
    if reference:
        keep_reference(classifier, dataset)
    if training_rows:
        keep_training(classifier, dataset)
    classifier.save(out, overwrite=True, half=half)
    if classifier.history is not None and len(classifier.history):  # Ctrl-C may come before the first epoch's end
        curve = learning_curve(classifier.history, task=classifier.task)
        Panels((curve,), {"model": classifier.name}).save(out / "loss.png")
    print_metrics(metrics)
    console.print(f"saved in {escape(str(out))}", soft_wrap=True)
