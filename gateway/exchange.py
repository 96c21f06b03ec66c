"""One guarded exchange: its clock, its source, and what is counted and recorded when it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from ..guard.effects import Finish
from ..guard.guard import Guard
from ..guard.record import new_id
from ..models.errors import Overloaded
from ..policies.verdict import DELIVERS, Verdict
from .asgi import ClientGone, Headers, Presence, Receive, Scope, gone, presence_of
from .headers import Wishes, stream_headers, verdict_headers
from .source import UpstreamSource
from .state import Gateway, unfinished
from .stream_sink import StreamSink
from .wire.dialect import Dialect, Request

T = TypeVar("T")


class Exchange:
    """What belongs to one request from its parsing to its record; `began` is when it came, on time.perf_counter."""

    def __init__(
        self,
        gateway: Gateway,
        guard: Guard,
        dialect: Dialect[Any, Any],
        request: Request,
        source: UpstreamSource,
        began: float,
        *,
        wishes: Wishes,
    ) -> None:
        self.gateway = gateway
        self.guard = guard
        self.dialect = dialect
        self.request = request
        self.source = source
        self.identity = new_id()
        self.finish: Finish | None = None
        self._began = began
        self._wishes = wishes
        source.until = None if wishes.deadline is None else began + wishes.deadline

    @property
    def shape(self) -> str:
        """How the caller wants the answer: `stream` or `json`."""
        return "stream" if self.request.stream else "json"

    @property
    def added(self) -> float:
        """Seconds since the request came, without those that upstream took."""
        return max(0.0, time.perf_counter() - self._began - self.source.seconds)

    async def run(self, sink: StreamSink | None = None) -> Finish:
        """Guards the exchange; accepted text of a stream goes to the sink.

        Raises Overloaded where nothing is wrong but that too much waits to be judged, and nothing was shown.
        """
        deadline = self._wishes.deadline
        finish = await self.guard.aexchange(
            self.request.parts,
            self.source,
            sink=sink,
            continues=self.dialect.continues and self.request.n == 1 and self.source.continues,
            deadline=None if deadline is None else deadline - (time.perf_counter() - self._began),
            language=self._wishes.language,
            identity=self.identity,
        )
        if is_shed(finish):
            raise Overloaded("too many requests wait to be judged")
        return finish

    def headers(self) -> Headers:
        """The x-headgate headers, with the verdict where it is known by now."""
        added = self.added * 1000
        upstream = self.source.headers
        if self.finish is not None:
            return [*upstream, *verdict_headers(self.finish.verdict, identity=self.identity, added_ms=added)]
        rounds = len(self.source.answers)
        policy = self.guard.policy
        return [*upstream, *stream_headers(policy, identity=self.identity, added_ms=added, rounds=rounds)]

    def exposure(self) -> Headers:
        """What a stream promises: how many unjudged characters may have left."""
        return [(b"x-headgate-max-exposed-chars", b"%d" % self.guard.policy.stream.max_exposed_chars)]

    def finished(self, finish: Finish) -> None:
        """Keep the outcome; headers asked for from now on tell it."""
        self.finish = finish

    def close(self) -> None:
        """Count and record the outcome."""
        if self.finish is not None:
            self._note(self.finish.verdict, self.finish.delivery, exposed=self.finish.exposed)

    def client_left(self) -> None:
        """Count and record that the caller went away before the end."""
        verdict = unfinished(self.guard, self.request.parts, reason="client_gone")
        self._note(verdict, "client_gone", exposed=self.source.released)

    def failed(self) -> None:
        """Record that the exchange ended in an error; the error itself is counted where it is sent."""
        verdict = unfinished(self.guard, self.request.parts, reason="error")
        self._record(verdict, "cut" if self.source.released else "withheld", exposed=self.source.released)

    def _note(self, verdict: Verdict, delivery: str, *, exposed: int) -> None:
        added, upstream = self.added, self.source.seconds
        metrics = self.gateway.metrics
        metrics.finished(verdict, shape=self.shape, delivery=delivery, added=added, upstream=upstream)
        if self.request.stream:
            metrics.held.observe(self.source.most_held)
        self._record(verdict, delivery, exposed=exposed)

    def _record(self, verdict: Verdict, delivery: str, *, exposed: int) -> None:
        rewrites = self.finish.rewrites if self.finish is not None else ()
        self.gateway.record(
            verdict,
            (*self.request.parts, *rewrites),
            identity=self.identity,
            delivery=delivery,
            added=self.added,
            upstream=self.source.seconds,
            exposed=exposed,
            usage=self.source.usage,
        )


def is_shed(finish: Finish) -> bool:
    """Whether an exchange was refused for nothing but a full queue: an error that passes, and no verdict on content."""
    verdict = finish.verdict
    if finish.delivery != "refused" or any(found.action not in DELIVERS for found in verdict.findings):
        return False
    held = [missed.reason for missed in verdict.coverage.unjudged if missed.action not in DELIVERS]
    return bool(held) and all(reason == Overloaded.reason for reason in held)


async def unless_gone(work: Coroutine[Any, Any, T], receive: Receive, scope: Scope | None = None) -> T:
    """The work's result; where the client goes first, the work is cancelled and ClientGone raised.

    A server of our own tells by the scope when the client goes; beside any other a task waits for it.
    """
    presence = None if scope is None else presence_of(scope)
    if presence is not None:
        return await _while_present(work, presence)
    told, watcher = Presence(), asyncio.ensure_future(gone(receive))
    watcher.add_done_callback(lambda done: None if done.cancelled() else told.leave())
    try:
        return await _while_present(work, told)
    finally:
        watcher.cancel()


async def _while_present(work: Coroutine[Any, Any, T], presence: Presence) -> T:
    if presence.gone:
        work.close()
        raise ClientGone
    task = asyncio.current_task()
    assert task is not None, "requests are served in tasks"
    left = False

    def leave() -> None:
        nonlocal left
        left = True
        task.cancel()

    presence.watch(leave)
    try:
        return await work
    except asyncio.CancelledError:
        # As in asyncio.timeout: a cancellation from elsewhere goes on.
        if left and task.uncancel() == 0:
            raise ClientGone from None
        raise
    finally:
        presence.unwatch(leave)
