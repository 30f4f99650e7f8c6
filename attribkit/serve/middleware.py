"""Request guard: the Host and Origin of a request, the size and pace of its body, the headers of answers."""

import asyncio
import hmac
import ipaddress
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from attribkit.serve.limits import Limits

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may load and do: its own files and its own server, nothing else, and no script or style inside it."""

HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)

COOKIE = "attribkit-key"

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class RefusedRequest(Exception):
    """A refusal of a request before it reaches the application: a status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class RequestGuard:
    """Middleware that checks the Host and Origin of requests, and the size and pace of their bodies.

    Starlette's does less: `TrustedHostMiddleware` knows no addresses in brackets and no rule for every address,
    `CORSMiddleware` allows other pages but refuses none, and nothing limits the size and the pace of a body.

    Args:
        app: the application.
        limits: of bodies.
        hosts: names by which browsers may call the server. A page of another name that was made to resolve to this
            machine (DNS rebinding) is refused.
        addresses: whether every IP address is such a name: a server for more than this machine is called by one, and an
            address needs no name server that could lie.
        key: what a browser must have brought once, in the link that it was given; None lets everyone in who can reach
            the server.
    """

    def __init__(
        self,
        app: App,
        limits: Limits,
        hosts: Iterable[str] = LOOPBACK,
        addresses: bool = False,
        key: str | None = None,
    ) -> None:
        self._app, self._limits, self._key = app, limits, key
        self._hosts = {host.lower() for host in hosts}
        self._addresses = addresses

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        try:
            headers = dict(scope["headers"])
            self._check(scope["method"], headers)
            if self._key is not None and not _is_key(_cookie(headers), self._key):
                await self._let_in(scope, guarded, self._key)
                return
            body = await self._body(headers, receive)
            await self._app(scope, _replay(body, receive), guarded)
        except RefusedRequest as refusal:
            if not started:
                await _refuse(refusal, guarded)

    def _check(self, method: str, headers: dict[bytes, bytes]) -> None:
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if not self._known(_name(host)):
            raise RefusedRequest(421, f"this server answers to {', '.join(sorted(self._hosts))}, not to {host[:100]!r}")
        origin = headers.get(b"origin")
        # a browser names the page that asks; a page of another server may not
        if origin is not None and origin.decode("latin-1").lower() not in (f"http://{host}", f"https://{host}"):
            raise RefusedRequest(403, "only this server's own page may ask from a browser; open it and ask there")
        if headers.get(b"sec-fetch-site") == b"cross-site" and method not in ("GET", "HEAD"):
            raise RefusedRequest(403, "only this server's own page may ask from a browser; open it and ask there")

    async def _let_in(self, scope: MutableMapping[str, Any], send: Send, key: str) -> None:
        """Give whoever comes by the link that holds the key a cookie with it, so that the key leaves the address."""
        brought = parse_qs(scope["query_string"].decode("latin-1")).get("key", [""])[0]
        if scope["method"] != "GET" or scope["path"] != "/" or not _is_key(brought, key):
            raise RefusedRequest(401, "this page is shared by a link that holds its key; ask who sent it for the link")
        # not Strict: a link in a mail or a chat leads here from elsewhere, and the redirection would come without it
        cookie = f"{COOKIE}={key}; HttpOnly; SameSite=Lax; Path=/".encode()
        headers = [(b"location", b"/"), (b"set-cookie", cookie), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def _known(self, name: str) -> bool:
        if name in self._hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._addresses

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        """The whole body, never more of it in memory than allowed."""
        most = self._limits.body_bytes
        too_large = RefusedRequest(413, f"a request may have {most:,} bytes; send less text")
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length[:20]) > most:
            raise too_large
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise RefusedRequest(400, "the request ended early")
                    size += len(message.get("body", b""))
                    if size > most:
                        raise too_large
                    parts.append(message.get("body", b""))
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError as error:
            seconds = f"{self._limits.body_seconds:g}"
            raise RefusedRequest(
                408, f"a request's body must arrive within {seconds} seconds; send it at once"
            ) from error


def _cookie(headers: dict[bytes, bytes]) -> str:
    """The key in a request's cookies, "" if it has none."""
    try:
        cookies = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


def _is_key(brought: str, key: str) -> bool:
    return hmac.compare_digest(brought.encode(), key.encode())


def _name(host: str) -> str:
    """The name in a Host header, without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body once more, for the application; afterwards what else comes."""
    replayed = False

    async def again() -> Message:
        nonlocal replayed
        if replayed:
            return await receive()
        replayed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _refuse(refusal: RefusedRequest, send: Send) -> None:
    content = json.dumps({"error": str(refusal)}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
