"""A real server on loopback, on a port that was free."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import requests

from attribkit.models.classifier import Classifier
from attribkit.serve.limits import Limits
from attribkit.serve.server import address_of, build, listen
from attribkit.serve.workbench.rows import DataRows

Serve = Callable[..., str]


def _serving(stops: list[Callable[[], None]]) -> Serve:
    def start(
        models: Sequence[Classifier],
        limits: Limits | None = None,
        data: DataRows | None = None,
        key: str | None = None,
        public_names: Sequence[str] = (),
    ) -> str:
        listening = listen("127.0.0.1", 0)
        server = build(models, "127.0.0.1", limits, data, key, public_names)
        thread = threading.Thread(target=lambda: server.run(sockets=[listening]))
        thread.start()

        def stop() -> None:
            server.should_exit = True
            thread.join(20)
            listening.close()
            assert not thread.is_alive()

        stops.append(stop)
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        return address_of(listening)

    return start


@pytest.fixture
def serving() -> Iterator[Serve]:
    """Starts servers; each is stopped after the test."""
    stops: list[Callable[[], None]] = []
    yield _serving(stops)
    for stop in stops:
        stop()


@pytest.fixture(scope="session")
def bundled() -> list[Classifier]:
    return [Classifier.load(name, "cpu") for name in ("imdb-cnn", "imdb-attention-rnn")]


@pytest.fixture(scope="session")
def live(bundled: list[Classifier]) -> Iterator[str]:
    """The address of a server with the bundled models."""
    stops: list[Callable[[], None]] = []
    yield _serving(stops)(bundled)
    for stop in stops:
        stop()


Post = Callable[..., requests.Response]


@pytest.fixture(scope="session")
def post(live: str) -> Iterator[Post]:
    """Ask the server with the bundled models."""
    with requests.Session() as session:

        def ask(path: str, body: Any) -> requests.Response:
            return session.post(f"{live}/{path}", json=body, timeout=60)

        yield ask
