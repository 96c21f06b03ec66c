"""Upstream as the loop's source of answers: one HTTP request a round, whole or streamed, as the same events."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any

from ..guard.effects import Delta, End, Event, Generate
from ..models.errors import UpstreamError
from .asgi import Headers
from .upstream import Upstream, returned
from .wire.openai_chat_answer import Answer, read_body, read_chunk
from .wire.openai_chat_request import ChatRequest
from .wire.openai_chat_upstream import upstream_body
from .wire.openai_chat_whole import summed
from .wire.sse import SseParser

if TYPE_CHECKING:
    import aiohttp


class UpstreamSource:
    """The rounds of one exchange; `answers` keeps what came, `seconds` is the time spent waiting for upstream.

    `received` and `released` count characters of the round under way; `most_held` is the largest difference.
    """

    def __init__(self, upstream: Upstream, chat: ChatRequest, headers: dict[str, str]) -> None:
        self.answers: list[Answer] = []
        self.seconds = 0.0
        self.headers: Headers = []
        self.received = 0
        self.released = 0
        self.most_held = 0
        self._upstream = upstream
        self._chat = chat
        self._request_headers = headers
        self._response: aiohttp.ClientResponse | None = None
        self._parser: SseParser | None = None
        self._events: deque[Event] = deque()
        self._fault: UpstreamError | None = None

    @property
    def usage(self) -> dict[str, Any] | None:
        """The usage of all rounds together."""
        return summed(answer.usage for answer in self.answers)

    async def generate(self, request: Generate) -> None:
        """Ask upstream; raises UpstreamError with its status and body where it does not answer with a completion."""
        await self.cancel()
        self._events.clear()
        self._parser = None
        self._fault = None
        self.received = self.released = 0
        answer = Answer(choices={})
        self.answers.append(answer)
        body = upstream_body(self._chat, request, stream=self._chat.stream)
        began = time.perf_counter()
        try:
            await self._open(body, answer)
        finally:
            self.seconds += time.perf_counter() - began

    async def read(self) -> Event:
        """The next delta, or the end."""
        while not self._events:
            if self._fault is not None:
                raise self._fault
            began = time.perf_counter()
            try:
                await self._fill()
            except UpstreamError as error:
                # What came before the fault is read first, however the bytes were cut into chunks.
                self._fault = error
            finally:
                self.seconds += time.perf_counter() - began
        event = self._events.popleft()
        if isinstance(event, Delta):
            self.received += len(event.text)
            self.most_held = max(self.most_held, self.received - self.released)
        return event

    async def cancel(self) -> None:
        """Close the response now; upstream sees its connection closed and may stop generating."""
        if self._response is not None:
            self._response.close()
            self._response = None

    async def _open(self, body: bytes, answer: Answer) -> None:
        response = self._response = await self._upstream.chat(body, self._request_headers)
        self.headers = returned(response.raw_headers)
        if response.status != 200:
            raw = await self._upstream.read(response)
            self._done()
            status = response.status if response.status >= 400 else 502
            raise UpstreamError(f"upstream answered {response.status}", status=status, body=raw)
        if response.content_type == "text/event-stream":
            self._parser = SseParser()
            return
        # Also for servers that do not stream although they were asked to.
        raw = await self._upstream.read(response)
        self._done()
        self._events.extend(read_body(raw, answer))
        self._end(answer)

    async def _fill(self) -> None:
        answer = self.answers[-1]
        if self._response is None or self._parser is None:
            raise UpstreamError("upstream's answer is over", status=502)
        chunk = await self._upstream.read_some(self._response)
        for data in self._parser.feed(chunk) if chunk else self._parser.finish():
            if data.strip() == b"[DONE]":
                self._finish(answer)
                return
            self._events.extend(read_chunk(data, answer))
        if not chunk:
            self._finish(answer)

    def _finish(self, answer: Answer) -> None:
        if not answer.ended:
            raise UpstreamError("upstream broke off its answer", status=502)
        self._done()
        self._end(answer)

    def _end(self, answer: Answer) -> None:
        self._events.append(End(tokens=answer.tokens))

    def _done(self) -> None:
        if self._response is not None:
            self._response.release()
            self._response = None
