"""check(): a model's figures against thresholds."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.booleans import check_booleans
from attribkit.data.readable import skipped_sentence
from attribkit.data.readers import listed
from attribkit.data.text_tables import Data
from attribkit.errors import InputError
from attribkit.evaluation.answers import Answers
from attribkit.evaluation.calibration import calibration_error
from attribkit.evaluation.check_result import CheckResult
from attribkit.evaluation.faithfulness import faithfulness
from attribkit.evaluation.multilabel import MultilabelMetrics
from attribkit.evaluation.plausibility import plausibility
from attribkit.evaluation.regression import RegressionMetrics
from attribkit.evaluation.sanity import sanity
from attribkit.evaluation.scores import RANDOM, check_methods, token_scores
from attribkit.evaluation.statistics import Estimate
from attribkit.evaluation.thresholds import FIGURES, LABELLED, NEEDS, Figure, thresholds_of
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.models.other_inputs import check_text_alone
from attribkit.plurals import number_of
from attribkit.progress import Progress, shown
from attribkit.results.panels import Convergence

SANE_TEXTS = 30
"""Texts whose scores are compared with a randomised model's; each is explained anew for every layer."""


def check(
    model: Classifier,
    data: Data,
    thresholds: Mapping[str, float] | None = None,
    *,
    method: str | None = None,
    texts: int = 200,
    seed: int = 0,
    split: str | None = None,
    allow_training_rows: bool = False,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
    progress: bool | Progress | None = None,
    **limits: float,
) -> CheckResult:
    """Measure a model and its explanations, and compare the figures with thresholds.

    The figures are computed on rows that the model was not trained on, as far as that is known.

    Args:
        model: any classifier; it stays as it is.
        data: texts, best with labels and a column `rationale`; figures that need what the data lack are left out.
        thresholds: by figure, the smallest or largest value allowed; `attribkit.evaluation.thresholds.FIGURES` lists
            the names. The same as `min_…` and `max_…` below, for thresholds that are read from somewhere.
        method: how the scores are computed, as `attribkit.explain` takes it; None for the best that the network allows.
        texts: the most texts on which the explanations are measured, drawn by the seed; at most 30 of them are
            explained again with randomised layers.
        seed: of all draws.
        split: "train", "validation", "test" or "all"; None for the test split or, without one, the rows not trained on.
        allow_training_rows: whether the check may pass with rows that were seen in training.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).
        **limits: thresholds by the figure's name after `min_` or `max_`: `min_f1=0.9`, `max_calibration_error=0.05`.

    Returns:
        each figure with its interval, its threshold and whether it passed; `passed` for all of them.

    Raises:
        TypeError: for data of the wrong kind, or an argument that is no threshold.
        ValueError: for a threshold that is unknown or no finite number, one on a figure that these data or this
            method cannot give, or outside the figure's range: a share lies between 0 and 1.

    Example:
        >>> import pandas as pd
        >>> import attribkit as ak
        >>> texts = ["A great film", "Such a great show!", "A dull and horrible movie", "The worst plot ever"]
        >>> reviews = pd.DataFrame({"text": texts, "label": ["pos", "pos", "neg", "neg"]})
        >>> checked = ak.check(ak.load("imdb-cnn"), reviews, min_accuracy=0.9, texts=4)
        >>> checked.passed
        True
        >>> checked.to_frame()["figure"].head(2).tolist()
        ['accuracy', 'f1']
    """
    check_booleans(allow_training_rows=allow_training_rows)
    check_text_alone(model.other_inputs, "`check`")
    wanted = thresholds_of(thresholds or {}, limits)
    if texts < 1:
        raise InputError(f"`texts` must be at least 1, got {texts}")
    name = check_methods(model, method)[0]
    with shown(progress) as tell:
        answers = Answers.of(model, data, split=split, text=text, label=label, encoding=encoding, progress=tell)
        drawn = np.sort(np.random.default_rng(seed).permutation(len(answers.texts))[:texts])
        sample = [answers.texts[place] for place in drawn]
        explained, convergence = _of_scores(model, sample, name, seed, tell)
        rationales = _of_rationales(model, answers, drawn, name, seed, tell)
    metrics = answers.metrics()
    rows = answers.measured
    if rows is None:
        raise InputError("a check needs the rows that the answers come from; give it the data")
    notes = [*rows.notes] if metrics is None else [*metrics.notes]
    if answers.skipped:
        notes.append(skipped_sentence(answers.skipped, answers.given))
    measured = [*_of_answers(answers, metrics), *explained, *rationales]
    if len(sample) < len(answers.texts):
        notes.append(f"the explanations' figures are of {number_of(len(sample), 'text')}, drawn with seed {seed}")
    notes.append(convergence.sentence)
    if not model.capabilities.layers:
        notes.append(f"no layers were randomised, for this {model.capabilities.kind} has none")
    by_name = {figure.name: figure for figure in measured}
    for named in wanted:
        if named not in by_name:
            raise _refused(named, answers, rows.source or "the data")
    figures = tuple(replace(by_name[named], threshold=wanted.get(named)) for named in FIGURES if named in by_name)
    return CheckResult(
        model.name,
        name,
        len(rows.table),
        rows.seen,
        len(sample),
        figures,
        convergence,
        tuple(notes),
        allow_training_rows,
        rows.provenance(model.name, len(answers.texts)),
    )


def _refused(name: str, answers: Answers, source: str) -> InputError:
    """The error for a threshold on a figure that could not be measured."""
    if name not in LABELLED[answers.task]:
        need, cure = NEEDS[name]
        return InputError(f"a threshold for {name!r} needs {need}; {cure}, or leave the threshold out")
    given = sorted({label for label in answers.named if label})
    if not given:
        return InputError(
            f"a threshold for {name!r} needs true labels, and {source} has none; name their column with `label`, or "
            "leave the threshold out"
        )
    return InputError(
        f"a threshold for {name!r} needs labels that the model knows, {listed(answers.labels)}, and {source} has "
        f"{listed(given)}; relabel the rows, or leave the threshold out"
    )


def _of_answers(answers: Answers, metrics: Any) -> list[Figure]:
    if metrics is None:
        return []
    if isinstance(metrics, RegressionMetrics):
        parts = {name: getattr(metrics, name) for name in ("mae", "rmse", "r2", "spearman")}
        return [Figure(name, part.mean, part.low, part.high) for name, part in parts.items() if part.known]
    if isinstance(metrics, MultilabelMetrics):
        return [
            _figure("accuracy", metrics.subset_accuracy),
            _figure("f1", metrics.micro_f1),
            Figure("macro_f1", metrics.macro_f1),
            _figure("hamming_loss", metrics.hamming_loss),
            _figure("calibration_error", calibration_error(answers)),
        ]
    return [
        _figure("accuracy", metrics.accuracy_estimate),
        _figure("f1", metrics.f1_estimate),
        _figure("calibration_error", calibration_error(answers)),
    ]


def _of_scores(
    model: Classifier, texts: list[str], method: str, seed: int, progress: Progress
) -> tuple[list[Figure], Convergence]:
    """The explanations' figures, and how many of these explanations converged."""
    if model.task == "regression":
        return _of_sanity(model, texts, method, seed, progress)
    faithful = faithfulness(
        model, texts, method, removals="delete", oracle_texts=0, perturbed=0, seed=seed, progress=progress
    )
    figures = [
        _figure("comprehensiveness_over_random", faithful.estimate("comprehensiveness", method, over=RANDOM)),
        *(
            _figure(name, faithful.estimate(name, method), faithful.estimate(name, RANDOM))
            for name in ("comprehensiveness", "sufficiency")
        ),
    ]
    convergence = faithful.convergence[method]
    if convergence.share is not None and convergence.worst_relative_error is not None:
        figures.append(Figure("completeness_error", convergence.worst_relative_error))
        figures.append(Figure("converged", convergence.share))
    if not model.capabilities.layers:
        return figures, convergence
    sane = sanity(model, texts[:SANE_TEXTS], method, draws=1, seed=seed, progress=progress)
    left = sane.estimate("top_down", sane.layers[-1])
    return ([*figures, _figure("randomised_correlation", left)] if left.known else figures), convergence


def _of_sanity(
    model: Classifier, texts: list[str], method: str, seed: int, progress: Progress
) -> tuple[list[Figure], Convergence]:
    """The figures of a regression, for which faithfulness is not defined."""
    convergence = token_scores(model, EncodedBatch.of(model, texts), method, seed=seed).convergence
    figures = []
    if convergence.share is not None and convergence.worst_relative_error is not None:
        figures = [
            Figure("completeness_error", convergence.worst_relative_error),
            Figure("converged", convergence.share),
        ]
    if not model.capabilities.layers:
        return figures, convergence
    sane = sanity(model, texts[:SANE_TEXTS], method, draws=1, seed=seed, progress=progress)
    left = sane.estimate("top_down", sane.layers[-1])
    return ([*figures, _figure("randomised_correlation", left)] if left.known else figures), convergence


def _of_rationales(
    model: Classifier, answers: Answers, drawn: NDArray[np.int64], method: str, seed: int, progress: Progress
) -> list[Figure]:
    table = answers.table
    if table is None or "rationale" not in table:
        return []
    study = plausibility(model, table.iloc[drawn], method, seed=seed, split="all", progress=progress)
    own, random = (study.estimate("auprc", name) for name in (method, RANDOM))
    over = study.estimate("auprc", method, over=RANDOM)
    return [_figure("plausibility", own, random), _figure("plausibility_over_random", over)]


def _figure(name: str, estimate: Estimate, random: Estimate | None = None) -> Figure:
    return Figure(name, estimate.mean, estimate.low, estimate.high, random=None if random is None else random.mean)
