"""The figures of a check, and their thresholds."""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real

import numpy as np

from attribkit.errors import InputError, InputTypeError, did_you_mean

THRESHOLDS: dict[str, tuple[str | None, str]] = {
    "accuracy": ("min", "share of right answers; with several labels a text of exact sets"),
    "f1": ("min", "F1 of the last label if there are two, else the mean over the labels; of several labels micro F1"),
    "calibration_error": ("max", "expected calibration error"),
    "comprehensiveness": ("min", "comprehensiveness, tokens deleted"),
    "comprehensiveness_over_random": ("min", "the same less that of random scores"),
    "sufficiency": ("max", "sufficiency, tokens deleted"),
    "completeness_error": ("max", "largest relative completeness error"),
    "converged": ("min", "share of texts whose scores sum to the model’s output"),
    "randomised_correlation": ("max", "correlation left when every layer is randomised"),
    "plausibility": (None, "AUPRC against the column of rationales"),
    "plausibility_over_random": ("min", "the same less that of random scores"),
}
"""Of one label a text: whether a threshold is the least or most allowed, None if it says nothing alone; what it is."""

OF_OTHER_TASKS: dict[str, tuple[str | None, str]] = {
    "macro_f1": ("min", "with several labels a text, F1 averaged over the labels"),
    "hamming_loss": ("max", "with several labels a text, share of wrong decisions"),
    "mae": ("max", "of a regression, the mean absolute error in its unit"),
    "rmse": ("max", "of a regression, the root mean squared error in its unit"),
    "r2": ("min", "of a regression, the share of the variance explained"),
    "spearman": ("min", "of a regression, Spearman's rank correlation"),
}
"""Figures that several labels a text, or numbers, have instead of some of these."""

FIGURES = THRESHOLDS | OF_OTHER_TASKS
"""All of them, in the order in which they are shown."""


@dataclass(frozen=True)
class Figure:
    """One figure and its threshold.

    Attributes:
        name: one of `FIGURES`.
        value: what was measured.
        low: where its 95 % interval over texts begins; None where it has none.
        high: where its 95 % interval ends, likewise.
        threshold: the smallest or largest value allowed; None for none.
        random: the value of random scores on the same texts, if that is of use.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    threshold: float | None = None
    random: float | None = None

    @property
    def asked(self) -> str | None:
        """The threshold in words."""
        least = FIGURES[self.name][0] == "min"
        return None if self.threshold is None else f"{'≥' if least else '≤'} {self.threshold:g}"

    @property
    def passed(self) -> bool | None:
        """Whether the figure meets its threshold; None if there is none."""
        if self.threshold is None:
            return None
        return self.value >= self.threshold if FIGURES[self.name][0] == "min" else self.value <= self.threshold


LABELLED = {
    "multiclass": ("accuracy", "f1", "calibration_error"),
    "multilabel": ("accuracy", "f1", "macro_f1", "hamming_loss", "calibration_error"),
    "regression": (),
}
"""By task, the figures that need true labels."""

NEEDS = {
    **dict.fromkeys(
        ("accuracy", "f1", "calibration_error", "comprehensiveness", "comprehensiveness_over_random", "sufficiency"),
        ("a model of labels, not of a number", "check such a model"),
    ),
    **dict.fromkeys(("macro_f1", "hamming_loss"), ("a model of several labels a text", "check such a model")),
    **dict.fromkeys(("mae", "rmse", "r2", "spearman"), ("a regression, and true numbers", "give both")),
    **dict.fromkeys(
        ("completeness_error", "converged"),
        ("a method that promises completeness and draws nothing", "choose such a method with `method`"),
    ),
    "plausibility_over_random": ("a table with a column 'rationale' of character spans", "add that column"),
    "randomised_correlation": ("a network with layers, and texts of several tokens", "give both"),
}
"""What else a figure needs, which not every model, set of data and method can give; and what to do without it."""

RANGES = {
    **dict.fromkeys(("accuracy", "f1", "calibration_error", "converged", "macro_f1", "hamming_loss"), (0, 1)),
    **dict.fromkeys(
        (
            "comprehensiveness",
            "comprehensiveness_over_random",
            "sufficiency",
            "randomised_correlation",
            "plausibility_over_random",
            "spearman",
        ),
        (-1, 1),
    ),
}
"""Where the thresholds of shares, of differences between two shares, and of correlations lie."""


def thresholds_of(thresholds: Mapping[str, float], limits: Mapping[str, float]) -> dict[str, float]:
    """All thresholds by figure, checked before anything is measured.

    Args:
        thresholds: by figure.
        limits: by "min_" or "max_", as the figure has it, and its name.

    Raises:
        TypeError: for a threshold that is no number, or a name in `limits` that is none.
        ValueError: for a threshold that is unknown, given twice, means nothing alone, is not finite, or lies where its
            figure never does.
    """
    arguments = {f"{side}_{name}": name for name, (side, _) in FIGURES.items() if side}
    together = dict(thresholds)
    for argument, value in limits.items():
        if argument not in arguments:
            advice = did_you_mean(argument, arguments, "thresholds are given as min_f1=0.9")
            raise InputTypeError(f"`check` has no argument {argument!r}{advice}")
        if arguments[argument] in thresholds:
            raise InputError(f"the threshold for {arguments[argument]!r} was given twice; leave one out")
        together[arguments[argument]] = value
    _check(together)
    return together


def _check(thresholds: Mapping[str, float]) -> None:
    for name, value in thresholds.items():
        if name not in FIGURES:
            allowed = ", ".join(known for known, (side, _) in FIGURES.items() if side)
            raise InputError(f"`thresholds` can be given for {allowed}, got {name!r}")
        if FIGURES[name][0] is None:
            raise InputError(
                f"a threshold for {name!r} says nothing where random scores may reach it; give one for "
                f"'{name}_over_random'"
            )
        if not isinstance(value, Real):
            raise InputTypeError(f"the threshold for {name!r} must be a number such as 0.9, got {value!r}")
        if not np.isfinite(value):
            raise InputError(f"the threshold for {name!r} must be a finite number, got {value}")
        least, most = RANGES.get(name, (-np.inf, np.inf))
        if not least <= value <= most:
            limits = f"{least} and {most}".replace("-", "−")
            raise InputError(f"the threshold for {name!r} must lie between {limits}, got {value:g}; write 80 % as 0.8")
