"""HTTP/1.1 to one server: connections that are kept, a deadline for the whole exchange, a bounded answer.

The standard library alone: `models` is imported by programs that have no HTTP client installed.
"""

from __future__ import annotations

import contextlib
import http.client
import ssl
import threading
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from ..errors import ConfigError, DeadlineExceeded, ModelUnavailable

MAX_ANSWER = 4 * 1024 * 1024
"""Bytes of an answer that are read."""

_STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class Answer(msgspec.Struct, frozen=True):
    """A status and a body."""

    status: int
    body: bytes


class Connections:
    """Kept connections to the server of one URL; safe from several threads. ConfigError for what is no such URL."""

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url.rstrip("/"))
            port = parts.port
        except ValueError as error:
            raise ConfigError("url must be a URL such as http://localhost:8000/v1") from error
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ConfigError("url must be a URL such as http://localhost:8000/v1, without a password")
        self._host, self._port = parts.hostname, port
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self.path = parts.path or "/v1"
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()

    def post(self, path: str, body: bytes, *, headers: Mapping[str, str], deadline: float) -> Answer:
        """The answer to a POST below the URL's path, whatever its status; redirects are not followed.

        `deadline` is a time.monotonic() reading. Raises DeadlineExceeded past it and ModelUnavailable where the server
        cannot be reached or hangs up.
        """
        while True:
            kept = self._take()
            connection = kept or self._fresh(deadline)
            try:
                answer = self._exchange(connection, path, body, headers=headers, deadline=deadline)
            except TimeoutError as error:
                connection.close()
                raise DeadlineExceeded("the server did not answer in time") from error
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if kept is not None and isinstance(error, _STALE):
                    continue  # the server had ended a kept connection: that says nothing about the server
                raise ModelUnavailable(f"the server cannot be reached: {type(error).__name__}") from error
            return answer

    def close(self) -> None:
        """Ends the kept connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> http.client.HTTPConnection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _fresh(self, deadline: float) -> http.client.HTTPConnection:
        left = _left(deadline)
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, timeout=left, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=left)

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        path: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        deadline: float,
    ) -> Answer:
        _bound(connection, deadline)
        connection.request("POST", self.path + path, body=body, headers=dict(headers))
        _bound(connection, deadline)
        response = connection.getresponse()
        found = bytearray()
        while chunk := response.read1(65536):
            found += chunk
            if len(found) > MAX_ANSWER:
                raise http.client.HTTPException("the answer is too long")
            _bound(connection, deadline)
        response.close()
        if response.will_close:
            connection.close()
        else:
            with self._lock:
                self._idle.append(connection)
        return Answer(response.status, bytes(found))


def _bound(connection: http.client.HTTPConnection, deadline: float) -> None:
    """Each step gets what is left of the whole, so that an answer that drips does not outlast it."""
    left = _left(deadline)
    connection.timeout = left
    with contextlib.suppress(AttributeError):
        connection.sock.settimeout(left)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
