"""Running the application on a socket, until it is stopped."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Sequence
from functools import partial
from math import ceil
from typing import Any

import torch
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from attribkit.errors import StorageError
from attribkit.models.classifier import Classifier
from attribkit.serve.app import create_app
from attribkit.serve.limits import Limits
from attribkit.serve.middleware import LOOPBACK, RequestGuard
from attribkit.serve.workbench.rows import DataRows

_LATE = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class TimeoutProtocol(H11Protocol):
    """HTTP/1.1 with timeouts: a connection whose first lines do not arrive, or arrive too slowly, is closed.

    None of uvicorn's options does that: `timeout_keep_alive` counts from an answer on, and `limit_concurrency` refuses
    others while slow clients hold every place. `http=` takes a protocol class; of uvicorn's own only the state of its
    parser is used beside what every `asyncio.Protocol` has.
    """

    def __init__(self, *arguments: Any, patience: float, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._patience = patience
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Start the timer."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Keep the timer until a request's first lines are there."""
        super().data_received(data)
        if self.conn.our_state.__name__ != "IDLE":
            self._stop_waiting()
        elif self._deadline is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(self._patience, self._give_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(_LATE)
            self.transport.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket that accepts connections; port 0 takes a free one.

    Raises:
        OSError: if the address cannot be used, for it is taken or not this machine's.
    """
    listening = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # with its protocol named, or asyncio would leave Nagle's algorithm on: 40 ms for every answer
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(1024)
    except OSError as error:
        if listening is not None:
            listening.close()
        raise StorageError(
            f"cannot listen on {host} port {port} ({error.strerror}); take another --port or --host"
        ) from error
    return listening


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def own_address() -> str:
    """This machine's address in its network, or its name where that cannot be told."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documents: nothing is sent, only a way to it looked up
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()


def address_of(listening: socket.socket) -> str:
    """The URL of the page."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def build(
    models: Sequence[Classifier],
    host: str,
    limits: Limits | None = None,
    data: DataRows | None = None,
    key: str | None = None,
    public_names: Sequence[str] = (),
) -> uvicorn.Server:
    """A server for some models and rows of data, to be run on a socket that listens on `host`.

    With a key it is shared: only who brings the key is let in, and nothing but the rows can be asked about. A proxy
    before it passes on the name that browsers call, which must be one of `public_names`.
    """
    limits = limits or Limits()
    alone = is_loopback(host)
    config = uvicorn.Config(
        RequestGuard(
            create_app(models, limits, data, readonly=key is not None),
            limits,
            hosts=(*LOOPBACK, *public_names, *(() if alone else (host, socket.gethostname()))),
            addresses=not alone,
            key=key,
        ),
        http=partial(TimeoutProtocol, patience=limits.head_seconds),  # type: ignore[arg-type]  # uvicorn asks for a class, and only calls it
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=ceil(limits.answer_seconds),
    )
    return uvicorn.Server(config)


def serve(
    models: Sequence[Classifier],
    listening: socket.socket,
    ready: Callable[[], None] = lambda: None,
    data: DataRows | None = None,
    key: str | None = None,
    public_names: Sequence[str] = (),
) -> None:
    """Serve models on a socket until SIGINT or SIGTERM; requests that have begun are answered first.

    Args:
        models: what is served.
        listening: from `listen`.
        ready: called once requests are answered.
        data: rows that stand beside the page.
        key: as `build` takes it.
        public_names: as `build` takes them.
    """
    # one text is too little work to share out; the other cores are for the browser and the second worker
    torch.set_num_threads(max(1, torch.get_num_threads() // 2))
    server = build(models, listening.getsockname()[0], data=data, key=key, public_names=public_names)
    asyncio.run(_run(server, listening, ready))


async def _run(server: uvicorn.Server, listening: socket.socket, ready: Callable[[], None]) -> None:
    running = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not running.done():
        await asyncio.sleep(0.005)
    if server.started:
        ready()
    await running
