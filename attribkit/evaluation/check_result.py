"""What check() gives: a model’s figures beside their thresholds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from attribkit.evaluation.cells import interval
from attribkit.evaluation.statistics import Estimate
from attribkit.evaluation.thresholds import Figure
from attribkit.plurals import by_number, number_of
from attribkit.results.panels import Convergence, Panel, Table
from attribkit.results.result import Result


@dataclass(frozen=True, repr=False)
class CheckResult(Result):
    """The figures of a model and its explanations, each with its threshold.

    Attributes:
        model: the model's name.
        method: the name of the method that explains.
        rows: how many rows of the data were measured.
        seen: how many of them the model was trained on; None if that is not known.
        texts: the most texts on which the explanations were measured.
        figures: in the order of `FIGURES`; those that the data cannot give are left out.
        convergence: how many of these explanations converged.
        notes: sentences on what was left out or drawn.
        allow_training_rows: whether rows seen in training may be among those measured.
        provenance: the model, the data and the number of texts.
    """

    about = "Check of a model"
    heading = "Does the model pass?"

    model: str
    method: str
    rows: int
    seen: int | None
    texts: int
    figures: tuple[Figure, ...]
    convergence: Convergence
    notes: tuple[str, ...] = ()
    allow_training_rows: bool = False
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def asked(self) -> tuple[Figure, ...]:
        """The figures that have a threshold."""
        return tuple(figure for figure in self.figures if figure.threshold is not None)

    @property
    def passed(self) -> bool:
        """Whether every figure meets its threshold, on rows not seen in training unless those are allowed."""
        return self.failure is None and all(figure.passed is not False for figure in self.figures)

    @property
    def failure(self) -> str | None:
        """Why no figure counts, in a sentence; None if they do."""
        if not self.seen or self.allow_training_rows:
            return None
        return (
            f"{self.seen:,} of the {number_of(self.rows, 'row')} {by_number(self.seen, 'was', 'were')} seen in "
            "training; check on others, or say that they may be "
            "with allow_training_rows=True (--allow-training-rows)"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per figure: figure, value, low, high, random, threshold, passed and seen_in_training (rows)."""
        names = ("value", "low", "high", "random", "threshold", "passed")
        rows = [(figure.name, *(getattr(figure, name) for name in names), self.seen) for figure in self.figures]
        return pd.DataFrame(rows, columns=["figure", *names, "seen_in_training"])

    def panels(self) -> tuple[Panel, ...]:
        """One table."""
        verdicts = {True: "passed", False: "failed", None: None}
        rows = [
            (
                figure.name.replace("_", " "),
                _shown(figure.value),
                None
                if figure.low is None or figure.high is None
                else interval(Estimate(figure.value, figure.low, figure.high, 1)),
                None if figure.random is None else _shown(figure.random),
                figure.asked,
                verdicts[figure.passed],
            )
            for figure in self.figures
        ]
        columns = ("figure", "value", "95 % interval", "random scores", "asked for", "verdict")
        title = f"{self.model}, explained by {self.method}"
        if self.seen:
            title += f", with {self.seen:,} of {number_of(self.rows, 'row')} seen in training"
        notes = (*self.notes, *([] if self.failure is None else [f"failed: {self.failure}"]))
        return (Table(title, columns, tuple(rows), notes),)

    def answer(self) -> str:
        """Whether the model passed, and which figures it missed."""
        asked = self.asked
        if self.failure is not None:
            return f"No: {self.failure}."
        if not asked:
            return (
                f"Nothing was asked of {self.model}: give thresholds for some of its {len(self.figures)} figures, such "
                "as min_f1=0.9 (--min-f1 0.9)."
            )
        missed = [figure for figure in asked if not figure.passed]
        if not missed:
            return (
                f"Yes: {self.model} meets {'its one threshold' if len(asked) == 1 else f'all {len(asked)} thresholds'}."
            )
        named = "; ".join(
            f"{figure.name.replace('_', ' ')} is {_shown(figure.value)}, asked for was {figure.asked}"
            for figure in missed
        )
        return f"No: {self.model} misses {len(missed)} of {len(asked)} thresholds: {named}."

    def summary(self) -> str:
        """Whether the model passed, and each figure with its threshold."""
        verdict = "failed" if not self.passed else "passed" if self.asked else "measured"
        lines = [f"{self.model}, explained by {self.method}: {verdict}"]
        for figure in self.figures:
            threshold = "" if figure.asked is None else f" ({figure.asked}: {'passed' if figure.passed else 'failed'})"
            lines.append(f"{figure.name.replace('_', ' ')} {_shown(figure.value)}{threshold}")
        if self.failure is not None:
            lines.append(self.failure)
        elif not self.asked:
            lines.append(self.answer())
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a JSON file."""
        figures = {
            figure.name: {
                "value": figure.value,
                "low": figure.low,
                "high": figure.high,
                "random": figure.random,
                "threshold": figure.threshold,
                "passed": figure.passed,
            }
            for figure in self.figures
        }
        return {
            "model": self.model,
            "method": self.method,
            "rows": self.rows,
            "seen_in_training": self.seen,
            "allow_training_rows": self.allow_training_rows,
            "texts": self.texts,
            "passed": self.passed,
            "figures": figures,
            "convergence": self.convergence.to_json(),
            "notes": list(self.notes),
        }


def _shown(value: float) -> str:
    """Three digits after the point, or more for a figure that would round to 0."""
    return (f"{value:.3f}" if value == 0 or abs(value) >= 1e-3 else f"{value:.1e}").replace("-", "−")
