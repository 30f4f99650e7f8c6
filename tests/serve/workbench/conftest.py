"""Rows behind a server: the demo's test split, answered by the bundled models."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from serve.conftest import _serving

from attribkit.models.classifier import Classifier
from attribkit.serve.workbench.rows import DataRows


def wait_until_answered(address: str) -> dict[str, Any]:
    """The card of the data, once every model has answered every row."""
    for _ in range(600):
        card: dict[str, Any] = requests.get(f"{address}/data", timeout=60).json()
        if all(model["done"] == card["rows"] or model["error"] for model in card["models"]):
            return card
        time.sleep(0.05)
    raise AssertionError(card)


@pytest.fixture(scope="session")
def rows(bundled: list[Classifier]) -> DataRows:
    return DataRows.of(bundled, "demo")


@pytest.fixture(scope="session")
def bench(bundled: list[Classifier], rows: DataRows) -> Iterator[str]:
    """The address of a server with the bundled models and the demo's rows, all answered."""
    stops: list[Callable[[], None]] = []
    address = _serving(stops)(bundled, data=rows)
    wait_until_answered(address)
    yield address
    for stop in stops:
        stop()
