"""quickstart(): read, guess, train, compare, evaluate, report."""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from attribkit.automl import findings
from attribkit.automl.intake import read
from attribkit.booleans import check_booleans
from attribkit.data import Dataset
from attribkit.evaluation.cells import number
from attribkit.evaluation.metrics import Metrics
from attribkit.evaluation.performance import evaluate
from attribkit.models.classifier import Classifier
from attribkit.plurals import number_of
from attribkit.progress import Progress, shown, within
from attribkit.reports import report
from attribkit.reports.page import Report
from attribkit.reproduce.tfidf import tfidf_reference
from attribkit.results.panels import Panel, Table
from attribkit.results.result import Result
from attribkit.training.defaults import defaults
from attribkit.training.train import train

_MOST_EPOCHS = 120
"""Epochs after which a training whose last epoch was the best is not repeated for longer."""

_MANY = 10_000
"""Texts from which on the reference leaves out words that stand in one or two of them; of fewer it needs all."""

_TESTED = 20
"""Texts on which the explanations are tested: few, so that the first report comes soon."""


@dataclass(frozen=True, eq=False, repr=False)
class Quickstart(Result):
    """A trained model with all that was guessed, measured and doubted on the way.

    Attributes:
        model: the classifier.
        data: the data as it was split.
        metrics: of the model on the test split.
        reference: of TF-IDF with logistic regression on the same split.
        guesses: sentences on what was guessed and chosen.
        warnings: sentences on what is wrong, each with its cure; empty if nothing was found.
        page: the report.
        folder: where the model and the report lie; None if they were not written.
        arguments: what names the data on a command line; empty for a table in memory.
    """

    model: Classifier
    data: Dataset
    metrics: Metrics
    reference: Metrics
    guesses: tuple[str, ...]
    warnings: tuple[str, ...]
    page: Report
    folder: Path | None = None
    arguments: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per classifier: classifier, accuracy, macro_f1, texts."""
        both = ((self.model.name, self.metrics), ("TF-IDF + logistic regression", self.reference))
        rows = [(name, m.accuracy, m.macro["f1"], m.rows) for name, m in both]
        return pd.DataFrame(rows, columns=["classifier", "accuracy", "macro_f1", "texts"])

    def panels(self) -> tuple[Panel, ...]:
        """One table: the model beside the reference."""
        rows = tuple((str(n), number(a), number(f), int(t)) for n, a, f, t in self.to_frame().itertuples(index=False))
        columns = ("classifier", "accuracy", "macro F1", "texts")
        return (Table("On the test split", columns, rows, (*self.guesses, *self.warnings)),)

    def summary(self) -> str:
        """What was guessed, the figures beside the reference's, what is wrong, and what to do next."""
        figures = [
            f"{row.classifier}: accuracy {row.accuracy:.3f}, macro F1 {row.macro_f1:.3f} on "
            f"{number_of(row.texts, 'test text')}"
            for row in self.to_frame().itertuples()
        ]
        doubts = [f"! {warning}" for warning in self.warnings]
        return "\n".join([*self.guesses, *figures, *doubts, *self.next_steps()])

    def next_steps(self) -> list[str]:
        """Three commands to go on with; empty if nothing was written."""
        if self.folder is None:
            return []
        model = str(self.folder / "model")
        text = " ".join(self.data.test["text"].iloc[0].split())[:40]
        words = ["words", model, *self.arguments, "--out", str(self.folder / "words.html")]
        picture = ["explain", model, text, "--out", str(self.folder / "why.html")]
        commands = [["explain", model, text], ["serve", model], words if self.arguments else picture]
        return [shlex.join(["attribkit", *command]) for command in commands]


def quickstart(
    data: str | Path | pd.DataFrame,
    *,
    text: str | None = None,
    label: str | None = None,
    vectors: str | Path | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    seed: int = 0,
    encoding: str | None = None,
    progress: bool | Progress | None = None,
    say: Callable[[str], None] | None = None,
) -> Quickstart:
    """From a table of labelled texts to a model, its figures beside a classical reference, and a report.

    Columns, language, network and settings are guessed from the data, and each guess is said. Nothing of the test split
    is seen in training.

    Args:
        data: a table, or a file or folder of one, with a column of texts and one of labels.
        text: the column of the texts; guessed if not given.
        label: the column of the labels; guessed if not given.
        vectors: a file of pretrained word vectors, such as GloVe's.
        out: a folder for the model and the report; None writes nothing.
        overwrite: replace a model that is in `out`.
        seed: of the split and the training.
        encoding: of the text in a file; guessed if not given.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).
        say: called with each sentence on what was guessed or found, as soon as it is known.

    Returns:
        the model, its figures, and what is wrong.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: for data that cannot teach a classifier; the sentence says what to do.

    Example:
        >>> import attribkit as ak
        >>> result = ak.quickstart(ak.load_dataset("demo").sample(60).train, progress=False)
        >>> result.data.labels
        ('neg', 'pos')
    """
    sentences_said: list[str] = []

    def tell_reader(*sentences: str) -> None:
        sentences_said.extend(sentences)
        if say is not None:
            for sentence in sentences:
                say(sentence)

    check_booleans(overwrite=overwrite)
    dataset = read(data, text, label, seed, encoding, tell_reader)
    folder = None if out is None else Path(out)
    with shown(progress) as tell:
        model = _trained(dataset, vectors, folder, overwrite, seed, tell, tell_reader)
        tell_reader(*_of_training(model))
        metrics = evaluate(model, dataset, split="test", progress=within(tell, "evaluating"))
        together = pd.concat([dataset.train, dataset.validation], ignore_index=True)
        reference = tfidf_reference(together, dataset.test, dataset.labels, min_df=1 if len(together) < _MANY else 3)
        warnings = (*findings.of_data(dataset), *findings.of_model(model, dataset, metrics, reference))
        page = report(
            model, dataset, tested=min(_TESTED, len(dataset.test)), seed=seed, progress=within(tell, "reporting")
        )
    if folder is not None:
        page.save(folder / "report.html")
    return Quickstart(
        model,
        dataset,
        metrics,
        reference,
        tuple(sentences_said),
        warnings,
        page,
        folder,
        _arguments(data, dataset, encoding),
    )


def _arguments(data: str | Path | pd.DataFrame, dataset: Dataset, encoding: str | None) -> tuple[str, ...]:
    if isinstance(data, pd.DataFrame):
        return ()
    columns = {"text": str(dataset.settings["text"]), "label": str(dataset.settings["label"])}
    named = [word for option, column in columns.items() if column != option for word in (f"--{option}", column)]
    return (str(data), *named, *([] if encoding is None else ["--encoding", encoding]))


def _trained(
    data: Dataset,
    vectors: str | Path | None,
    folder: Path | None,
    overwrite: bool,
    seed: int,
    tell: Progress,
    tell_reader: Callable[..., None],
) -> Classifier:
    """Train, and anew for twice as long while the last epoch is still the best and there is something to gain."""
    chosen = defaults("cnn", data, {}, vectors=vectors is not None)
    tell_reader("the network is a CNN, which is fast and exact to explain", *chosen.sentences)
    options, out = dict(chosen.options), None if folder is None else folder / "model"
    while True:
        model = train(
            "cnn",
            data,
            glove=vectors,
            out=out,
            overwrite=overwrite,
            seed=seed,
            progress=within(tell, "training"),
            **options,
        )
        trained = options["epochs"]
        if trained >= _MOST_EPOCHS or not _still_learning(model, trained):
            return model
        options["epochs"], overwrite = min(2 * trained, _MOST_EPOCHS), True
        tell_reader(
            f"the last of {number_of(trained, 'epoch')} was still the best: trained anew, for at most "
            f"{options['epochs']}"
        )


def _still_learning(model: Classifier, epochs: int) -> bool:
    """Whether the last epoch was the best and a text that weights are chosen by is still wrong."""
    if model.history is None or model.provenance["training"]["best_epoch"] != epochs:
        return False
    return float(model.history["val_accuracy"].iloc[-1]) < 1


def _of_training(model: Classifier) -> Iterator[str]:
    """How long it trained, and how much of the text the vectors cover."""
    training = model.provenance["training"]
    if training["best_epoch"] is not None:
        yield (
            f"trained for {number_of(training['epochs_run'], 'epoch')} in {training['seconds']:.0f} s; the weights "
            "of epoch "
            f"{training['best_epoch']} are kept, whose validation loss was the lowest"
        )
    vectors = model.provenance.get("vectors")
    if vectors is not None:
        yield (
            f"{vectors['file']} has {100 * vectors['share_of_vocabulary']:.0f} % of the vocabulary and "
            f"{100 * vectors['share_of_training_tokens']:.0f} % of the training texts' words"
        )
