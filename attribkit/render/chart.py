"""The geometry of a chart: axes with round numbers, and labels that do not collide."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from attribkit.panels import Chart
from attribkit.render.layout import number


@dataclass(frozen=True)
class Axis:
    """A linear axis from `low` to `high` with round `ticks` within."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        """Where `value` lies on the axis: 0 at its low end, 1 at its high end."""
        return (value - self.low) / (self.high - self.low)

    def label(self, tick: float) -> str:
        """A tick as text, with as many decimals as the ticks need to differ."""
        spacing = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else abs(tick) or 1.0
        if not 1e-4 <= spacing < 1e6:
            return number(tick, sign=False)
        return f"{tick:.{max(0, -floor(log10(spacing) + 1e-9))}f}".replace("-", "−")


def axis(values: Sequence[float], whole: bool = False, most: int = 6, zero: bool = False) -> Axis:
    """An axis that holds all values: ticks at 1, 2 or 5 times a power of ten, at most about `most` of them.

    Args:
        values: everything to be shown.
        whole: only whole numbers as ticks, as for epochs.
        most: about how many ticks.
        zero: begin at zero if the values come near it.
    """
    low, high = min(values), max(values)
    if zero and 0 < low < high / 2:
        low = 0.0
    if low == high:
        pad = abs(low) / 2 or 0.5
        low, high = low - pad, high + pad
    raw = (high - low) / max(1, most - 1)
    power = 10.0 ** floor(log10(raw))
    spacing = min((m * power for m in (1, 2, 5, 10)), key=lambda s: abs(log10(s / raw)))
    if whole:
        spacing = max(1.0, float(round(spacing)))
    first, last = ceil(low / spacing - 1e-9), floor(high / spacing + 1e-9)
    return Axis(low, high, tuple(k * spacing for k in range(first, last + 1)))


def axes(chart: Chart) -> tuple[Axis, Axis]:
    """The x and y axes of a chart; y leaves a little air above and below the lines."""
    xs = [float(x) for series in chart.series for x in series.x] + [x for _, x in chart.marks] or [0.0]
    ys = [float(y) for series in chart.series for y in series.y] or [0.0]
    horizontal = axis(xs, whole=all(x == round(x) for x in xs))
    fit = axis(ys, zero=True)
    span = fit.high - fit.low
    low = fit.low if fit.low == 0 else fit.low - 0.06 * span
    high = fit.high + 0.06 * span
    spacing = fit.ticks[1] - fit.ticks[0] if len(fit.ticks) > 1 else span
    above = fit.ticks[-1] + spacing if fit.ticks else high
    # a line that ends between two ticks gets the upper one too, if that costs little height
    if above <= high + 0.12 * span:
        return horizontal, Axis(low, max(high, above), (*fit.ticks, above))
    return horizontal, Axis(low, high, fit.ticks)


def apart(positions: Sequence[float], gap: float, low: float = 0.0, high: float = 1.0) -> list[float]:
    """The positions moved as little as needed to lie at least `gap` apart, in their order, within low … high.

    Where there is no room for all of them they are spread evenly.
    """
    count = len(positions)
    if count * gap > high - low:
        gap = (high - low) / max(1, count)
    order = sorted(range(count), key=lambda i: positions[i])
    placed = [0.0] * count
    floor_ = low - gap
    for index in order:
        placed[index] = floor_ = max(positions[index], floor_ + gap)
    ceiling = high + gap
    for index in reversed(order):
        placed[index] = ceiling = min(placed[index], ceiling - gap)
    return placed
