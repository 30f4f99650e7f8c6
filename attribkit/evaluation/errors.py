"""Where a model fails: the mistakes it is surest of, each with its token scores, and how sure it may be at all."""

import numpy as np

from attribkit.data.intake import Data
from attribkit.errors import InputError
from attribkit.evaluation.answers import Answers
from attribkit.evaluation.calibration import Calibration
from attribkit.evaluation.tables import confusion_table, metrics_table
from attribkit.explainer import explain
from attribkit.models.classifier import Classifier
from attribkit.progress import Progress, shown
from attribkit.results.explanation import Explanation, Explanations

MOST = 20


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
    progress: bool | Progress | None = None,
) -> Explanations:
    """What goes wrong on a data set: one page to read, if saved as .html.

    Args:
        model: any classifier; it stays as it is.
        data: texts with labels, as `attribkit.project` takes them, or the model's answers to them.
        most: mistakes to explain, those first of which the model was surest.
        bins: of the calibration.
        method: how the mistakes are explained, as `attribkit.explain` takes it.
        batch_size: most texts at once; None chooses by their length.
        split, text, label: which rows, as `attribkit.evaluate` takes them.
        progress: a function of what is done, the total and what is being done; True for a bar, False for none; None
            for a bar on a terminal and in a notebook.

    Returns: first an explanation of the whole set (the confusion matrix, precision and recall, the calibration curve
        and its error), then one of each mistake: why the model said what it said.

    Raises:
        TypeError: for texts of the wrong kind.
        ValueError: for data without true labels that the model knows, or fewer than no mistakes.
    """
    if most < 0:
        raise InputError(f"`most` must be at least 0 mistakes, got {most}")
    if isinstance(data, Answers):
        answers = data
    else:
        with shown(progress) as tell:
            columns = {"split": split, "text": text, "label": label}
            answers = Answers.of(model, data, **columns, batch_size=batch_size, progress=tell)
    metrics = answers.metrics()
    if metrics is None:
        known = ", ".join(map(repr, model.labels))
        raise InputError(f"mistakes need true labels among the model's {known}, the data has none; add a label column")
    calibration = Calibration.of(answers, bins)
    whole = Explanation(
        None,
        None,
        (confusion_table(metrics), metrics_table(metrics), calibration.chart(), calibration.table()),
        {
            "model": model.name,
            "fingerprint": model.fingerprint(),
            "texts": metrics.rows,
            "part": metrics.part,
            "seen in training": metrics.seen,
            "accuracy": round(metrics.accuracy, 4),
            "expected calibration error": round(calibration.error, 4),
        },
    )
    return Explanations([whole, *explained_mistakes(model, answers, most, method, batch_size)])


def mistakes(answers: Answers) -> list[int]:
    """The places of the texts that the model got wrong, those of which it was surest first."""
    wrong = answers.labelled[~answers.right]
    return wrong[np.argsort(-answers.confidence[wrong], kind="stable")].tolist()


def explained_mistakes(
    model: Classifier, answers: Answers, most: int, method: str | None = None, batch_size: int | None = None
) -> Explanations:
    """Why the model said what it said where it was wrong, the surest mistakes first."""
    chosen = mistakes(answers)[:most]
    if not chosen:
        return Explanations()
    truth = [answers.labels[answers.truth[place]] for place in chosen]
    texts = [answers.texts[place] for place in chosen]
    return explain(model, texts, views="attribution", true_label=truth, method=method, batch_size=batch_size)
