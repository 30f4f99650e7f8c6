"""How this folder's loops are compiled: by Numba, when first called, and kept on disk."""

from collections.abc import Callable
from typing import Any

import numba

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "nsz"}}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile when first called; kept where Python keeps its own compiled files, or in the user's cache.

    The cache watches the file of the function and no other: what it calls must stand beside it.
    """
    try:
        machine_code: Callable[..., Any] = numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # no folder may be written
        machine_code = numba.njit(**_OPTIONS)(function)
    return machine_code


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile as a part of its callers: handing over many arrays would cost more than what is done with them."""
    machine_code: Callable[..., Any] = numba.njit(inline="always", **_OPTIONS)(function)
    return machine_code
