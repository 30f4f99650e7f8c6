"""A model's figures against thresholds, so that a team can hold every new model to what it asks of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from attribkit.classifier import Classifier
from attribkit.errors import InputError
from attribkit.evaluation.answers import Answers
from attribkit.evaluation.calibration import Calibration
from attribkit.evaluation.cells import interval
from attribkit.evaluation.faithfulness import faithfulness
from attribkit.evaluation.intervals import Estimate
from attribkit.evaluation.plausibility import plausibility
from attribkit.evaluation.sanity import sanity
from attribkit.evaluation.scores import RANDOM, check_methods
from attribkit.panels import Convergence, Panel, Table
from attribkit.projector import Data
from attribkit.training.data import Dataset

SANE_TEXTS = 30
"""Texts whose scores are compared with a randomised model's; each is explained anew for every layer."""
THRESHOLDS: dict[str, tuple[str, str]] = {
    "accuracy": ("min", "share of right answers"),
    "f1": ("min", "F1 of the last label if there are two, else the mean over the labels"),
    "calibration_error": ("max", "expected calibration error"),
    "comprehensiveness": ("min", "comprehensiveness, tokens deleted"),
    "comprehensiveness_over_random": ("min", "the same less that of random scores"),
    "sufficiency": ("max", "sufficiency, tokens deleted"),
    "completeness_error": ("max", "largest relative completeness error"),
    "converged": ("min", "share of texts whose scores add up"),
    "randomised_correlation": ("max", "correlation left when every layer is randomised"),
    "plausibility": ("min", "AUPRC against the column of rationales"),
}
"""What can be asked for: whether a threshold is the least or the most allowed, and what the figure is."""


@dataclass(frozen=True)
class Figure:
    """One figure and what was asked of it.

    Attributes:
        name: one of `THRESHOLDS`.
        value: what was measured.
        low, high: its 95 % interval, where it is a mean over texts.
        threshold: the least or the most allowed; None if nothing was asked.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    threshold: float | None = None

    @property
    def asked(self) -> str | None:
        """The threshold in words."""
        least = THRESHOLDS[self.name][0] == "min"
        return None if self.threshold is None else f"{'≥' if least else '≤'} {self.threshold:g}"

    @property
    def passed(self) -> bool | None:
        """Whether the figure keeps to its threshold; None if there is none."""
        if self.threshold is None:
            return None
        return self.value >= self.threshold if THRESHOLDS[self.name][0] == "min" else self.value <= self.threshold


@dataclass(frozen=True)
class Checked:
    """A model's figures.

    Attributes:
        model, method: their names.
        texts: how many the explanations' figures were taken on, at most.
        figures: in the order of `THRESHOLDS`; those that the data cannot give are left out.
        convergence: how many of the explanations that they were taken on converged.
        notes: sentences on what was left out or drawn.
    """

    model: str
    method: str
    texts: int
    figures: tuple[Figure, ...]
    convergence: Convergence
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every figure keeps to its threshold."""
        return all(figure.passed is not False for figure in self.figures)

    def to_frame(self) -> pd.DataFrame:
        """One row per figure: figure, value, low, high, threshold, passed."""
        rows = [(one.name, one.value, one.low, one.high, one.threshold, one.passed) for one in self.figures]
        return pd.DataFrame(rows, columns=["figure", "value", "low", "high", "threshold", "passed"])

    def panels(self) -> tuple[Panel, ...]:
        """One table."""
        verdicts = {True: "passed", False: "failed", None: None}
        rows = [
            (
                one.name.replace("_", " "),
                _shown(one.value),
                None if one.low is None or one.high is None else interval(Estimate(one.value, one.low, one.high, 1)),
                one.asked,
                verdicts[one.passed],
            )
            for one in self.figures
        ]
        columns = ("figure", "value", "95 % interval", "asked for", "verdict")
        return (Table(f"{self.model}, explained by {self.method}", columns, tuple(rows), self.notes),)

    def summary(self) -> dict[str, Any]:
        """Plain numbers for a JSON file."""
        figures = {
            one.name: {
                "value": one.value,
                "low": one.low,
                "high": one.high,
                "threshold": one.threshold,
                "passed": one.passed,
            }
            for one in self.figures
        }
        return {
            "model": self.model,
            "method": self.method,
            "texts": self.texts,
            "passed": self.passed,
            "figures": figures,
            "convergence": self.convergence.to_json(),
            "notes": list(self.notes),
        }


def check(
    model: Classifier,
    data: Data,
    thresholds: Mapping[str, float] | None = None,
    *,
    method: str | None = None,
    texts: int = 200,
    seed: int = 0,
) -> Checked:
    """Measure a model and its explanations, and compare the figures with thresholds.

    Args:
        model: any classifier; it stays as it is.
        data: texts, best with labels and a column `rationale`; what needs what is not there is left out.
        thresholds: the least or the most allowed, by the names in `THRESHOLDS`.
        method: how the scores are computed; None for the best that the network allows.
        texts: on so many texts, drawn by the seed, the explanations' figures are taken; of them, at most 30 are
            explained anew with randomised layers.
        seed: of all draws.

    Raises:
        TypeError: for data of the wrong kind.
        ValueError: for a threshold that is unknown or no finite number, or that asks for what these data or this
            method cannot give.
    """
    asked = dict(thresholds or {})
    _check_thresholds(asked)
    if texts < 1:
        raise InputError(f"`texts` must be at least 1, got {texts}")
    name = check_methods(model, method)[0]
    answers = Answers.of(model, data)
    notes = []
    if answers.left_out:
        first, reason = answers.left_out[0]
        notes.append(f"{len(answers.left_out):,} rows were left out, the first is row {first}: {reason}")
    drawn = np.sort(np.random.default_rng(seed).permutation(len(answers.texts))[:texts])
    some = [answers.texts[place] for place in drawn]
    explained, convergence = _of_scores(model, some, name, seed)
    found = {**_of_answers(answers), **explained}
    table = data.test if isinstance(data, Dataset) else data
    if isinstance(table, pd.DataFrame) and "rationale" in table:
        rows = table.iloc[answers.rows[drawn]].reset_index(drop=True)
        found["plausibility"] = plausibility(model, rows, name, seed=seed).estimate("auprc", name)
    if len(some) < len(answers.texts):
        notes.append(f"the explanations' figures are of {len(some):,} texts, drawn with seed {seed}")
    notes.append(convergence.sentence)
    for one in asked:
        if one not in found:
            raise InputError(f"a threshold for {one!r} needs {_NEEDS[one]}; leave the threshold out, or add that")
    figures = tuple(_figure(one, found[one], asked.get(one)) for one in THRESHOLDS if one in found)
    return Checked(model.name, name, len(some), figures, convergence, tuple(notes))


_NEEDS = {
    **dict.fromkeys(("accuracy", "f1", "calibration_error"), "true labels that the model knows"),
    **dict.fromkeys(("completeness_error", "converged"), "a method that promises completeness"),
    "plausibility": "a table with a column 'rationale' of character spans",
    "randomised_correlation": "texts of several tokens",
}


def _check_thresholds(asked: Mapping[str, float]) -> None:
    for name, value in asked.items():
        if name not in THRESHOLDS:
            raise InputError(f"`thresholds` can be given for {', '.join(THRESHOLDS)}, got {name!r}")
        if not np.isfinite(value):
            raise InputError(f"the threshold for {name!r} must be a finite number, got {value}")


def _of_answers(answers: Answers) -> dict[str, float]:
    metrics = answers.metrics()
    if metrics is None:
        return {}
    f1 = metrics.macro["f1"] if metrics.positive_f1 is None else metrics.positive_f1
    return {"accuracy": metrics.accuracy, "f1": f1, "calibration_error": Calibration.of(answers).error}


def _of_scores(
    model: Classifier, texts: list[str], method: str, seed: int
) -> tuple[dict[str, float | Estimate], Convergence]:
    """The explanations' figures, and how many of the explanations they are taken on converged."""
    faithful = faithfulness(model, texts, method, removals="delete", searched=0, jolted=0, seed=seed)
    sane = sanity(model, texts[:SANE_TEXTS], method, draws=1, seed=seed)
    found: dict[str, float | Estimate] = {
        "comprehensiveness": faithful.estimate("comprehensiveness", method),
        "comprehensiveness_over_random": faithful.estimate("comprehensiveness", method, over=RANDOM),
        "sufficiency": faithful.estimate("sufficiency", method),
    }
    convergence = faithful.convergence[method]
    if convergence.share is not None and convergence.worst_relative_error is not None:
        found |= {"completeness_error": convergence.worst_relative_error, "converged": convergence.share}
    left = sane.estimate("top_down", sane.layers[-1])
    if left.known:
        found["randomised_correlation"] = left
    return found, convergence


def _shown(value: float) -> str:
    """Three digits behind the point, unless that would round the figure away."""
    return (f"{value:.3f}" if value == 0 or abs(value) >= 1e-3 else f"{value:.1e}").replace("-", "−")


def _figure(name: str, found: float | Estimate, threshold: float | None) -> Figure:
    if isinstance(found, Estimate):
        return Figure(name, found.mean, found.low, found.high, threshold)
    return Figure(name, float(found), threshold=threshold)
