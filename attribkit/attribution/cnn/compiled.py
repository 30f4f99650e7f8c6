"""Compilation of this folder's loops: by Numba, at the first call, and kept on disk."""

from collections.abc import Callable
from typing import Any

import numba

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "nsz"}}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function when it is first called; the result is kept beside Python's own, or in the user's cache.

    The cache depends on the file of the function and no other: functions that it calls must be in the same file.
    """
    try:
        machine_code: Callable[..., Any] = numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # no folder may be written
        machine_code = numba.njit(**_OPTIONS)(function)
    return machine_code


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile as a part of its callers: passing many arrays would take longer than the work on them."""
    machine_code: Callable[..., Any] = numba.njit(inline="always", **_OPTIONS)(function)
    return machine_code
