"""A guard behind a server that speaks OpenAI's protocol (vLLM, SGLang, TGI, llama.cpp)."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec

from ..errors import DeadlineExceeded, InferenceFailed, ModelUnavailable, NotJudged, Overloaded
from .asking import Ask, Reply
from .connections import Answer, Connections
from .wire import PATHS, Endpoint, body, reply_of

PAUSE: Final = 0.05
"""Seconds before a second attempt, doubled for each further one."""

_BUSY: Final = (429, 503)
_AGAIN: Final = (*_BUSY, 502, 504)


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """Where a guard is served: the base URL with its version path, the model's name there, and what may be spent.

    `timeout` is in seconds and bounds one pass with all its attempts. `key` is sent as a bearer token, shown nowhere.
    """

    url: str
    model: str
    key: str = ""
    timeout: float = 5.0
    retries: int = 1
    callers: int = 16
    logprobs: int = 20
    endpoint: Endpoint = "chat"

    def __repr__(self) -> str:
        return f"Server(url={self.url!r}, model={self.model!r}, endpoint={self.endpoint!r})"


class Remote:
    """Asks a server, at most `callers` passes at a time."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connections = Connections(server.url)
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if server.key:
            self._headers["Authorization"] = f"Bearer {server.key}"

    @property
    def callers(self) -> int:
        """Passes at a time."""
        return self._server.callers

    @property
    def digest(self) -> str:
        """Whose answers these are, as far as that can be known from here: server, model and way of asking."""
        server = self._server
        text = "\n".join((server.url, server.model, server.endpoint, str(server.logprobs)))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def answer(self, asks: Sequence[Ask]) -> list[Reply | NotJudged]:
        """A reply to each ask, or why there is none; raises nothing of the kind."""
        if len(asks) == 1:
            return [self._one(asks[0])]
        return list(self._threads().map(self._one, asks))

    def close(self) -> None:
        """Ends threads and connections."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._connections.close()

    def _threads(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._server.callers, thread_name_prefix="headgate-guard")
            return self._pool

    def _one(self, ask: Ask) -> Reply | NotJudged:
        deadline = time.monotonic() + self._server.timeout
        server = self._server
        request = body(ask, model=server.model, endpoint=server.endpoint, logprobs=server.logprobs)
        found = self._posted(request, PATHS[self._server.endpoint], deadline)
        try:
            return found if isinstance(found, NotJudged) else _reply(found)
        except NotJudged as error:
            return error

    def _posted(self, request: bytes, path: str, deadline: float) -> Answer | NotJudged:
        """The answer; asked again where the server was not reached or is busy, as long as there is time."""
        for attempt in range(self._server.retries + 1):
            last = attempt == self._server.retries
            try:
                found = self._connections.post(path, request, headers=self._headers, deadline=deadline)
                if last or found.status not in _AGAIN:
                    return found
            except (TimeoutError, DeadlineExceeded):
                return DeadlineExceeded("the server did not answer in time")
            except ModelUnavailable as error:
                if last:
                    return error
            time.sleep(max(0.0, min(PAUSE * 2**attempt, deadline - time.monotonic())))
        return ModelUnavailable("the server was not asked")


def _reply(found: Answer) -> Reply:
    """The reply of a good answer; the error that a bad status is. The body of an error may quote what was asked."""
    if found.status == 200:
        return reply_of(found.body)
    if found.status in _BUSY:
        raise Overloaded(f"the server is busy: status {found.status}")
    if found.status in (401, 403, 404):
        raise ModelUnavailable(f"the server refuses: status {found.status} (is the key right? is the model there?)")
    raise InferenceFailed(f"the server failed: status {found.status}")
