"""The progress of long work: one type, and one way to show it."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from html import escape
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from attribkit.errors import InputTypeError

Progress = Callable[[int, int, str], object]
"""Called with how much is done, how much there is in all, and what is being done.

Work may have several phases. In each of them the first number never falls, and it ends at the second.
"""

_DELAY = 0.5  # seconds that work may take before a bar is shown that nobody asked for
_SPEED_PERIOD = 3_600.0  # seconds; a part of a corpus can take minutes

_T = TypeVar("_T")


def silent(done: int, total: int, what: str) -> None:
    """Progress that is not shown."""


@contextmanager
def shown(progress: bool | Progress | None) -> Iterator[Progress]:
    """The function that long work calls as it proceeds, from the argument `progress` of a public function.

    Args:
        progress: a function, which is called as `Progress` says; True for a bar: on stderr, or below the cell of a
            notebook; False for none; None for a bar in a terminal and in a notebook, if the work takes a moment, and
            nothing elsewhere.

    Raises:
        TypeError: for anything else.
    """
    if callable(progress):
        yield progress
        return
    if not (progress is None or isinstance(progress, bool)):
        raise InputTypeError(
            "`progress` must be True, False, None or a function of what is done, the total and what is being done, got "
            f"{type(progress).__name__}; leave it out for a bar on a terminal"
        )
    if progress is False or (progress is None and not (_on_terminal() or _in_notebook())):
        yield silent
        return
    begin = time.monotonic() + (0 if progress else _DELAY)
    with ExitStack() as stack:
        bar: Progress | None = None

        def tell(done: int, total: int, what: str) -> None:
            nonlocal bar
            if time.monotonic() >= begin:  # short work pays for no bar
                bar = bar or stack.enter_context(_notebook_bar() if _in_notebook() else _terminal_bar())
                bar(done, total, what)

        yield tell


def counted(items: Sequence[_T], progress: Progress, what: str) -> Iterator[_T]:
    """The items one by one; each counts as done once the next one is asked for."""
    for done, item in enumerate(items):
        progress(done, len(items), what)
        yield item
    if items:
        progress(len(items), len(items), what)


def within(progress: Progress, outer: str) -> Progress:
    """The progress of a part of some work: each step is named after the part."""
    return progress if progress is silent else lambda done, total, what: progress(done, total, f"{outer}: {what}")


def _on_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _in_notebook() -> bool:
    return "IPython" in sys.modules and Console(stderr=True).is_jupyter


@contextmanager
def _terminal_bar() -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(20),
        TaskProgressColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    # what others print meanwhile stays in the stream that they chose
    bar = RichProgress(
        *columns, console=Console(stderr=True), speed_estimate_period=_SPEED_PERIOD, redirect_stdout=False
    )
    task = bar.add_task("", total=None)
    phase = (0, 0)

    def tell(done: int, total: int, what: str) -> None:
        nonlocal phase
        if done < phase[0] or total != phase[1]:
            bar.reset(task, total=total)
        phase = (done, total)
        bar.update(task, completed=done, description=what)
        bar.start()

    try:
        yield tell
    finally:
        if phase != (0, 0):
            bar.stop()


@contextmanager
def _notebook_bar() -> Iterator[Progress]:
    """A bar beneath the cell, gone when the work is done; it needs no widgets."""
    from IPython.display import HTML, display  # which a notebook has

    place: Any = None
    drawn = 0.0

    def tell(done: int, total: int, what: str) -> None:
        nonlocal drawn, place
        if done < total and time.monotonic() - drawn < 0.1:
            return
        drawn = time.monotonic()
        place = place or display(HTML(""), display_id=True)
        place.update(HTML(f"<progress value='{done}' max='{total}'></progress> {escape(what)}, {done:,} of {total:,}"))

    try:
        yield tell
    finally:
        if place:
            place.update(HTML(""))
