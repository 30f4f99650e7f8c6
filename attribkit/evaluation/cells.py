"""Numbers as the cells of a table, and in a sentence."""

import numpy as np

from attribkit.evaluation.statistics import Estimate
from attribkit.plurals import number_of
from attribkit.results.panels.table import Cell


def interval(estimate: Estimate) -> str | None:
    """The 95 % interval as a cell."""
    return f"{estimate.low:.3f} to {estimate.high:.3f}".replace("-", "−") if estimate.known else None


def number(value: float | None, digits: int = 4) -> Cell:
    """A number as a cell; None where there is none."""
    return None if value is None or np.isnan(value) else round(float(value), digits)


def in_words(estimate: Estimate, digits: int = 3) -> str:
    """A mean with its 95 % interval, as a sentence says it."""
    if not estimate.known:
        return "not taken"
    mean, low, high = (f"{value:.{digits}f}" for value in (estimate.mean, estimate.low, estimate.high))
    return f"{mean} (95 % interval {low} to {high})".replace("-", "−")


def left_out(rows: int) -> str:
    """The end of a sentence on figures, when rows were left out of them."""
    return f"; {number_of(rows, 'row was', 'rows were')} left out" if rows else ""
