"""The few things that a bare ASGI handler needs: a bounded body, headers, and answers in one write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final, TypeAlias

from ..models.errors import InputError

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Headers: TypeAlias = list[tuple[bytes, bytes]]

PRESENCE: Final = "headgate.presence"
"""The extension of a scope under which a server tells whether the client is still there."""

LONG: Final = 1 << 17
"""Bytes of JSON from which on it is read and written off the event loop: a million of them take some milliseconds."""

JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")
EVENTS: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


class TooLarge(InputError):
    """The body is over the bound."""


class Encoded(InputError):
    """The body is compressed: what it would grow to is not known before it has grown."""


class ClientGone(Exception):
    """The client closed its connection; nobody waits for an answer."""


async def read_body(scope: Scope, receive: Receive, *, limit: int) -> bytes:
    """The whole body; TooLarge over `limit` bytes, Encoded where it is packed, ClientGone where it never came whole."""
    check_declared(scope, limit=limit)
    message = await receive()
    body: bytes = message.get("body", b"")
    chunks, size = [body], len(body)
    while message.get("more_body") and size <= limit:
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
    if message["type"] == "http.disconnect":
        raise ClientGone
    if size > limit:
        raise TooLarge(f"the body is larger than {limit} bytes")
    return b"".join(chunks)


def check_declared(scope: Scope, *, limit: int) -> None:
    """Raises TooLarge or Encoded where the head alone says that the body will not be read."""
    for name, value in scope["headers"]:
        if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            raise Encoded("a compressed body is not read: send it as it is, without 'content-encoding'")
        if name == b"content-length" and value.isdigit() and int(value) > limit:
            raise TooLarge(f"the body has {int(value)} bytes; at most {limit} are read")


class Presence:
    """Whether the client of a connection is still there, and who is to be told when it goes; of one event loop."""

    def __init__(self) -> None:
        self.gone = False
        self._told: set[Callable[[], None]] = set()

    def watch(self, told: Callable[[], None]) -> None:
        """Call this when the client goes."""
        self._told.add(told)

    def unwatch(self, told: Callable[[], None]) -> None:
        """Do not."""
        self._told.discard(told)

    def leave(self) -> None:
        """The client has gone."""
        self.gone = True
        for told in tuple(self._told):
            told()


def presence_of(scope: Scope) -> Presence | None:
    """The presence of a request's client, where the server tells it; else `gone` waits for the client to go."""
    found = scope.get("extensions", {}).get(PRESENCE)
    return found if isinstance(found, Presence) else None


async def gone(receive: Receive) -> None:
    """Returns when the client has closed its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def answer(send: Send, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]] = (JSON,)) -> None:
    """Send a whole answer."""
    head = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})
