"""How long a text may be for what is summed over all coalitions of its words, and what a longer one would take."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

from attribkit.errors import InputError


def check_max_tokens(max_tokens: int | None) -> None:
    """Check the limit on a text's length.

    Raises:
        InputError: if it is less than 1.
    """
    if max_tokens is not None and max_tokens < 1:
        raise InputError(f"`max_tokens` must be at least 1, got {max_tokens}")


def timed(run: Callable[[], Any]) -> float:
    """The seconds that a run takes, the smaller of two: the first may have to load compiled code."""
    seconds = []
    for _ in range(2):
        begin = perf_counter()
        run()
        seconds.append(perf_counter() - begin)
    return min(seconds)


def duration(seconds: float) -> str:
    """Seconds in words, such as "51 s" or "3 min"."""
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
