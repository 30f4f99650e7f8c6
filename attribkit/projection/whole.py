"""Checks of whole numbers."""

import operator
from typing import Any

from attribkit.errors import InputError, InputTypeError

SEEDS = 2**32 - 1
"""The largest seed that every library takes."""


def whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    """A whole number as Python's own integer, least ≤ value ≤ most.

    Args:
        name: of the option, for the sentence.
        value: what was given.
        least: the smallest value allowed.
        most: the largest; None for no limit.

    Raises:
        TypeError: for anything but a whole number of Python or NumPy.
        ValueError: for one out of range.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise InputTypeError(f"`{name}` must be a whole number, got {value!r}; give one such as {least}")
    if number < least or (most is not None and number > most):
        limit = f"at least {least}" if most is None else f"between {least} and {most}"
        raise InputError(f"`{name}` must be {limit}, got {number}")
    return number
