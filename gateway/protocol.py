"""HTTP/1.1 as uvicorn speaks it, with bounds on what a client may send and on the time it may take for it.

uvicorn bounds neither heads nor slow senders: one connection that never ends its headers would hold memory for ever.
"""

from __future__ import annotations

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from .asgi import PRESENCE, Presence
from .config import Settings
from .connections import MOST_TOLD, Connections
from .refusals import Refusal, refusal_body

LARGEST_HEAD: Final = 64 * 1024
"""Bytes that a request line and its headers may have together, and what may stand around a body in chunks."""
MOST_HEADERS: Final = 200
LINGER: Final = 2.0
"""Seconds in which what a refused client still sends is thrown away: closed at once, it might never see its answer."""
MOST_LINGERING: Final = 1024 * 1024
"""Bytes of it."""
PROBES: Final = frozenset({"/livez", "/readyz", "/metrics"})
"""What is answered over the bound as well: a gateway that is full is not to be taken for dead."""

_OFFERS: Final = frozenset({b"connection", b"http2-settings", b"upgrade"})
_MALFORMED: Final = Refusal(status=400, message="this is not an HTTP/1.1 request", code="invalid_http")
_LARGE_HEAD: Final = Refusal(
    status=431,
    message=f"at most {LARGEST_HEAD} bytes and {MOST_HEADERS} headers are read: send fewer, or shorter ones",
    code="header_too_large",
)
_FULL: Final = Refusal(
    status=503, message="too many connections: come again in a moment", type="server_error", code="overloaded"
)
_PADDED: Final = Refusal(
    status=400, message="too much stands around the body: send larger chunks, and no trailers", code="invalid_http"
)


class BoundedHttp(HttpToolsProtocol):
    """One connection. A head over its bounds is answered 431, what comes too slowly 408, and the connection is closed.

    One over the bound of `connections` has LINGER seconds for a head, which is answered 503 unless it is a probe's.
    A client that does not take its answer within the time for a body is dropped.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        head_timeout: float = 20.0,
        body_timeout: float = 60.0,
        connections: Connections | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.head_timeout = head_timeout
        self.body_timeout = body_timeout
        self._server = Connections(0) if connections is None else connections
        self._served = True
        self._in_head = False
        self._in_body = False
        self._deaf = False
        self._lingers = False
        self._came = 0
        self._body = 0
        self._fault = _MALFORMED
        self._incoming: asyncio.TimerHandle | None = None
        self._outgoing: asyncio.TimerHandle | None = None
        self._presence = Presence()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client that says nothing is let wait as long as one between two requests."""
        super().connection_made(transport)
        self._served = self._server.enter()
        if not self._served:
            self.head_timeout = LINGER
            if self._server.told > MOST_TOLD:
                self._deaf = True
                transport.abort()
                return
        self._expect(self.timeout_keep_alive if self._served else LINGER)

    def connection_lost(self, exc: Exception | None) -> None:
        """No clock outlives its connection."""
        self._server.leave(served=self._served)
        self._stop()
        if self._outgoing is not None:
            self._outgoing.cancel()
        super().connection_lost(exc)
        self._presence.leave()

    def data_received(self, data: bytes) -> None:
        """Parse what came, and start or stop the clock for what is still to come."""
        if self._deaf:
            self._came += len(data)
            if self._came > MOST_LINGERING and self._lingers:
                self.transport.abort()
            return
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        first, body = self._came == 0, self._in_body
        self._came += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._stay(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self._refuse(self._fault)
            return
        self._await(first=first, body=body)

    def _await(self, *, first: bool, body: bool) -> None:
        """Start or stop the clock; `first`: these were the first bytes of a head, `body`: it was a body before them."""
        if self._in_head:
            if self._came > LARGEST_HEAD:
                self._refuse(_LARGE_HEAD)
            else:
                self._expect(self.head_timeout, anew=first)
        elif self._in_body:
            if self._came - 2 * self._body > LARGEST_HEAD:
                self._refuse(_PADDED)
            else:
                self._expect(self.body_timeout, anew=not body)
        elif self._incoming is not None:
            self._stop()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        # ASGI's extensions are dicts; this one is an object, for our own application alone.
        self.scope["extensions"] = {PRESENCE: self._presence}  # type: ignore[dict-item]
        self._in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header of the head; those behind a body are dropped."""
        if self._in_head:
            name = name.lower()
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Its head is there; raises where it is over its bounds, before anybody is asked to serve it."""
        headers = self.headers
        too_long = self._came > LARGEST_HEAD and _size(self.url, headers) > LARGEST_HEAD
        if too_long or len(headers) > MOST_HEADERS:
            self._fault = _LARGE_HEAD
            raise ValueError("the head is too large")
        if self.parser.should_upgrade():
            return
        if not self._served and _path(self.url) not in PROBES:
            self._fault = _FULL
            raise ValueError("too many connections")
        self._in_head = False
        self._in_body = True
        self._came = self._body = 0
        super().on_headers_complete()
        if not self._served:
            self.cycle.keep_alive = False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        # What a cycle asks of its transport is to write, to close, and whether it is closing.
        cycle.transport = Joined(self.transport, self.loop)  # type: ignore[assignment]
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        """A piece of its body is there."""
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """It is there, whole."""
        if self._in_head:
            return
        self._in_body = False
        self._came = 0
        super().on_message_complete()
        if self.cycle.response_complete and self.cycle.keep_alive and not self.pipeline:
            # The answer left before its request had come: uvicorn's own clock was stopped by what came after it.
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _stay(self, rest: bytes) -> None:
        """Read a request that offers another protocol as if it did not: its body follows (RFC 9110, 7.8)."""
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse(_MALFORMED)
            return
        kept = [b"%s: %s\r\n" % header for header in self.headers if header[0] not in _OFFERS]
        self._came = 0
        self.parser = httptools.HttpRequestParser(self)
        head = b"%s %s HTTP/1.1\r\n%sconnection: close\r\n\r\n" % (method, self.url, b"".join(kept))
        self.data_received(head + rest)

    def pause_writing(self) -> None:
        """The client does not take what is written: it has a while to begin again."""
        super().pause_writing()
        if self._outgoing is None:
            self._outgoing = self.loop.call_later(self.body_timeout, self.transport.abort)

    def resume_writing(self) -> None:
        """It takes it again."""
        if self._outgoing is not None:
            self._outgoing.cancel()
            self._outgoing = None
        super().resume_writing()

    def _expect(self, seconds: float, *, anew: bool = False) -> None:
        if anew:
            self._stop()
        if self._incoming is None:
            self._incoming = self.loop.call_later(seconds, self._late)

    def _stop(self) -> None:
        if self._incoming is not None:
            self._incoming.cancel()
            self._incoming = None

    def _late(self) -> None:
        self._incoming = None
        if self._in_head or self._in_body:
            seconds = self.body_timeout if self._in_body else self.head_timeout
            what = "body" if self._in_body else "head"
            message = f"the request's {what} did not come whole within {seconds:.10g} seconds"
            self._refuse(Refusal(status=408, message=message, code="request_timeout"))
        else:
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer in place of the application and close; an answer that is under way is let end, and then closed."""
        self._stop()
        self._deaf = True
        if self.transport.is_closing():
            return
        if not self._in_body and self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False
            return
        if not self._in_body or not self.cycle.response_started:
            path = _path(self.url) if self._in_head or self._in_body else ""
            self.transport.write(_response(refusal, refusal_body(path, refusal)))
        if self._in_body:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._linger()

    def _linger(self) -> None:
        """Write no more, and wait for the client to close: bytes that nobody read would reset its answer away."""
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        self._lingers = True
        self._came = 0
        self.transport.write_eof()
        self.flow.resume_reading()
        self._incoming = self.loop.call_later(LINGER, self.transport.abort)


class Joined:
    """The transport of one answer, whose head leaves in one write with what follows in the same turn of the loop.

    Two small writes are two packets, and each costs more than all else that is done about an answer's bytes.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""
        self._begun = False

    def write(self, data: bytes) -> None:
        """Write, but for the head, which waits."""
        if not self._begun:
            self._begun = True
            self._head = data
            self._loop.call_soon(self._flush)
        elif self._head:
            head, self._head = self._head, b""
            self._transport.write(head + data)
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Write what waits, and close."""
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether it is closed, or about to be."""
        return self._transport.is_closing()

    def _flush(self) -> None:
        if self._head and not self._transport.is_closing():
            head, self._head = self._head, b""
            self._transport.write(head)


def bounded_http(settings: Settings) -> partial[BoundedHttp]:
    """The protocol with the times of these settings, as uvicorn takes it and as it can be sent to worker processes."""
    return partial(
        BoundedHttp,
        head_timeout=settings.head_timeout,
        body_timeout=settings.body_timeout,
        connections=Connections(settings.max_connections),
    )


def _size(url: bytes, headers: list[tuple[bytes, bytes]]) -> int:
    # Two for `: ` and two for the line's end.
    return len(url) + sum(len(name) + len(value) + 4 for name, value in headers)


def _path(url: bytes) -> str:
    return url.partition(b"?")[0].decode("latin-1")


def _response(refusal: Refusal, body: bytes) -> bytes:
    phrase = HTTPStatus(refusal.status).phrase
    later = "retry-after: 1\r\n" if refusal.status == 503 else ""
    head = (
        f"HTTP/1.1 {refusal.status} {phrase}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n{later}connection: close\r\n\r\n"
    )
    return head.encode() + body
