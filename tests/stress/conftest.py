"""Stress: what a user feeds the toolkit and what the machine does to it. A quick part with the tests.

ATTRIBKIT_STRESS=1 takes every test at its full size and prints, at the end, a table of what was tried and seen.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from attribkit.models.classifier import Classifier

SEEN: Counter[str] = Counter()
FULL = os.environ.get("ATTRIBKIT_STRESS") == "1"


@pytest.fixture(scope="session")
def full() -> bool:
    """Whether everything is tried (ATTRIBKIT_STRESS=1), or the quick part."""
    return FULL


@pytest.fixture
def tried(request: pytest.FixtureRequest) -> Iterator[Callable[..., None]]:
    """Count what was tried, or note a figure that was seen, for the table at the end."""
    counts: Counter[str] = Counter()

    def count(what: str, number: float = 1) -> None:
        counts[what] += number  # type: ignore[assignment]  # a figure may be a fraction

    yield count
    request.node.user_properties += counts.items()  # they travel with the report, also between processes


@pytest.fixture(scope="session")
def model_folder(make_classifier: Callable[..., Classifier], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_classifier().save(tmp_path_factory.mktemp("model") / "tiny")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collect what a test counted, whichever process it ran in."""
    if report.when == "teardown" and "stress" in report.nodeid:
        SEEN.update(dict(report.user_properties))
    if report.failed and "stress" in report.nodeid:
        SEEN["tests that failed"] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table when all is done."""
    if not SEEN or not FULL:
        return
    SEEN["fuzz: inputs in all"] = sum(number for what, number in SEEN.items() if what.startswith("fuzz: "))
    SEEN["tests that failed"] += 0
    terminalreporter.section("stress: what was tried and seen")
    width = max(len(what) for what in SEEN)
    for what, number in sorted(SEEN.items()):
        terminalreporter.write_line(f"{what.ljust(width)} {number:>12,}")
