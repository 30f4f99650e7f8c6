"""quickstart(): read, guess, train, compare, evaluate, report."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from attribkit.automl import findings
from attribkit.automl.choices import Choice, choose, longer, unfit
from attribkit.automl.guess import guess_columns, language_of
from attribkit.data import Dataset, load_dataset
from attribkit.data.tables import find_tables
from attribkit.errors import InputError
from attribkit.evaluation.cells import number
from attribkit.evaluation.performance import Metrics, evaluate
from attribkit.models.classifier import Classifier
from attribkit.progress import Progress, shown, within
from attribkit.reports import report
from attribkit.reports.page import Report
from attribkit.reproduce.tfidf import tfidf_reference
from attribkit.results.panels import Panel, Table
from attribkit.results.result import Result
from attribkit.training.train import train

_LARGEST_CELL = 1_000_000
"""Characters of one text: a longer one is a file in a cell, not a text to classify."""

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
    """

    model: Classifier
    data: Dataset
    metrics: Metrics
    reference: Metrics
    guesses: tuple[str, ...]
    warnings: tuple[str, ...]
    page: Report
    folder: Path | None = None

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
            f"{row.classifier}: accuracy {row.accuracy:.3f}, macro F1 {row.macro_f1:.3f} on {row.texts:,} test texts"
            for row in self.to_frame().itertuples()
        ]
        doubts = [f"! {warning}" for warning in self.warnings]
        return "\n".join([*self.guesses, *figures, *doubts, *self.next_steps()])

    def next_steps(self) -> list[str]:
        """Three commands to go on with; empty if nothing was written."""
        if self.folder is None:
            return []
        model = self.folder / "model"
        example = self.data.test["text"].iloc[0][:40].replace('"', "'").replace("\n", " ")
        return [
            f'attribkit explain {model} "{example}"',
            f"attribkit serve {model}",
            f"attribkit words {model} {self.data.source} --out {self.folder / 'words.html'}",
        ]


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

    dataset, language = _read(data, text, label, seed, encoding, tell_reader)
    folder = None if out is None else Path(out)
    with shown(progress) as tell:
        model, choice = _trained(dataset, choose(dataset, vectors, language), folder, overwrite, seed, tell)
        tell_reader(*choice.sentences)
        metrics = evaluate(model, dataset, split="test", progress=within(tell, "evaluating"))
        together = pd.concat([dataset.train, dataset.validation], ignore_index=True)
        reference = tfidf_reference(together, dataset.test, dataset.labels)
        warnings = (*findings.of_data(dataset), *findings.of_model(model, dataset, metrics, reference))
        page = report(
            model, dataset, tested=min(_TESTED, len(dataset.test)), seed=seed, progress=within(tell, "reporting")
        )
    if folder is not None:
        page.save(folder / "report.html")
    return Quickstart(model, dataset, metrics, reference, tuple(sentences_said), warnings, page, folder)


def _read(
    data: str | Path | pd.DataFrame,
    text: str | None,
    label: str | None,
    seed: int,
    encoding: str | None,
    tell_reader: Callable[..., None],
) -> tuple[Dataset, str | None]:
    if isinstance(data, str) and "://" in data:
        raise InputError(f"a file or a folder on this machine is needed, got the address {data!r}; download it first")
    raw = find_tables(data, encoding=encoding)
    first = next(iter(raw.tables.values()))
    if findings.header_row(first.columns) and text is None and label is None:
        raise InputError(
            f"the first line of {raw.source} looks like a row of data; begin the file with a line of names, such as "
            "text,label"
        )
    if len(first.columns) < 2:
        raise InputError(
            f"two columns are needed, of texts and of labels; {raw.source} has only {list(map(str, first.columns))}"
        )
    guess = guess_columns(first, text, label, raw.source)
    if first[guess.text].astype(str).str.len().max() > _LARGEST_CELL:
        raise InputError(
            f"a text of {raw.source} has more than {_LARGEST_CELL:,} characters; put a text into each cell, not a file"
        )
    reason = unfit(pd.concat(raw.tables.values()).rename(columns={guess.label: "label"}))
    if reason is not None:
        raise InputError(reason)
    tell_reader(*guess.sentences)
    dataset = load_dataset(data, text=guess.text, label=guess.label, seed=seed, encoding=encoding)
    tell_reader(*dataset.notes)
    language = language_of(dataset.train["text"])
    labels = len(dataset.labels)
    written = f"in {language}" if language else "in a language that was not recognised"
    tell_reader(f"{len(first):,} rows, {labels:,} labels; the texts are {written}")
    return dataset, language


def _trained(
    data: Dataset, choice: Choice, folder: Path | None, overwrite: bool, seed: int, tell: Progress
) -> tuple[Classifier, Choice]:
    """Train, and once more for longer while the last epoch is still the best."""
    while True:
        out = None if folder is None else folder / "model"
        model = train(
            choice.architecture,
            data,
            out=out,
            overwrite=overwrite,
            seed=seed,
            progress=within(tell, "training"),
            **choice.options,
        )
        trained = 0 if model.history is None else len(model.history)
        more = longer(choice, trained) if trained == choice.options["epochs"] and _last_is_best(model) else None
        if more is None:
            return model, choice
        choice, overwrite = more, True


def _last_is_best(model: Classifier) -> bool:
    best = model.provenance.get("training", {}).get("best_epoch")
    return best is not None and model.history is not None and int(best) == len(model.history)
