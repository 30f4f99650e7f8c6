"""What can be drawn: frozen, shape-checked arrays and strings that carry their own units.

A panel knows nothing of models, tensors or drawing. A view that fits one of these needs no drawing code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray


def _frozen_array(values: ArrayLike, dtype: type, name: str) -> NDArray[Any]:
    """A read-only one-dimensional copy of `values`; NaN and infinity are refused, for no picture could show them."""
    array: NDArray[Any] = np.array(values, dtype=dtype)
    if array.ndim != 1:
        raise ValueError(f"`{name}` must be one-dimensional, got shape {array.shape}; pass one number per token")
    if dtype is float and not np.isfinite(array).all():
        where = int(np.flatnonzero(~np.isfinite(array))[0])
        raise ValueError(
            f"`{name}` must be finite, got {array[where]} at position {where}; check the model's weights for NaN"
        )
    array.setflags(write=False)
    return array


def _equal(self: Any, other: object) -> bool:
    """Equality field by field, arrays by all their elements and their type."""
    names = self.__dataclass_fields__
    if type(self) is not type(other):
        return NotImplemented

    def same(a: Any, b: Any) -> bool:
        if isinstance(a, np.ndarray):
            return a.dtype == b.dtype and np.array_equal(a, b)
        return bool(a == b)

    return all(same(getattr(self, name), getattr(other, name)) for name in names)


def relative_error(scores: NDArray[np.float64], change: float) -> float:
    """|Σ scores − change| / Σ|scores|, with 0/0 = 0; the change itself may be near zero, so it is no measure.

    Infinite where the sums are too large for a float: nothing can be said of them then.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        size = float(np.abs(scores).sum())
        error = abs(float(scores.sum()) - change)
    if not np.isfinite(size + error):
        return float("inf")
    return error / size if size else (0.0 if error == 0 else float("inf"))


@dataclass(frozen=True)
class Prediction:
    """What the model said of one text.

    Attributes:
        label: the predicted label.
        labels: (C,) every label, in the model's order.
        probabilities: (C,) one per label, summing to 1.
        true_label: the known answer, if there is one.
    """

    label: str
    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    true_label: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(str(label) for label in self.labels))
        object.__setattr__(self, "probabilities", tuple(float(p) for p in self.probabilities))
        if len(self.labels) != len(self.probabilities):
            raise ValueError(
                f"`probabilities` must hold one number per label, got {len(self.probabilities)} for "
                f"{len(self.labels)} labels"
            )
        if self.label not in self.labels:
            raise ValueError(f"`label` must be one of {', '.join(self.labels)}, got {self.label!r}")
        if not np.isfinite(self.probabilities).all():
            raise ValueError("`probabilities` must be finite; check the model's weights for NaN")

    @property
    def probability(self) -> float:
        """The probability of the predicted label."""
        return self.probabilities[self.labels.index(self.label)]


@dataclass(frozen=True, eq=False)
class TokenScores:
    """How much each token moved one output of the model, in that output's own unit.

    The scores are never rescaled; only a drawing scales its colours. A method that promises completeness says that
    the scores add up to F(text) − F(baseline), and by how much they fail to.

    Attributes:
        starts, ends: (T,) each token's character span in the original text, in reading order.
        tokens: (T,) the tokens as the model read them (lower-cased, say).
        scores: (T,) signed, in `unit`; positive speaks for `target`.
        known: (T,) False where the model's vocabulary lacks the token.
        unit: "log-odds", "logit" or "probability".
        target: the label explained, or "a − b" for why a and not b.
        method, baseline: as the user would type them.
        steps: how often the network was evaluated: gradients taken, or changed texts run (0: none were needed).
        output_text, output_baseline: F(text) and F(baseline), from the network's own forward pass.
        tolerance: the relative completeness error that was asked for.
        converged: whether it was reached; None if the method promises no completeness.
        tokens_total: tokens in the whole text; more than T if the text was truncated.
        notes: sentences a reader must know ("the baseline text was cut to 12 tokens").
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    tokens: tuple[str, ...]
    scores: NDArray[np.float64]
    known: NDArray[np.bool_]
    unit: str
    target: str
    method: str
    baseline: str
    steps: int
    output_text: float
    output_baseline: float
    tolerance: float
    converged: bool | None
    tokens_total: int
    notes: tuple[str, ...] = ()

    kind = "token_scores"

    def __post_init__(self) -> None:
        for name, dtype in (("starts", np.int64), ("ends", np.int64), ("scores", float), ("known", np.bool_)):
            object.__setattr__(self, name, _frozen_array(getattr(self, name), dtype, name))
        object.__setattr__(self, "tokens", tuple(self.tokens))
        object.__setattr__(self, "notes", tuple(self.notes))
        lengths = {name: len(getattr(self, name)) for name in ("starts", "ends", "tokens", "scores", "known")}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"token scores need one entry per token in every column, got lengths {lengths}")
        if len(self.tokens) and (np.any(self.starts < 0) or np.any(self.ends < self.starts)):
            raise ValueError("every token's span must satisfy 0 <= start <= end")
        if np.any(self.starts[1:] < self.ends[:-1]):
            raise ValueError("the tokens' spans must be in reading order and must not overlap")
        if self.converged and self.relative_error > self.tolerance:
            raise ValueError(
                f"`converged` must be False where the relative error {self.relative_error:.1e} exceeds the tolerance "
                f"{self.tolerance:g}"
            )

    __eq__ = _equal
    __hash__ = None  # type: ignore[assignment]  # holds arrays, as numpy's own are unhashable

    @property
    def total(self) -> float:
        """Σ scores, in `unit`."""
        return float(self.scores.sum())

    @property
    def completeness_error(self) -> float:
        """Σ scores − (F(text) − F(baseline)), in `unit`."""
        return self.total - (self.output_text - self.output_baseline)

    @property
    def relative_error(self) -> float:
        """|completeness error| / Σ|scores|, with 0/0 = 0."""
        return relative_error(self.scores, self.output_text - self.output_baseline)

    @property
    def truncated(self) -> bool:
        """Whether the model read only part of the text."""
        return self.tokens_total > len(self.tokens)

    @property
    def verdict(self) -> str:
        """One sentence on how far the scores can be trusted to add up; printed on every picture."""
        if self.converged is None:
            return f"{self.method} does not promise that the scores add up to the change in {self.unit}"
        relative = "0" if self.relative_error == 0 else f"{self.relative_error:.1e}"
        if self.converged:
            return f"adds up: relative error {relative} ≤ {self.tolerance:g}"
        return f"did not converge: relative error {relative} > {self.tolerance:g} after {self.steps} steps"


@dataclass(frozen=True, eq=False)
class Series:
    """One line of a chart: x (N,), y (N,), and the name its legend shows."""

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in ("x", "y"):
            object.__setattr__(self, name, _frozen_array(getattr(self, name), float, name))
        if len(self.x) != len(self.y):
            raise ValueError(f"series {self.name!r} needs as many x as y, got {len(self.x)} and {len(self.y)}")

    __eq__ = _equal
    __hash__ = None  # type: ignore[assignment]  # holds arrays, as numpy's own are unhashable


@dataclass(frozen=True)
class Chart:
    """Lines over a common axis: loss curves, benchmark figures.

    Attributes:
        series: the lines, in the legend's order.
        x_label, y_label: the axes' names with their units.
        marks: labelled positions on the x axis, such as the best epoch.
    """

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    marks: tuple[tuple[str, float], ...] = ()

    kind = "chart"

    def __post_init__(self) -> None:
        series = (s if isinstance(s, Series) else Series(**s) for s in self.series)
        object.__setattr__(self, "series", tuple(series))
        object.__setattr__(self, "marks", tuple((str(name), float(x)) for name, x in self.marks))
        if not self.series:
            raise ValueError("a chart needs at least one series, got none")


Panel = TokenScores | Chart
KINDS: dict[str, type[TokenScores] | type[Chart]] = {cls.kind: cls for cls in (TokenScores, Chart)}


class Drawable(Protocol):
    """What a renderer needs to know of an explanation: the text, what the model said of it, and the panels."""

    @property
    def text(self) -> str | None:
        """The user's own text."""
        ...

    @property
    def prediction(self) -> Prediction | None:
        """What the model said of it."""
        ...

    @property
    def panels(self) -> tuple[Panel, ...]:
        """What is drawn, in order."""
        ...

    @property
    def provenance(self) -> Mapping[str, Any]:
        """How it was made."""
        ...
