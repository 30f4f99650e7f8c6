"""Numbers for a reader: significant digits, a real minus, and no probability rounded to 0 or 100 %."""

from math import floor, isfinite, log10


def number(value: float, size: float | None = None, sign: bool = True) -> str:
    """A number for a reader: three significant digits at the scale `size` (its own size by default), a real minus.

    Beyond 10⁶ and below 10⁻⁴ it is written with an exponent.
    """
    value = float(value)
    if not isfinite(value):
        return "∞" if value > 0 else "−∞" if value < 0 else "not a number"
    size = abs(value) if size is None else abs(float(size))
    if value == 0 and size == 0:
        return "0"
    size = size or abs(value)
    if 1e-4 <= size < 1e6:
        # rounding may carry into a new digit, as 9.996 to 10.0 does
        magnitude = floor(log10(float(f"{size:.2e}")))
        digits = f"{abs(value):.{max(0, 2 - magnitude)}f}"
    else:
        digits = f"{abs(value):.2e}" if value else "0"
    if value == 0:
        return digits
    return ("−" if value < 0 else "+" if sign else "") + digits


def position(value: float) -> str:
    """A position on an axis, as short as it can be written."""
    return f"{float(value):.6g}".replace("-", "−")


def percent(probability: float) -> str:
    """A probability for a reader; never 100% or 0% unless it is exactly that."""
    share = 100 * float(probability)
    if 0 < share < 0.1:
        return "<0.1%"
    if 99.9 < share < 100:
        return ">99.9%"
    return f"{share:.0f}%" if share in (0, 100) else f"{share:.1f}%"
