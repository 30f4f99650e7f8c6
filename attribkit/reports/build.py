"""report(): from a model and a set of texts to one page that describes the model."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from attribkit.data import Dataset
from attribkit.data.text_tables import Data
from attribkit.errors import InputTypeError
from attribkit.evaluation.answers import Answers
from attribkit.evaluation.calibration import Calibration
from attribkit.evaluation.importance import word_importance
from attribkit.evaluation.metrics import Metrics
from attribkit.evaluation.regions import region_importance
from attribkit.explainer import explain
from attribkit.models.classifier import Classifier
from attribkit.models.other_inputs import check_text_alone
from attribkit.plurals import number_of
from attribkit.progress import Progress, shown, within
from attribkit.projector import project
from attribkit.reports import by_task, explanation_quality, performance
from attribkit.reports.explanation_quality import ExplanationTests
from attribkit.reports.failures import Failures, failures_section
from attribkit.reports.global_importance import importance_section, map_section, regions_section
from attribkit.reports.overview import fingerprint_of, overview_section
from attribkit.reports.page import Report
from attribkit.reports.robustness import robustness_section
from attribkit.reports.settings import ReportSettings
from attribkit.reports.summary import summary
from attribkit.reports.training_rows import training_sections
from attribkit.results.explanation import Explanation
from attribkit.results.explanations import Explanations
from attribkit.results.panels import Document, Figure, Group, Section, Table
from attribkit.results.panels.prediction import Truth
from attribkit.versions import versions_of

_REGIONS = 500
"""The most texts whose regions are measured."""


def report(
    model: Classifier,
    data: Data,
    *,
    train: pd.DataFrame | None = None,
    others: Sequence[Classifier] = (),
    name: str | None = None,
    split: str | None = None,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
    progress: bool | Progress | None = None,
    **settings: Any,
) -> Report:
    """One page on a model: the answer in short, where it fails, how good it is, what drives it, how far to trust it.

    What cannot be computed is left out, with a sentence that says why. The model is left exactly as it was.

    Args:
        model: any classifier.
        data: texts, with labels if they are known, in any form that `attribkit.project` takes.
        train: the texts the model was trained on; those of `data`, if it is a `Dataset` or holds all of them. One-sided
            words need them.
        others: the same model trained with other seeds, to see whether the explanations stay the same.
        name: what to call the data; its own name if not given.
        split: "train", "validation", "test" or "all"; None for the test split or, without one, the rows not trained on.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).
        **settings: the fields of `attribkit.reports.settings.ReportSettings`: how much of everything the page holds.

    Returns:
        the report: figures, tables and pictures; `save` writes it as one HTML file.

    Raises:
        TypeError: for data or a setting of the wrong kind.
        ValueError: for data without a readable text, or a setting out of its range.

    Example:
        >>> import pandas as pd
        >>> import attribkit as ak
        >>> texts = ["A great film", "Such a great show!", "A dull and horrible movie", "The worst plot ever"]
        >>> reviews = pd.DataFrame({"text": texts, "label": ["pos", "pos", "neg", "neg"]})
        >>> page = ak.report(ak.load("imdb-cnn"), reviews, texts=1, tested=0, mistakes=0)
        >>> page.save("report.html").name
        'report.html'
    """
    if not isinstance(model, Classifier):
        raise InputTypeError(
            f"a Classifier was expected, got {type(model).__name__}; load one with attribkit.load(folder)"
        )
    check_text_alone(model.other_inputs, "`report`")
    chosen = ReportSettings(**{"baselines": _baselines(model), **settings})
    batch_size, seed = chosen.batch_size, chosen.seed
    with shown(progress) as tell:
        answers = Answers.of(
            model, data, split=split, text=text, label=label, encoding=encoding, batch_size=batch_size, progress=tell
        )
        counting = within(tell, "counting words")
        words = word_importance(
            model, answers, train=train, most=chosen.counted, seed=seed, batch_size=batch_size, progress=counting
        )
        mistaken = within(tell, "explaining mistakes")
        failures = Failures.of(model, answers, chosen.mistakes, batch_size, mistaken)
        regions = []
        if model.task == "multiclass":
            measured_regions = region_importance(model, answers, most=_REGIONS, seed=seed, batch_size=batch_size)
            regions = [regions_section(measured_regions)]
        places = _drawn(answers, chosen)
        rows = _explained(model, answers, places, chosen, within(tell, "explaining texts"))
        tested = places[: chosen.tested]
        sample = [answers.texts[place] for place in tested]
        table = None if answers.table is None else answers.table.iloc[tested]
        testing = within(tell, "testing the explanations")
        tests = ExplanationTests.of(model, sample, table, seed, batch_size, testing)
        repeating = within(tell, "explaining with other baselines")
        again = robustness_section(model, sample, chosen.baselines, others, seed, batch_size, repeating)
        asked = failures.explained or rows
        about_training, no_training = training_sections(
            model, data, train, asked, chosen.taught, chosen.suspects, seed, batch_size,
            within(tell, "asking training rows"),
        )  # fmt: skip
        map_section = _map(model, answers, chosen, within(tell, "drawing the map"))
    source = name or _name(data, answers)
    metrics = answers.metrics()
    calibration = Calibration.of(answers.held_out) if len(answers.labelled) and model.task != "regression" else None
    how_good = performance.section if model.task == "multiclass" else by_task.performance_section
    figures_of = performance.figures if model.task == "multiclass" else by_task.performance_figures
    overview = overview_section(model, answers, source)
    sections = (
        failures_section(answers, failures, chosen.mistakes),
        how_good(metrics, calibration),
        importance_section(words, chosen.words),
        *regions,
        explanation_quality.section(tests, words.convergence),
        again,
        *about_training,
        map_section,
        _texts(rows, answers),
        replace(overview, sentences=(*overview.sentences, *no_training)),
        _appendix(model, answers, source, chosen, others),
    )
    labels = f"a number in {model.unit}" if model.task == "regression" else number_of(len(model.labels), "label")
    first = f"What {model.name} does on {source}: {number_of(len(answers.texts), 'text')}, {labels}."
    of_answers, of_explanations = (
        figures_of(metrics, calibration),
        explanation_quality.figures(tests, words.convergence),
    )
    if model.task == "multiclass":
        answered = summary(metrics, calibration, words, failures.kinds, tests)
    else:
        answered = by_task.summary(answers, metrics, words)
    mark = None if answers.measured is None else answers.measured.mark
    if mark is not None:
        of_explanations = [_marked(figure, mark) for figure in of_explanations]
        if not isinstance(metrics, Metrics) or metrics.held_out is None:
            of_answers = [_marked(figure, mark) for figure in of_answers]
    lead = (
        first,
        *(f"{note[0].upper()}{note[1:]}." for note in (() if answers.measured is None else answers.measured.notes)),
    )
    return Report(Document(f"{model.name} on {source}", lead, (*of_answers, *of_explanations), sections, answered))


def _marked(figure: Figure, mark: str) -> Figure:
    return replace(figure, meaning=f"{figure.meaning}; {mark}")


def _baselines(model: Classifier) -> tuple[str, ...]:
    """The usual ones that the model can be compared with."""
    return tuple(name for name in ReportSettings.baselines if name in model.capabilities.baselines)


def _name(data: Data, answers: Answers) -> str:
    if isinstance(data, (str, Path)):
        part = "all rows" if answers.measured is None else answers.measured.part
        return f"{Path(data).name}, {part}"
    return data.name if isinstance(data, Dataset) else "unnamed texts"


def _drawn(answers: Answers, chosen: ReportSettings) -> list[int]:
    """The places of a sample of the texts, in an order drawn by the seed; the first of them are tested."""
    count = min(max(chosen.texts, chosen.tested), len(answers.texts))
    places: list[int] = np.random.default_rng(chosen.seed).permutation(len(answers.texts))[:count].tolist()
    return places


def _explained(
    model: Classifier, answers: Answers, places: list[int], chosen: ReportSettings, progress: Progress
) -> Explanations:
    if not places:
        return Explanations()
    texts = [answers.texts[place] for place in places]
    rows = explain(
        model,
        texts,
        views="attribution",
        baseline=chosen.baselines[0],
        batch_size=chosen.batch_size,
        progress=progress,
    )
    return Explanations(_with_truth(row, answers.true_label(place)) for row, place in zip(rows, places, strict=True))


def _with_truth(row: Explanation, truth: Truth) -> Explanation:
    if row.prediction is None:
        return row
    return Explanation(row.text, replace(row.prediction, true_label=truth), row.panels(), row.provenance)


def _map(model: Classifier, answers: Answers, chosen: ReportSettings, progress: Progress) -> Section:
    if not model.capabilities.layers:
        return map_section(None, f"A map needs a network with layers, this {model.capabilities.kind} has none.")
    if not chosen.map:
        return map_section(None)
    if model.task != "multiclass":
        return map_section(None, f"A report's map is coloured by one label a text, this model is {model.task}.")
    if len(answers.texts) < 3:
        return map_section(None, "A map needs at least 3 texts.")
    labels = [str(answers.true_label(place) or "") for place in range(len(answers.texts))]
    table = pd.DataFrame({"text": answers.texts, "label": labels})
    return map_section(
        project(
            model,
            table,
            layer=chosen.layer,
            sample=chosen.mapped,
            seed=chosen.seed,
            batch_size=chosen.batch_size,
            colour="label" if any(labels) else "prediction",
            progress=progress,
        )
    )


def _texts(rows: Explanations, answers: Answers) -> Section:
    head = ("texts", "The explained texts", "Explained texts")
    if not rows:
        return Section(*head, ("No texts were asked to be shown.",))
    drawn = f"{len(rows):,} of {number_of(len(answers.texts), 'text')}, drawn by the seed"
    sentence = f"{drawn}, each with what every word did. Press / to search."
    return Section(*head, (sentence,), rows=tuple(rows), search=True)


def _appendix(
    model: Classifier, answers: Answers, source: str, chosen: ReportSettings, others: Sequence[Classifier]
) -> Section:
    """Settings, versions, and the lines that make the same page again."""
    used = {name: getattr(chosen, name) for name in ReportSettings.__annotations__}
    rows = [(key, ", ".join(value) if isinstance(value, tuple) else value) for key, value in used.items()]
    settings = Table("Settings", ("setting", "value"), tuple((key, None if v is None else str(v)) for key, v in rows))
    prints = [
        ("the model", model.fingerprint()),
        *((f"another model, {other.name}", other.fingerprint()) for other in others),
        (f"the texts of {source}", fingerprint_of(answers)),
        *versions_of("attribkit", "torch", "numpy", "scikit-learn").items(),
    ]
    defaults = ReportSettings()
    arguments = "".join(f", {key}={value!r}" for key, value in used.items() if value != getattr(defaults, key))
    beside = f", others=[{', '.join(f'other_{n}' for n in range(1, len(others) + 1))}]" if others else ""
    return Section(
        "appendix",
        "Settings, and how to repeat this",
        "Appendix",
        (
            f"With the same model{'s' * bool(others)} and texts this makes the page again: "
            f'attribkit.report(model, data{arguments}{beside}).save("report.html")',
        ),
        groups=(
            Group("Settings", (settings,)),
            Group("Fingerprints and versions", (Table("Fingerprints and versions", ("of", "value"), tuple(prints)),)),
        ),
    )
