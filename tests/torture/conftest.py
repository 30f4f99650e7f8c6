"""Torture: what a user feeds the toolkit and what the machine does to it. A quick part with the tests.

ATTRIBKIT_TORTURE=1 takes every test at its full size and prints, at the end, a table of what was tried.
"""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from attribkit.classifier import Classifier

TRIED: Counter[str] = Counter()


@pytest.fixture(scope="session")
def full() -> bool:
    """Whether everything is tried (ATTRIBKIT_TORTURE=1), or the quick part."""
    return os.environ.get("ATTRIBKIT_TORTURE") == "1"


@pytest.fixture
def tried(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Count what was tried, for the table at the end."""

    def count(what: str, number: int = 1) -> None:
        TRIED[what] += number

    return count


@pytest.fixture(scope="session")
def model_folder(make_classifier: Callable[..., Classifier], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_classifier().save(tmp_path_factory.mktemp("model") / "tiny")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was tried when all is done."""
    if TRIED and os.environ.get("ATTRIBKIT_TORTURE") == "1":
        terminalreporter.section("torture: what was tried")
        width = max(len(what) for what in TRIED)
        for what, number in TRIED.items():
            terminalreporter.write_line(f"{what.ljust(width)} {number:>12,}")
