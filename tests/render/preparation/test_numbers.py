import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribkit.render.preparation.numbers import number, percent


@pytest.mark.parametrize(
    ("value", "size", "shown"),
    [
        (2.31, None, "+2.31"),
        (-2.3149, None, "−2.31"),
        (0.0, None, "0"),
        (0.0, 2.0, "0.00"),
        (-0.001, 2.0, "−0.00"),
        (12.34, None, "+12.3"),
        (1234.5, None, "+1234"),
        (9.996, None, "+10.0"),
        (0.01234, None, "+0.0123"),
        (1e-7, None, "+1.00e-07"),
        (-3.2e9, None, "−3.20e+09"),
        (1e300, None, "+1.00e+300"),
        (5e-324, None, "+4.94e-324"),
        (float("inf"), None, "∞"),
        (float("nan"), None, "not a number"),
    ],
)
def test_numbers_are_written_for_readers(value: float, size: float | None, shown: str) -> None:
    assert number(value, size) == shown


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_and_its_negative_differ_in_the_sign_alone(value: float) -> None:
    plus, minus = number(abs(value)), number(-abs(value))
    assert plus.lstrip("+") == minus.lstrip("−")
    assert "np." not in plus and len(plus) < 12


@pytest.mark.parametrize(
    ("p", "shown"),
    [(0.9127, "91.3%"), (1.0, "100%"), (0.0, "0%"), (0.99999, ">99.9%"), (1e-9, "<0.1%"), (0.5, "50.0%")],
)
def test_a_probability_is_never_rounded_to_certainty(p: float, shown: str) -> None:
    assert percent(p) == shown
