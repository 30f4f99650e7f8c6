"""Settings of the process that a training changes and restores."""

import ctypes
import logging
import os
import platform
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def own_interrupt() -> Iterator[None]:
    """Handle Ctrl-C as before afterwards: Lightning ignores it once it has met one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4  # of malloc.h
_FEW, _MANY = 32 << 20, 1 << 16


@contextmanager
def kept_memory() -> Iterator[None]:
    """Keep freed memory in the process until the end, then give it back to the system. For processes of our own.

    The C library of Linux gives each large tensor back as it is freed and asks for the next one a moment later; to get
    its pages from the system takes an eighth to a third of a training step. If the library is configured by MALLOC_… or
    GLIBC_TUNABLES variables, or another library is in use, nothing is changed.
    """
    set_up = any(name.startswith("MALLOC_") for name in os.environ)
    set_up |= "glibc.malloc." in os.environ.get("GLIBC_TUNABLES", "")
    if set_up or platform.libc_ver()[0] != "glibc":
        yield
        return
    library = ctypes.CDLL(None)
    library.mallopt(_MMAP_MAX, 0)
    library.mallopt(_TRIM_THRESHOLD, -1)
    try:
        yield
    finally:
        # as far as the library would have moved both by itself, had it been left to
        library.mallopt(_MMAP_MAX, _MANY)
        library.mallopt(_MMAP_THRESHOLD, _FEW)
        library.mallopt(_TRIM_THRESHOLD, 2 * _FEW)
        library.malloc_trim(0)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Lightning's messages on devices, limits and itself; errors still get through."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "`isinstance\\(treespec, LeafSpec\\)` is deprecated", FutureWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
