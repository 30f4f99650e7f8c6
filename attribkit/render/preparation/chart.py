"""The geometry of a chart: axes with round numbers, and labels that do not collide."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log, log10, sqrt

from attribkit.render.preparation.numbers import number
from attribkit.results.panels import Chart, Series


@dataclass(frozen=True)
class Axis:
    """An axis from `low` to `high` with round `ticks` within; on a logarithmic one equal ratios are equally long."""

    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False

    def share(self, value: float) -> float:
        """The place of `value` on the axis: 0 at its low end, 1 at its high end."""
        if self.log:
            return log(value / self.low) / log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def label(self, tick: float) -> str:
        """A tick as text, with as many decimals as the ticks need to differ."""
        if self.log:
            return _power(tick) if min(self.ticks) < 1e-3 or max(self.ticks) >= 1e6 else f"{tick:,.12g}"
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


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _power(tick: float) -> str:
    """10⁻⁶, 2·10⁻⁶; one and ten as themselves."""
    exponent = floor(log10(tick) + 1e-9)
    first = round(tick / 10.0**exponent)
    if exponent in (0, 1):
        return str(first * 10**exponent)
    power = f"10{str(exponent).translate(_RAISED)}"
    return power if first == 1 else f"{first}·{power}"


def log_axis(values: Sequence[float], most: int = 7, air: float = 0.0) -> Axis:
    """A logarithmic axis that holds all values, all above zero.

    Ticks are powers of ten, every second or third where there would be more than `most`, and within two decades
    twice and five times them too.

    Args:
        values: everything to be shown.
        most: about how many ticks.
        air: the share of the axis left free at each end.
    """
    low, high = min(values), max(values)
    if high / low < 4:
        # so that two round numbers lie within
        middle = sqrt(low * high)
        low, high = min(low, middle / 2.2), max(high, middle * 2.2)
    room = (high / low) ** air
    low, high = low / room, high * room
    decades = log10(high / low)
    first, last = floor(log10(low)), ceil(log10(high))
    steps = (1, 2, 5) if decades <= 2 else (1,)
    apart_by = 1 if decades <= 2 else max(1, ceil(decades / (most + 1)))
    ticks = [m * 10.0**k for k in range(first, last + 1) if k % apart_by == 0 for m in steps]
    return Axis(low, high, tuple(tick for tick in ticks if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)), log=True)


def labels(chart: Chart) -> tuple[str, str]:
    """The names of the axes, a logarithmic one saying so."""
    x, y = (" (log scale)" if scale == "log" else "" for scale in (chart.x_scale, chart.y_scale))
    return f"{chart.x_label}{x}", f"{chart.y_label}{y}"


def last(chart: Chart, series: Series) -> str:
    """The value where a line ends; empty for a line without points, and where all lines end in one."""
    ends = [float(each.y[-1]) for each in chart.series if len(each.y)]
    if not len(series.y) or (len(ends) > 1 and max(ends) - min(ends) <= 1e-9 * max(map(abs, ends))):
        return ""
    value = float(series.y[-1])
    if chart.y_scale == "linear" or 1e-3 <= value < 1e6:
        return number(value, sign=False)
    first, exponent = f"{value:.1e}".split("e")
    return f"{first}·10{str(int(exponent)).translate(_RAISED)}"


def axes(chart: Chart) -> tuple[Axis, Axis]:
    """The x and y axes of a chart; y leaves a little air above and below the lines."""
    xs = [float(x) for series in chart.series for x in series.x] + [x for _, x in chart.marks] or [0.0]
    ys = [float(y) for series in chart.series for y in series.y] or [0.0]
    logarithmic = chart.x_scale == "log" and min(xs) > 0
    horizontal = log_axis(xs, air=0.04) if logarithmic else axis(xs, whole=all(x == round(x) for x in xs))
    return horizontal, log_axis(ys, air=0.06) if chart.y_scale == "log" and min(ys) > 0 else _vertical(ys)


def _vertical(ys: Sequence[float]) -> Axis:
    fit = axis(ys, zero=True)
    span = fit.high - fit.low
    low = fit.low if fit.low == 0 else fit.low - 0.06 * span
    high = fit.high + 0.06 * span
    spacing = fit.ticks[1] - fit.ticks[0] if len(fit.ticks) > 1 else span
    above = fit.ticks[-1] + spacing if fit.ticks else high
    # a line that ends between two ticks gets the upper one too, if that costs little height
    if above <= high + 0.12 * span:
        return Axis(low, max(high, above), (*fit.ticks, above))
    return Axis(low, high, fit.ticks)


def apart(positions: Sequence[float], gap: float, low: float = 0.0, high: float = 1.0) -> list[float]:
    """The positions moved as little as possible to be at least `gap` apart, in their order, within low … high.

    If there is no room for all of them, they are spread evenly.
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


def rows(spans: Sequence[tuple[float, float]]) -> list[int]:
    """For labels from start to end the row that each is put in, from 0, so that none touches another in its row."""
    ends: list[float] = []
    chosen = [0] * len(spans)
    for index in sorted(range(len(spans)), key=lambda i: spans[i]):
        start, end = spans[index]
        row = next((number for number, taken in enumerate(ends) if taken <= start), len(ends))
        ends[row : row + 1] = [end]
        chosen[index] = row
    return chosen
