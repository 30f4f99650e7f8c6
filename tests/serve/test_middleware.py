"""Who may ask and how much: hostile clients get their answer, and nobody else notices."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
import requests
from serve.conftest import Serve

from attribkit.models.classifier import Classifier
from attribkit.serve.limits import Limits
from attribkit.serve.middleware import RequestGuard

HASTY = Limits(body_seconds=1.0, head_seconds=1.0)
GOOD = {"text": "a good film"}


@pytest.fixture
def address(serving: Serve, make_classifier: Callable[..., Classifier]) -> str:
    return serving([make_classifier()], HASTY)


def raw(address: str, content: bytes) -> socket.socket:
    parts = urlsplit(address)
    found = socket.create_connection((parts.hostname, parts.port), timeout=30)
    found.sendall(content)
    return found


def heard(connection: socket.socket) -> bytes:
    """All that a server says until it hangs up."""
    found = b""
    try:
        while part := connection.recv(65_536):
            found += part
    except ConnectionResetError:
        pass
    return found


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "192.168.0.7", "[::2]"]
)
def test_another_name_for_this_machine_is_refused(address: str, host: str) -> None:
    answer = requests.get(f"{address}/models", headers={"host": host}, timeout=30)
    assert answer.status_code in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "LOCALHOST", "127.0.0.1:1", "[::1]:80"])
def test_the_names_of_loopback_are_known(address: str, host: str) -> None:
    assert requests.get(f"{address}/models", headers={"host": host}, timeout=30).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1"},
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_a_page_of_another_server_may_not_ask(address: str, headers: dict[str, str]) -> None:
    answer = requests.post(f"{address}/explain", json=GOOD, headers=headers, timeout=30)
    assert answer.status_code == 403 and "own page" in answer.json()["error"]
    assert "access-control-allow-origin" not in answer.headers


def test_the_own_page_may(address: str) -> None:
    answer = requests.post(f"{address}/explain", json=GOOD, headers={"origin": address}, timeout=30)
    assert answer.status_code == 200


def test_behind_a_proxy_the_public_name_is_known_and_no_other(
    serving: Serve, make_classifier: Callable[..., Classifier]
) -> None:
    address = serving([make_classifier()], HASTY, public_names=["Explain.example.org"])

    def status(host: str, origin: str) -> int:
        headers = {"host": host, "origin": origin}
        return requests.post(f"{address}/explain", json=GOOD, headers=headers, timeout=30).status_code

    assert status("explain.example.org", "https://explain.example.org") == 200
    assert status("explain.example.org", "https://evil.example") == 403
    assert status("evil.example.org", "https://evil.example.org") == 421


def test_a_form_of_another_page_is_no_json(address: str) -> None:
    headers = {"content-type": "text/plain"}
    assert requests.post(f"{address}/explain", data=b'{"text": "a"}', headers=headers, timeout=30).status_code == 422


def test_every_answer_forbids_whatever_the_page_does_not_need(address: str) -> None:
    for path in ("", "app.js", "models", "nowhere"):
        policy = requests.get(f"{address}/{path}", timeout=30).headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self';" in policy and "unsafe" not in policy
    refused = requests.get(f"{address}/", headers={"host": "evil.example"}, timeout=30)
    assert "default-src 'none'" in refused.headers["content-security-policy"]


def test_only_the_pages_own_files_can_be_had(address: str) -> None:
    for path in ("../app.py", "%2e%2e/app.py", "page/app.js", "static/../../lane.py", "etc/passwd", "docs", "redoc"):
        request = requests.Request("GET", f"{address}/").prepare()
        request.url = f"{address}/{path}"
        assert requests.Session().send(request, timeout=30).status_code == 404


def test_a_body_of_50_megabytes_is_refused_before_it_is_read(address: str) -> None:
    head = b"POST /explain HTTP/1.1\r\nhost: localhost\r\ncontent-length: 50000000\r\n\r\n"
    with raw(address, head) as connection:
        assert b"413" in heard(connection).partition(b"\r\n")[0]


def test_a_body_that_hides_its_length_is_cut_off(address: str) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(50):
            yield b" " * 1_000_000

    try:
        answer = requests.post(f"{address}/explain", data=parts(), timeout=30)
    except requests.ConnectionError:  # the server hung up while we were still sending
        pass
    else:
        assert answer.status_code == 413
    assert requests.post(f"{address}/explain", json=GOOD, timeout=30).status_code == 200


def test_a_client_that_drips_is_told_that_it_is_too_slow(address: str) -> None:
    slow_head = raw(address, b"POST /explain HTTP/1.1\r\nhost: loc")
    head = b"POST /explain HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n"
    slow_body, silent = raw(address, head + b'{"te'), raw(address, b"")
    since = time.monotonic()
    assert requests.post(f"{address}/explain", json=GOOD, timeout=30).status_code == 200
    for connection in (slow_head, slow_body, silent):
        with connection:
            assert b" 408 " in heard(connection).partition(b"\r\n")[0]
    assert time.monotonic() - since < 20


def test_500_idle_connections_disturb_nobody(address: str) -> None:
    with ExitStack() as stack:
        for _ in range(500):
            stack.enter_context(raw(address, b""))
        assert requests.post(f"{address}/explain", json=GOOD, timeout=30).status_code == 200


def test_what_is_no_http_is_answered_and_closed(address: str) -> None:
    with raw(address, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n") as connection:
        assert b"400" in heard(connection)


def test_an_address_is_a_name_only_for_a_server_that_is_not_alone() -> None:
    async def nothing(*_: object) -> None:
        raise AssertionError

    open_gate = RequestGuard(nothing, Limits(), ["box"], addresses=True)
    closed_gate = RequestGuard(nothing, Limits(), ["box"])
    assert [open_gate._known(name) for name in ("box", "10.0.0.8", "fe80::1", "evil.example")] == [
        True,
        True,
        True,
        False,
    ]
    assert [closed_gate._known(name) for name in ("box", "10.0.0.8")] == [True, False]
