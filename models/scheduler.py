"""Joins requests that wait for the classifier, never makes one wait for company, and says no when too many wait."""

from __future__ import annotations

import asyncio
import enum
import heapq
import itertools
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future

import msgspec

from .assessment import Assessed, Assessment, checked
from .classifier import Classifier
from .content import Part
from .errors import DeadlineExceeded, InferenceFailed, ModelUnavailable, NotJudged, Overloaded


class Priority(enum.IntEnum):
    """Who goes first: a reader waits for a stream, a caller for a request, nobody for bulk work."""

    STREAM = 0
    REQUEST = 1
    BULK = 2


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """Requests waiting and running now; batches run, requests that shared one, and requests shed, all since start."""

    queued: int
    in_flight: int
    batches: int
    joined: int
    shed: int


class _Request(msgspec.Struct, kw_only=True, eq=False):
    order: tuple[int, int]
    parts: list[Part]
    cost: int
    deadline: float | None
    future: Future[list[Assessment]]

    def __lt__(self, other: _Request) -> bool:
        return self.order < other.order


class Scheduler:
    """Worker threads before one classifier; close() ends them.

    Requests that wait while every worker is busy are joined, up to `batch_tokens` of the classifier's own cost
    estimate. A batch that fails is tried again one request at a time, so that one bad part fails alone.
    """

    def __init__(self, classifier: Classifier, *, workers: int, max_queue: int = 1024, batch_tokens: int = 512) -> None:
        self._classifier = classifier
        self._max_queue = max_queue
        self._batch_tokens = batch_tokens
        self._queue: list[_Request] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self._in_flight = self._batches = self._joined = self._shed = 0
        self._threads = [
            threading.Thread(target=self._work, name=f"headgate-judge-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def classifier(self) -> Classifier:
        """The classifier that judges."""
        return self._classifier

    def submit(
        self, parts: Sequence[Part], *, priority: Priority = Priority.REQUEST, deadline: float | None = None
    ) -> Future[list[Assessment]]:
        """A future of one assessment for each part, in order; `deadline` is a time.monotonic() reading.

        Raises Overloaded at once where the queue is full and ModelUnavailable after close(). What still waits at
        its deadline fails with DeadlineExceeded when a worker comes to it; cancelling the future takes it out.
        """
        future: Future[list[Assessment]] = Future()
        if not parts:
            future.set_result([])
            return future
        cost = sum(map(self._classifier.cost, parts))
        with self._changed:
            if self._closed:
                raise ModelUnavailable("the scheduler is closed")
            if len(self._queue) >= self._max_queue:
                self._shed += 1
                raise Overloaded(f"{self._max_queue} requests wait to be judged already")
            order = (int(priority), next(self._numbers))
            request = _Request(order=order, parts=list(parts), cost=cost, deadline=deadline, future=future)
            heapq.heappush(self._queue, request)
            self._changed.notify()
        future.add_done_callback(lambda done: self._forget(request) if done.cancelled() else None)
        return future

    def assess(
        self, parts: Sequence[Part], *, priority: Priority = Priority.REQUEST, timeout: float | None = None
    ) -> list[Assessment]:
        """Wait for the assessments; raises NotJudged, and DeadlineExceeded after `timeout` seconds in any case."""
        future = self.submit(parts, priority=priority, deadline=_deadline(timeout))
        try:
            return future.result(timeout)
        except TimeoutError as error:
            future.cancel()
            raise _late(timeout) from error

    async def aassess(
        self, parts: Sequence[Part], *, priority: Priority = Priority.REQUEST, timeout: float | None = None
    ) -> list[Assessment]:
        """The same without blocking the event loop; cancelling the await takes a waiting request out of the queue."""
        future = self.submit(parts, priority=priority, deadline=_deadline(timeout))
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise _late(timeout) from error

    def stats(self) -> Stats:
        """The counters, all read at one moment."""
        with self._changed:
            return Stats(
                queued=len(self._queue),
                in_flight=self._in_flight,
                batches=self._batches,
                joined=self._joined,
                shed=self._shed,
            )

    def close(self, *, timeout: float = 5.0) -> None:
        """Fail what waits with ModelUnavailable, let running batches end, and join the threads for `timeout` s."""
        with self._changed:
            self._closed = True
            waiting, self._queue = self._queue, []
            self._changed.notify_all()
        for request in waiting:
            if request.future.set_running_or_notify_cancel():
                request.future.set_exception(ModelUnavailable("the scheduler was closed"))
        end = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _forget(self, request: _Request) -> None:
        with self._changed:
            if request in self._queue:
                self._queue.remove(request)
                heapq.heapify(self._queue)

    def _work(self) -> None:
        while batch := self._take():
            live = [request for request in batch if _begin(request)]
            if live:
                self._judge(live)
            with self._changed:
                self._in_flight -= len(batch)

    def _take(self) -> list[_Request]:
        """The next requests in order of priority and age that fit one batch; empty once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closed)
            batch: list[_Request] = []
            room = self._batch_tokens
            while self._queue and (not batch or self._queue[0].cost <= room):
                batch.append(heapq.heappop(self._queue))
                room -= batch[-1].cost
            self._in_flight += len(batch)
            return batch

    def _judge(self, requests: list[_Request]) -> None:
        with self._changed:
            self._batches += 1
            self._joined += len(requests) if len(requests) > 1 else 0
        try:
            answers = self._answers([part for request in requests for part in request.parts])
        except NotJudged as error:
            if len(requests) == 1:
                requests[0].future.set_exception(error)
                return
            for request in requests:
                self._judge([request])
            return
        for request in requests:
            mine, answers = answers[: len(request.parts)], answers[len(request.parts) :]
            request.future.set_result(mine)

    def _answers(self, parts: list[Part]) -> list[Assessment]:
        try:
            answers = self._classifier.assess(parts)
        except NotJudged:
            raise
        except Exception as error:  # a classifier may be anybody's: whatever it raises means "not judged"
            raise InferenceFailed(f"{self._classifier.name} raised {type(error).__name__}") from error
        if len(answers) != len(parts):
            raise InferenceFailed(f"{self._classifier.name} gave {len(answers)} answers for {len(parts)} parts")
        return [checked(answer) if isinstance(answer, Assessed) else answer for answer in answers]


def _begin(request: _Request) -> bool:
    # False for a request that was cancelled or came too late; from here on it cannot be cancelled.
    if not request.future.set_running_or_notify_cancel():
        return False
    if request.deadline is not None and time.monotonic() >= request.deadline:
        request.future.set_exception(DeadlineExceeded("not judged in time: it waited too long for its turn"))
        return False
    return True


def _deadline(timeout: float | None) -> float | None:
    return None if timeout is None else time.monotonic() + timeout


def _late(timeout: float | None) -> DeadlineExceeded:
    return DeadlineExceeded(f"not judged within {timeout:g} s" if timeout is not None else "not judged in time")
