"""Upstream as the loop's source of answers: one HTTP request a round, whole or streamed, as the same events."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from ..guard.cuts import words_of
from ..guard.effects import Delta, End, Event, Finish, Generate
from ..guard.record import new_id
from ..models.errors import UpstreamError
from ..policies.schema import Prefill
from .asgi import LONG, Headers
from .translate.tongues import TranslatedAnswer
from .way import Leg, Way
from .wire.dialect import Dialect, Request, Splitter

if TYPE_CHECKING:
    import aiohttp


class UpstreamSource:
    """The rounds of one exchange; `answers` keeps what came, `seconds` is the time spent waiting for upstream.

    `received` and `released` count characters of the round under way; `most_held` is the largest difference. `prefill`
    is how upstream takes the start of an answer, if it does. What an answer is, the dialect says; an upstream that
    speaks another protocol is translated, so that everything here is as if it spoke the client's. Once another upstream
    has been asked in place of the first, later rounds begin with it. `until` bounds the waiting for further tries, on
    time.perf_counter.
    """

    def __init__(
        self,
        way: Way,
        dialect: Dialect[Any, Any],
        request: Request,
        headers: dict[str, str],
        *,
        prefill: Prefill | None = None,
    ) -> None:
        self.answers: list[Any] = []
        self.seconds = 0.0
        self.headers: Headers = []
        self.received = 0
        self.released = 0
        self.most_held = 0
        self.until: float | None = None
        self._way = way
        self.words: dict[str, str] = {}
        self._place = 0
        self._leg: Leg = way.legs[0]
        self._dialect = dialect
        self._request = request
        self._request_headers = headers
        self._prefill: Prefill | None = prefill
        self._rounds: dict[int, Any] = {}
        self._asking: Callable[[], Coroutine[Any, Any, float]] | None = None
        self._opening: asyncio.Task[float] | None = None
        self._response: aiohttp.ClientResponse | None = None
        self._parser: Splitter | None = None
        self._translated: TranslatedAnswer | None = None
        self._events: deque[Event] = deque()
        self._fault: UpstreamError | None = None

    @property
    def continues(self) -> bool:
        """Whether upstream can go on from the start of an answer, as far as its kind tells."""
        return self._way.continues

    @property
    def usage(self) -> dict[str, Any] | None:
        """The usage of all rounds together; what upstream did not say of a round is estimated and marked."""
        return self._dialect.usage(self.answers)

    def of(self, number: int) -> Any:
        """The answer of a round; where a helper answered it, the last one of upstream before."""
        return self._rounds[max(found for found in self._rounds if found <= number)]

    def outcome(self, finish: Finish) -> Any:
        """The delivered answer, or the newest where none is delivered; None where upstream was never asked."""
        if finish.delivery == "delivered" and finish.round is not None:
            return self.of(finish.round)
        return self.answers[-1] if self.answers else None

    async def generate(self, request: Generate) -> None:
        """Have upstream asked, at once where that is wanted ahead of the first read, which raises what goes wrong."""
        if self._asking is not None or self._opening is not None or self._response is not None:
            await self.cancel()
        self._events.clear()
        self._parser = None
        self._fault = None
        self.received = self.released = 0
        self.words = words_of(request.cuts)
        self._translated = None
        leg = self._way.legs[self._place]
        body = self._body(leg, request)
        answer = self._dialect.answer(len(body))
        self.answers.append(answer)
        self._rounds[request.round] = answer

        def of(other: Leg) -> bytes:
            said = body if other is leg else self._body(other, request)
            return other.said(said, continues=request.prefix is not None)

        self._asking = partial(self._open, of, answer)
        # A task of its own costs as much as all else here, and is of use only while something else is waited for: where
        # the prompt is remembered, the answer is read before the next turn of the loop.
        if request.ahead:
            asyncio.get_running_loop().call_soon(self._begin)

    def _begin(self) -> None:
        """Ask now, where nobody has read yet."""
        if self._asking is not None and self._opening is None:
            self._opening = asyncio.ensure_future(self._asking())

    async def read(self) -> Event:
        """The next delta, or the end; raises UpstreamError with upstream's status and body where it has no answer."""
        if self._asking is not None:
            await self._opened()
        while not self._events:
            if self._fault is not None:
                raise self._fault
            began = time.perf_counter()
            await self._fill()
            self.seconds += time.perf_counter() - began
        event = self._events.popleft()
        if isinstance(event, Delta):
            self.received += len(event.text)
            self.most_held = max(self.most_held, self.received - self.released)
        return event

    async def cancel(self) -> None:
        """Close the response now; upstream sees its connection closed and may stop generating."""
        self._asking = None
        if self._opening is not None:
            opening, self._opening = self._opening, None
            opening.cancel()
            # Gathered, not awaited: how a call ends that nobody wants is nobody's fault.
            await asyncio.gather(opening, return_exceptions=True)
        if self._response is not None:
            self._response.close()
            self._response = None

    async def _opened(self) -> None:
        """Asks, or waits for the call that is under way; the time it took is upstream's, whoever waited meanwhile."""
        asking, self._asking = self._asking, None
        if asking is None:
            return
        began = time.perf_counter()
        try:
            self.seconds += await (asking() if self._opening is None else asyncio.shield(self._opening))
        except UpstreamError:
            self.seconds += time.perf_counter() - began
            self._opening = None
            raise
        self._opening = None

    def _body(self, leg: Leg, request: Generate) -> bytes:
        """The round's body in the client's own protocol."""
        prefill = leg.prefill(self._prefill)
        return self._dialect.body(self._request, request, stream=self._request.stream, prefill=prefill)

    async def _open(self, body: Callable[[Leg], bytes], answer: Any) -> float:
        began = time.perf_counter()
        reached = await self._way.ask(
            body, self._request_headers, key_header=self._dialect.key_header, first=self._place, until=self.until
        )
        self._place, leg, response = reached.place, reached.leg, reached.response
        self._leg, self._response = leg, response
        client = leg.client
        self.headers = client.returned(response.raw_headers)
        if response.status != 200:
            raw = await client.read(response)
            self._done()
            raise leg.failure(response.status, raw)
        dialect = leg.dialect(self._dialect)
        if leg.translation is not None:
            self._translated = leg.translation.answer(new_id())
        if response.content_type == dialect.streams_as:
            self._parser = dialect.splitter()
            await self._fill()
        else:
            # Also for servers that do not stream although they were asked to.
            raw = await client.read(response)
            self._done()
            if self._translated is not None:
                raw = self._translated.whole(raw)
            read = self._dialect.read
            self._events.extend(read(raw, answer) if len(raw) <= LONG else await asyncio.to_thread(read, raw, answer))
            self._end(answer)
        return time.perf_counter() - began

    async def _fill(self) -> None:
        """Takes up what upstream has sent; a fault is kept, for what came before it is read first."""
        try:
            await self._fetch()
        except UpstreamError as error:
            self._fault = error
            if self._leg.breaker is not None:
                await self._leg.breaker.failed()

    async def _fetch(self) -> None:
        answer = self.answers[-1]
        if self._response is None or self._parser is None:
            raise UpstreamError("upstream's answer is over", status=502)
        chunk = await self._leg.client.read_some(self._response)
        for data in self._parser.feed(chunk) if chunk else self._parser.finish():
            if self._take(data, answer):
                self._finish(answer)
                return
        if not chunk:
            if self._translated is not None:
                for data in self._translated.finish():
                    self._events.extend(self._dialect.read_event(data, answer))
            self._finish(answer)

    def _take(self, data: bytes, answer: Any) -> bool:
        """Takes up one event of upstream's; whether nothing more comes."""
        if self._translated is None:
            self._events.extend(self._dialect.read_event(data, answer))
        else:
            for said in self._translated.take(data):
                self._events.extend(self._dialect.read_event(said, answer))
        over: bool = answer.over
        return over

    def _finish(self, answer: Any) -> None:
        if not answer.ended:
            raise UpstreamError("upstream broke off its answer", status=502)
        self._done()
        self._end(answer)

    def _end(self, answer: Any) -> None:
        self._events.append(End(tokens=answer.tokens, prompt_tokens=answer.prompt_tokens))

    def _done(self) -> None:
        if self._response is not None:
            self._response.release()
            self._response = None
