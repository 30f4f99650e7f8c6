"""Lines over a common axis."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.results.panels.arrays import ArrayEquality, freeze, nested


@dataclass(frozen=True, eq=False)
class Series(ArrayEquality):
    """One line of a chart: x (N,), y (N,), and the name its legend shows."""

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]

    def __post_init__(self) -> None:
        freeze(self, x=float, y=float)
        if len(self.x) != len(self.y):
            raise InputError(f"series {self.name!r} needs as many x as y, got {len(self.x)} and {len(self.y)}")


@dataclass(frozen=True)
class Chart:
    """Lines over a common axis: loss curves, benchmark figures.

    Attributes:
        series: the lines, in the legend's order.
        x_label: the name of the x axis with its unit.
        y_label: the name of the y axis with its unit.
        marks: labelled positions on the x axis, such as the best epoch.
        x_scale: "linear", or "log" if every value is above zero.
        y_scale: likewise.
    """

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    marks: tuple[tuple[str, float], ...] = ()
    x_scale: str = "linear"
    y_scale: str = "linear"

    kind = "chart"

    def __post_init__(self) -> None:
        object.__setattr__(self, "series", tuple(nested(Series, line) for line in self.series))
        object.__setattr__(self, "marks", tuple((str(name), float(x)) for name, x in self.marks))
        if not self.series:
            raise InputError("a chart needs at least one series, got none")
        for axis in ("x", "y"):
            scale = getattr(self, f"{axis}_scale")
            if scale not in ("linear", "log"):
                raise InputError(f"`{axis}_scale` must be 'linear' or 'log', got {scale!r}")
            marks = [x for _, x in self.marks] if axis == "x" else []
            values = [value for line in self.series for value in getattr(line, axis).tolist()] + marks
            if scale == "log" and any(value <= 0 for value in values):
                raise InputError(f"`{axis}_scale='log'` needs values above zero, got {min(values)}; use 'linear'")
