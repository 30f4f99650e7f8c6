import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribkit.render.preparation.chart import apart, axes, axis, labels, last, log_axis, rows
from attribkit.results.panels import Chart, Series


def test_axes_have_round_ticks_within_their_ends() -> None:
    assert axis([1, 12], whole=True).ticks == (2, 4, 6, 8, 10, 12)
    assert axis([0.06, 0.78], zero=True).low == 0
    assert axis([5, 5]).ticks and axis([0, 0]).ticks and axis([-3e-9, 4e-9]).ticks
    assert axis([1, 2], whole=True).ticks == (1, 2)
    assert axis([0.05, 0.75]).label(0.2) == "0.2" and axis([-20, 30]).label(-10) == "−10"


def test_labels_are_moved_apart_in_their_order() -> None:
    assert apart([0.5, 0.51, 0.1], 0.1) == pytest.approx([0.5, 0.6, 0.1])
    assert apart([1.0, 1.0], 0.1) == pytest.approx([0.9, 1.0])
    spread = apart([0.5] * 30, 0.1)
    assert min(np.diff(spread)) == pytest.approx(1 / 30) and max(spread) <= 1 and min(spread) >= -1e-9


def test_a_logarithmic_axis_has_powers_of_ten_and_in_a_narrow_range_twice_and_five_times_them() -> None:
    wide = log_axis([3e-7, 2e-2])
    assert [wide.label(tick) for tick in wide.ticks] == ["10⁻⁶", "10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²"]
    narrow = log_axis([0.004, 0.3])
    assert [narrow.label(tick) for tick in narrow.ticks] == ["0.005", "0.01", "0.02", "0.05", "0.1", "0.2"]
    large = log_axis([1.0, 2e7])
    assert large.label(large.ticks[0]) == "1" and large.label(large.ticks[-1]) == "10⁷"
    assert log_axis([30.0, 3e5]).label(10_000.0) == "10,000"
    assert log_axis([1e-9, 2e-9]).label(2e-9) == "2·10⁻⁹"


def test_equal_ratios_are_equally_long() -> None:
    one = log_axis([1.0, 1000.0])
    assert [one.share(value) for value in (1.0, 10.0, 100.0, 1000.0)] == pytest.approx([0, 1 / 3, 2 / 3, 1])


@given(st.lists(st.floats(1e-12, 1e12), min_size=1, max_size=5))
def test_a_logarithmic_axis_holds_its_values_and_a_readable_number_of_ticks(values: list[float]) -> None:
    one = log_axis(values, air=0.06)
    assert all(-1e-9 <= one.share(value) <= 1 + 1e-9 for value in values)
    assert 1 <= len(one.ticks) <= 9 and all(-1e-9 <= one.share(tick) <= 1 + 1e-9 for tick in one.ticks)
    assert len({one.label(tick) for tick in one.ticks}) == len(one.ticks)


def test_a_chart_says_which_of_its_axes_is_logarithmic() -> None:
    x = np.array([1.0, 100.0])
    chart = Chart("t", "seconds", "error", (Series("a", x, x * 1e-7),), (), "linear", "log")
    assert labels(chart) == ("seconds", "error (log scale)")
    horizontal, vertical = axes(chart)
    assert not horizontal.log and vertical.log
    assert last(chart, chart.series[0]) == "1.0·10⁻⁵"


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.1, 30)), max_size=12))
def test_labels_of_a_row_never_touch_and_a_free_row_is_not_passed_over(placed: list[tuple[float, float]]) -> None:
    spans = [(start, start + width) for start, width in placed]
    found = rows(spans)
    for one, (start, end) in zip(found, spans, strict=True):
        others = [span for row, span in zip(found, spans, strict=True) if row == one]
        assert sum(a < end and start < b for a, b in others) == 1  # itself
        for row in range(one):
            assert any(a < end and start < b for r, (a, b) in zip(found, spans, strict=True) if r == row)
