"""Error analysis: a model's most confident mistakes with their token scores, and its calibration."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from attribkit.attribution.label_index import Index
from attribkit.data.text_tables import Data
from attribkit.errors import InputError
from attribkit.evaluation.answers import Answers
from attribkit.evaluation.calibration import Calibration
from attribkit.evaluation.multilabel import MultilabelMetrics
from attribkit.evaluation.regression import RegressionMetrics
from attribkit.evaluation.tables import confusion_panels, metrics_table
from attribkit.explainer import explain
from attribkit.models.classifier import Classifier
from attribkit.plurals import number_of
from attribkit.progress import Progress, shown
from attribkit.results.explanation import Explanation
from attribkit.results.explanations import Explanations
from attribkit.results.json_file import open_envelope, read, results_json
from attribkit.results.panels import Drawable, Panel
from attribkit.results.result import Result
from attribkit.results.several_panels import Panels

MOST = 20


@dataclass(frozen=True, repr=False)
class ErrorAnalysis(Result):
    """How often a model is wrong on a set of texts, and its most confident mistakes.

    Attributes:
        overview: the confusion matrix, precision and recall, the calibration curve and its error.
        mistakes: an explanation of each, the most confident first.
    """

    about = "Mistakes of a model"
    heading = "Where is the model wrong?"

    overview: Panels
    mistakes: Explanations

    def parts(self) -> Sequence[Drawable]:
        """What is drawn one below the other: the overview, then each mistake."""
        return self.overview, *self.mistakes

    def panels(self) -> tuple[Panel, ...]:
        """Those of the overview, then those of each mistake."""
        return tuple(panel for part in self.parts() for panel in part.panels())

    def to_frame(self) -> pd.DataFrame:
        """One row per mistake, the most confident first; empty without any.

        The columns are those of `Explanation.to_frame("text")`.
        """
        return self.mistakes.to_frame("text") if self.mistakes else pd.DataFrame(columns=["text", "label"])

    def to_json(self) -> str:
        """The overview and the mistakes as JSON, which `ErrorAnalysis.from_json` reads back."""
        return results_json("error analysis", self.parts())

    @staticmethod
    def from_json(text: str) -> "ErrorAnalysis":
        """Read the JSON that `to_json` made.

        Raises:
            ValueError: as `Explanation.from_json` does.
        """
        overview, *mistakes = open_envelope(text, "error analysis")
        return ErrorAnalysis(Panels.of_content(overview), Explanations(map(Explanation.of_content, mistakes)))

    @staticmethod
    def load(path: str | Path) -> "ErrorAnalysis":
        """Read a .json file that `save` wrote.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: for a file that is no error analysis.
        """
        return ErrorAnalysis.from_json(read(path))

    def answer(self) -> str:
        """How often it is wrong, what it takes for what most often, and how its surest mistake reads."""
        about = self.overview.provenance
        model, texts = about.get("model", "The model"), int(about.get("texts", 0))
        wrong = about.get("wrong")
        if wrong is None:  # of numbers
            error = f"{about.get('mean absolute error')} {about.get('unit')}"
            return f"{model} is off by {error} on average of {number_of(texts, 'text')}."
        if not wrong:
            return f"{model} made no mistake on {number_of(texts, 'text')}."
        often = about.get("most often")
        most = f"; most often {often}" if often else ""
        return f"{model} is wrong on {wrong:,} of {number_of(texts, 'text')}{most}."

    def summary(self) -> str:
        """The figures of the set, then the summaries of the first ten mistakes."""
        overview = {name: value for name, value in self.overview.provenance.items() if name != "fingerprint"}
        figures = ", ".join(f"{name} {value}" for name, value in overview.items() if value is not None)
        count = f"{number_of(len(self.mistakes), 'mistake')} explained"
        return "\n".join([f"{figures}; {count}", *([self.mistakes.summary()] if self.mistakes else [])])


def errors(
    model: Classifier,
    data: Data | Answers,
    *,
    most: int = MOST,
    bins: int = 10,
    method: str | None = None,
    batch_size: int | None = None,
    split: str | None = None,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
    progress: bool | Progress | None = None,
) -> ErrorAnalysis:
    """Analyse the mistakes of a model on a data set: one page to read, if saved as .html.

    Args:
        model: any classifier; it stays as it is.
        data: texts with labels in any form that `attribkit.project` takes, or the model's answers to them.
        most: how many mistakes to explain, the most confident first.
        bins: of the calibration.
        method: how the mistakes are explained, as `attribkit.explain` takes it.
        batch_size: the most texts at once; None chooses by their length.
        split: "train", "validation", "test" or "all"; None for the test split or, without one, the rows not trained on.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        the confusion matrix, precision and recall, the calibration curve and its error; and an explanation of each
        mistake.

    Raises:
        TypeError: for texts of the wrong kind.
        ValueError: for data without a true label that the model has, or a negative number of mistakes.

    Example:
        >>> import attribkit as ak
        >>> from attribkit.evaluation.errors import errors
        >>> model = ak.load("imdb-cnn")
        >>> analysis = errors(model, ak.load_dataset("demo").sample(50), most=2)
        >>> len(analysis.mistakes) <= 2
        True
        >>> analysis.save("mistakes.html").name
        'mistakes.html'
    """
    if most < 0:
        raise InputError(f"`most` must be at least 0 mistakes, got {most}")
    if isinstance(data, Answers):
        answers = data
    else:
        with shown(progress) as tell:
            columns = {"split": split, "text": text, "label": label, "encoding": encoding}
            answers = Answers.of(model, data, **columns, batch_size=batch_size, progress=tell)
    metrics = answers.metrics()
    if metrics is None:
        known = ", ".join(map(repr, model.labels))
        raise InputError(f"mistakes need true labels among the model's {known}, the data has none; add a label column")
    if model.task != "multiclass":
        return _by_task(model, answers, metrics, most, method, batch_size, progress)
    calibration = Calibration.of(answers, bins)
    overview = Panels(
        (*confusion_panels(metrics), metrics_table(metrics), calibration.chart(), calibration.table()),
        {
            **_about(model, answers, metrics),
            "accuracy": round(metrics.accuracy, 4),
            "expected calibration error": round(calibration.error, 4),
        },
    )
    return ErrorAnalysis(overview, explained_mistakes(model, answers, most, method, batch_size, progress))


def _about(model: Classifier, answers: Answers, metrics: Any) -> dict[str, Any]:
    """What the page says of its figures, and of the mistakes as a whole."""
    wrong = None if answers.task == "regression" else int((~answers.right).sum())
    return {
        "model": model.name,
        "data": None if answers.measured is None else answers.measured.provenance(model.name, 0)["data"],
        "fingerprint": model.fingerprint(),
        "texts": metrics.rows,
        "part": metrics.part,
        "seen in training": metrics.seen,
        "wrong": wrong,
        "most often": metrics.most_confused if wrong and answers.task == "multiclass" else None,
    }


def mistakes(answers: Answers) -> list[int]:
    """The places of the texts that the model got wrong, the surest first; of a regression all, the worst first."""
    wrong = np.flatnonzero(~answers.right)
    order = wrong[np.argsort(-answers.wrongness[wrong], kind="stable")]
    ordered: list[int] = answers.labelled[order].tolist()
    return ordered


def _by_task(
    model: Classifier,
    answers: Answers,
    metrics: MultilabelMetrics | RegressionMetrics,
    most: int,
    method: str | None,
    batch_size: int | None,
    progress: bool | Progress | None,
) -> ErrorAnalysis:
    """The analysis of several labels a text, or of numbers."""
    figures: dict[str, Any]
    if isinstance(metrics, MultilabelMetrics):
        calibration = Calibration.of(answers)
        panels = (*metrics.panels(), calibration.chart(), calibration.table())
        figures = {"micro F1": round(metrics.micro_f1.mean, 4), "exact sets": round(metrics.subset_accuracy.mean, 4)}
    else:
        panels = metrics.panels()
        figures = {"mean absolute error": round(metrics.mae.mean, 4), "unit": metrics.unit}
    overview = Panels(panels, {**_about(model, answers, metrics), **figures})
    return ErrorAnalysis(overview, explained_mistakes(model, answers, most, method, batch_size, progress))


def explained_mistakes(
    model: Classifier,
    answers: Answers,
    most: int,
    method: str | None = None,
    batch_size: int | None = None,
    progress: bool | Progress | None = False,
) -> Explanations:
    """An explanation of each mistake, the most confident first.

    Args:
        model: any classifier.
        answers: its predictions.
        most: how many mistakes.
        method: as `attribkit.explain` takes it.
        batch_size: the most texts at once; None chooses by their length.
        progress: called as `attribkit.progress.Progress` says.
    """
    chosen = mistakes(answers)[:most]
    if not chosen:
        return Explanations()
    truth: list[Any] = [answers.true_label(place) for place in chosen]
    texts = [answers.texts[place] for place in chosen]
    if model.task != "multilabel":
        return explain(
            model,
            texts,
            also=answers.also_of(chosen),
            views="attribution",
            true_label=truth,
            method=method,
            batch_size=batch_size,
            progress=progress,
        )
    # of several labels the one that is most wrong is explained
    each = [
        None if given is None else {name: values[0] for name, values in given.items()}
        for given in (answers.also_of([place]) for place in chosen)
    ]
    worst = np.abs(answers.probabilities[chosen] - answers.truth[chosen]).argmax(1)
    return Explanations(
        explain(
            model,
            text,
            also=also,
            views="attribution",
            true_label=true,
            target=Index(place),
            method=method,
            progress=False,
        )
        for text, also, true, place in zip(texts, each, truth, worst.tolist(), strict=True)
    )
