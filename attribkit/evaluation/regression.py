"""How good a regression is: its errors in their unit, the variance it explains, and the order it keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import spearmanr

from attribkit.errors import InputError
from attribkit.evaluation.cells import left_out, number
from attribkit.evaluation.statistics import Estimate, estimate, resampled_sums
from attribkit.plurals import number_of
from attribkit.results.panels import Chart, Panel, Series, Table
from attribkit.results.result import Result

GROUPS = 10
_NORMAL = 1.959963984540054  # the standard normal's 97.5 % quantile


@dataclass(frozen=True, eq=False, repr=False)
class RegressionMetrics(Result):
    """How good a regression is on N texts.

    Attributes:
        name: of the number.
        unit: of the number.
        true: (N,) the known numbers.
        predicted: (N,) the model's.
        dropped: rows left out because their text or number is missing, or because the model cannot answer them.
        part: what the rows are, such as "test split".
        seen: how many of them the model was trained on; None if that is not known.
        notes: sentences on which rows were measured.
        provenance: the model, the data and the number of texts.
    """

    about = "Performance of a model"

    name: str
    unit: str
    true: NDArray[np.float64]
    predicted: NDArray[np.float64]
    dropped: int = 0
    part: str = "all rows"
    seen: int | None = None
    notes: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        true, predicted = (np.array(part, dtype=float) for part in (self.true, self.predicted))
        if true.shape != predicted.shape or true.ndim != 1 or not len(true):
            raise InputError(f"a true and a predicted number for each text were expected, got {true.shape} numbers")
        for part in (true, predicted):
            part.setflags(write=False)
        object.__setattr__(self, "true", true)
        object.__setattr__(self, "predicted", predicted)

    @property
    def rows(self) -> int:
        """How many texts were measured."""
        return len(self.true)

    @property
    def errors(self) -> NDArray[np.float64]:
        """(N,) predicted − true, in the unit."""
        errors: NDArray[np.float64] = self.predicted - self.true
        return errors

    @property
    def mae(self) -> Estimate:
        """The mean absolute error, in the unit, with its bootstrap interval."""
        return estimate(np.abs(self.errors))

    @property
    def rmse(self) -> Estimate:
        """The root of the mean squared error, in the unit, with its bootstrap interval."""
        squares = estimate(self.errors**2)
        mean, low, high = (float(np.sqrt(part)) for part in (squares.mean, squares.low, squares.high))
        return Estimate(mean, low, high, squares.texts)

    @property
    def r2(self) -> Estimate:
        """R², the share of the variance that is explained; its interval by drawing texts anew.

        NaN where all true numbers are the same.
        """
        centred = self.true - self.true.mean()
        spread = float((centred**2).sum())
        if not spread:
            return Estimate(float("nan"), float("nan"), float("nan"), 0)
        squares, sums, totals = resampled_sums(np.stack((self.errors**2, centred, centred**2), axis=1)).T
        variance = totals - sums**2 / self.rows
        drawn = 1 - squares[variance > 0] / variance[variance > 0]
        low, high = np.quantile(drawn, (0.025, 0.975)) if len(drawn) else (np.nan, np.nan)
        return Estimate(1 - float((self.errors**2).sum()) / spread, float(low), float(high), self.rows)

    @property
    def spearman(self) -> Estimate:
        """Spearman's rank correlation of true and predicted numbers; NaN where either are all the same.

        Source of the interval: Bonett & Wright, "Sample size requirements for estimating Pearson, Kendall and Spearman
        correlations", Psychometrika 2000.
        """
        if self.rows < 2 or np.ptp(self.true) == 0 or np.ptp(self.predicted) == 0:
            return Estimate(float("nan"), float("nan"), float("nan"), 0)
        rho = float(spearmanr(self.true, self.predicted).statistic)
        if self.rows < 4 or abs(rho) >= 1:
            return Estimate(rho, rho, rho, self.rows)
        half = _NORMAL * np.sqrt((1 + rho**2 / 2) / (self.rows - 3))
        low, high = (float(np.tanh(np.arctanh(rho) + side * half)) for side in (-1, 1))
        return Estimate(rho, low, high, self.rows)

    @property
    def bias(self) -> float:
        """The mean error, in the unit: above 0 the model's numbers are too large."""
        return float(self.errors.mean())

    def to_frame(self) -> pd.DataFrame:
        """One row per measure: value, low and high (its 95 % interval) and unit."""
        rows = [(name, value.mean, value.low, value.high, unit) for name, value, unit, _ in self.measures()]
        return pd.DataFrame(rows, columns=["measure", "value", "low", "high", "unit"])

    def measures(self) -> list[tuple[str, Estimate, str, str]]:
        """The figures: name, value, unit and meaning."""
        return [
            ("mean absolute error", self.mae, self.unit, "how far it is off on average"),
            ("root mean squared error", self.rmse, self.unit, "large errors weigh more"),
            ("R²", self.r2, "", "share of the variance explained; 0 is always to say the mean"),
            ("Spearman’s ρ", self.spearman, "", "how far it keeps the order, −1 to 1"),
        ]

    def panels(self) -> tuple[Panel, ...]:
        """A table of the figures, and the true numbers' mean for each tenth of the predicted ones."""
        rows = tuple(
            (name, number(value.mean), _interval(value), unit, meaning)
            for name, value, unit, meaning in self.measures()
        )
        notes = (
            f"{number_of(self.rows, 'text')}; on average {self.bias:+.3g} {self.unit} off".replace("-", "−"),
            *self.notes,
        )
        columns = ("measure", "value", "95 % interval", "unit", "meaning")
        return Table(f"Performance on {self.part}", columns, rows, notes), self.tenths()

    def tenths(self) -> Chart:
        """The mean true number of each tenth of the texts by predicted number, with the diagonal of equal ones."""
        groups = np.array_split(np.argsort(self.predicted, kind="stable"), min(GROUPS, self.rows))
        predicted = np.array([self.predicted[group].mean() for group in groups])
        true = np.array([self.true[group].mean() for group in groups])
        ends = np.array([min(predicted.min(), true.min()), max(predicted.max(), true.max())])
        lines = (Series("this model", predicted, true), Series("ideal", ends, ends))
        axes = f"predicted ({self.unit})", f"mean true number ({self.unit})"
        return Chart("True against predicted, tenth by tenth", *axes, lines)

    def summary(self) -> str:
        """The figures in a sentence, then what was left out."""
        mae, rmse, r2, rho = self.mae, self.rmse, self.r2, self.spearman
        first = (
            f"mean absolute error {mae.mean:.4g} {self.unit} (95 % interval {mae.low:.4g} to {mae.high:.4g}), root "
            f"mean squared error {rmse.mean:.4g}, R² {r2.mean:.3f}, Spearman’s ρ {rho.mean:.3f} on "
            f"{number_of(self.rows, 'text')} ({self.part}){left_out(self.dropped)}"
        )
        return "\n".join([first.replace("-", "−"), *self.notes])

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a model card or a JSON file."""
        figures = {name: getattr(self, name).mean for name in ("mae", "rmse", "r2", "spearman")}
        return {name: None if np.isnan(value) else value for name, value in figures.items()} | {
            "bias": self.bias,
            "unit": self.unit,
            "rows": self.rows,
            "dropped": self.dropped,
            "part": self.part,
            "seen_in_training": self.seen,
            "notes": list(self.notes),
        }


def _interval(value: Estimate) -> str | None:
    return f"{value.low:.4g} to {value.high:.4g}".replace("-", "−") if value.known else None
