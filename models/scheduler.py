"""Joins requests that wait for the classifier, never makes one wait for company, and says no when too many wait.

A request's parts wait one by one, so that a long request is spread over the workers and a batch holds parts of about
one length, whoever asked for them. What is done at once is told at once: one wake-up of an event loop for a batch.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future

import msgspec

from .asked import Asked, asked, tell, too_late
from .assessment import Assessed, Assessment, checked
from .classifier import Classifier, is_local
from .content import Part
from .errors import DeadlineExceeded, InferenceFailed, ModelUnavailable, NotJudged, Overloaded
from .waiting import Item, Priority, WaitingList

__all__ = ["Priority", "Ran", "Scheduler", "Stats"]

BATCH_TOKENS = 512
"""Tokens of one batch: on a CPU more gains nothing."""
LEAST_SHARE = 64
"""Tokens for which it pays to wake another worker."""
SLICE = 256
"""Parts that are put into the queue at one go: it is locked meanwhile, and an event loop waits."""
MOST_KEPT = 4096
"""Batches that are remembered until somebody asks for them."""


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """Requests waiting and parts running now; batches run, requests that shared one, requests shed, all since start.

    `late` are requests that waited past their deadline.
    """

    queued: int
    in_flight: int
    batches: int
    joined: int
    shed: int
    late: int


class Ran(msgspec.Struct, frozen=True):
    """One batch: how many parts it had, and the seconds that its oldest part had waited."""

    parts: int
    waited: float


class _Turn(msgspec.Struct, frozen=True):
    """What a worker does next: a batch, which may be empty, and requests that came to their turn too late."""

    items: list[Item[Asked]]
    late: list[Asked]


class Scheduler:
    """Worker threads before one classifier; close() ends them.

    At most `workers` batches run at a time, each of `batch_tokens` by the classifier's own estimate. A batch that
    fails is tried again one part at a time, so that one bad part fails its own request alone.
    """

    def __init__(
        self, classifier: Classifier, *, workers: int, max_queue: int = 1024, batch_tokens: int = BATCH_TOKENS
    ) -> None:
        self._classifier = classifier
        self._workers = workers
        self._max_queue = max_queue
        self._batch_tokens = batch_tokens
        self._local = is_local(classifier)
        self._waiting: WaitingList[Asked] = WaitingList()
        self._numbers = itertools.count()
        self._changed = threading.Condition(threading.Lock())
        self._closed = False
        self._waking: asyncio.AbstractEventLoop | None = None
        self._ran: deque[Ran] = deque(maxlen=MOST_KEPT)
        self._queued = self._running = self._idle = 0
        self._in_flight = self._batches = self._joined = self._shed = self._late = 0
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
        request = asked(parts, self._costs(parts), future, deadline=deadline)
        with self._changed:
            self._enter(request, priority)
            self._call_workers()
        while self._enter_more(request, priority):
            pass
        future.add_done_callback(lambda done: self._leave(request, done) if done.cancelled() else None)
        return future

    def assess(
        self, parts: Sequence[Part], *, priority: Priority = Priority.REQUEST, timeout: float | None = None
    ) -> list[Assessment]:
        """Wait for the assessments; raises NotJudged, and DeadlineExceeded after `timeout` seconds in any case.

        A local classifier with nothing to do is run in the caller's own thread: it waits anyway.
        """
        if self._takes_turn(parts):
            return self._here(parts)
        future = self.submit(parts, priority=priority, deadline=_deadline(timeout))
        try:
            return future.result(timeout)
        except TimeoutError as error:
            future.cancel()
            raise too_late(timeout) from error

    async def aassess(
        self, parts: Sequence[Part], *, priority: Priority = Priority.REQUEST, timeout: float | None = None
    ) -> list[Assessment]:
        """The same without blocking the event loop; cancelling the await takes a waiting request out of the queue."""
        if not parts:
            return []
        costs = self._costs(parts)
        if self._local and not sum(costs):
            return self._answers(parts)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Assessment]] = loop.create_future()
        request = asked(parts, costs, future, deadline=_deadline(timeout))
        with self._changed:
            self._enter(request, priority)
            # Once for all that is asked in this turn of the loop: waking a thread costs more than asking.
            wakes = self._idle and self._waking is not loop
            if wakes:
                self._waking = loop
        if wakes:
            loop.call_soon(self._wake)
        timer = None if timeout is None else loop.call_later(timeout, self._expire, request, timeout)
        try:
            while self._enter_more(request, priority):  # noqa: ASYNC110 - others have their turn in between
                await asyncio.sleep(0)
            return await future
        finally:
            if timer is not None:
                timer.cancel()
            if not request.over:
                self._forget(request)

    def stats(self) -> Stats:
        """The counters, all read at one moment."""
        with self._changed:
            return Stats(
                queued=self._queued,
                in_flight=self._in_flight,
                batches=self._batches,
                joined=self._joined,
                shed=self._shed,
                late=self._late,
            )

    def ran(self) -> list[Ran]:
        """The batches since this was asked last, the newest MOST_KEPT of them."""
        with self._changed:
            found, self._ran = self._ran, deque(maxlen=MOST_KEPT)
        return list(found)

    def close(self, *, timeout: float = 5.0) -> None:
        """Fail what waits with ModelUnavailable, let running batches end, and join the threads for `timeout` s."""
        with self._changed:
            self._closed = True
            waiting = {id(item.request): item.request for item in self._waiting.everything()}
            for request in waiting.values():
                request.error = ModelUnavailable("the scheduler was closed")
                request.over, request.waiting = True, 0
            self._queued = 0
            self._changed.notify_all()
        tell(waiting.values())
        end = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _costs(self, parts: Sequence[Part]) -> list[int]:
        return [self._classifier.cost(part) for part in parts]

    def _enter(self, request: Asked, priority: Priority) -> None:
        """Puts a request's parts into the queue; the lock is held."""
        if self._closed:
            raise ModelUnavailable("the scheduler is closed")
        if self._queued >= self._max_queue:
            self._shed += 1
            raise Overloaded(f"{self._max_queue} requests wait to be judged already")
        request.waiting = len(request.costs)
        self._queued += 1
        self._add(request, priority)

    def _enter_more(self, request: Asked, priority: Priority) -> bool:
        """Puts some more of a long request's parts into the queue; whether there were any."""
        if len(request.items) == len(request.costs):
            return False
        with self._changed:
            if request.over:
                return False
            if self._closed:
                request.over = True
                raise ModelUnavailable("the scheduler is closed")
            self._add(request, priority)
            self._call_workers()
        return True

    def _add(self, request: Asked, priority: Priority) -> None:
        """Puts the next SLICE of a request's parts into the queue; the lock is held."""
        items, costs = request.items, request.costs
        for place in range(len(items), min(len(items) + SLICE, len(costs))):
            item = Item(request, place, costs[place], priority, next(self._numbers))
            items.append(item)
            self._waiting.add(item)

    def _takes_turn(self, parts: Sequence[Part]) -> bool:
        """Takes a worker's turn for the caller, where one is free and the work is small and nobody else's."""
        if not self._local or sum(self._costs(parts)) > self._batch_tokens:
            return False
        with self._changed:
            if self._closed or self._waiting or self._running >= self._workers:
                return False
            self._running += 1
            self._begin(len(parts), 1, 0.0)
        return True

    def _here(self, parts: Sequence[Part]) -> list[Assessment]:
        try:
            return self._answers(parts)
        finally:
            with self._changed:
                self._running -= 1
                self._in_flight -= len(parts)
                self._call_workers()

    def _wake(self) -> None:
        with self._changed:
            self._waking = None
            self._call_workers()

    def _call_workers(self) -> None:
        """Wakes as many workers as there is work for; the lock is held."""
        if self._waiting and self._idle:
            self._changed.notify(min(self._idle, len(self._waiting), -(-self._waiting.cost // LEAST_SHARE)))

    def _expire(self, request: Asked, timeout: float) -> None:
        """On the event loop, at the caller's timeout: whatever the classifier does, the caller goes on."""
        self._forget(request)
        if not request.future.done():
            request.future.set_exception(too_late(timeout))

    def _leave(self, request: Asked, future: Future[list[Assessment]]) -> None:
        """The caller cancelled: he is forgotten, and whoever waits for his future hears of it."""
        with self._changed:
            if request.over:
                return  # the worker that made it over tells it
            request.over = True
            self._remove(request)
        future.set_running_or_notify_cancel()

    def _forget(self, request: Asked) -> None:
        with self._changed:
            request.over = True
            self._remove(request)

    def _remove(self, request: Asked) -> None:
        """Takes what still waits of a request out of the queue; the lock is held."""
        if request.waiting:
            for item in request.items:
                self._waiting.remove(item)
            request.waiting = 0
            self._queued -= 1

    def _work(self) -> None:
        while (turn := self._next()) is not None:
            tell(turn.late)
            if turn.items:
                done = self._judge(turn.items)
                with self._changed:
                    self._running -= 1
                    self._in_flight -= len(turn.items)
                tell(done)

    def _next(self) -> _Turn | None:
        """The next parts that fit one batch, leaving a share to each idle worker; None once closed."""
        with self._changed:
            while not self._closed and not (self._waiting and self._running < self._workers):
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            if self._closed:
                return None
            others = min(self._idle, self._workers - self._running - 1)
            share = max(LEAST_SHARE, -(-self._waiting.cost // (others + 1)))
            late: list[Asked] = []
            items = self._live(self._waiting.take(min(self._batch_tokens, share)), late)
            if items:
                self._running += 1
                requests = {id(item.request): item.request for item in items}
                waited = time.monotonic() - min(request.came for request in requests.values())
                self._begin(len(items), len(requests), waited)
            self._call_workers()
            return _Turn(items, late)

    def _live(self, items: Sequence[Item[Asked]], late: list[Asked]) -> list[Item[Asked]]:
        """Those of the items whose request somebody still waits for; the lock is held."""
        now = time.monotonic()
        live = []
        for item in items:
            request = item.request
            request.waiting -= 1
            self._queued -= request.waiting == 0
            if request.over:
                continue
            if request.late(now):
                request.over = True
                request.error = DeadlineExceeded("not judged in time: it waited too long for its turn")
                self._remove(request)
                self._late += 1
                late.append(request)
                continue
            live.append(item)
        return live

    def _begin(self, parts: int, requests: int, waited: float) -> None:
        self._in_flight += parts
        self._batches += 1
        self._joined += requests if requests > 1 else 0
        self._ran.append(Ran(parts, waited))

    def _judge(self, items: Sequence[Item[Asked]]) -> list[Asked]:
        """Judges a batch, and part by part what could not be judged together; gives the requests that are over."""
        try:
            answers = self._answers([item.request.parts[item.place] for item in items])
        except NotJudged as error:
            if len(items) > 1:
                with self._changed:
                    self._batches += len(items)
                return [over for item in items if not item.request.over for over in self._judge([item])]
            return self._failed(items[0].request, error)
        done = []
        with self._changed:
            for item, answer in zip(items, answers, strict=True):
                request = item.request
                request.answers[item.place] = answer
                request.left -= 1
                if not request.left and not request.over:
                    request.over = True
                    done.append(request)
        return done

    def _failed(self, request: Asked, error: NotJudged) -> list[Asked]:
        with self._changed:
            if request.over:
                return []
            request.over = True
            request.error = error
            self._remove(request)
        return [request]

    def _answers(self, parts: Sequence[Part]) -> list[Assessment]:
        try:
            answers = self._classifier.assess(parts)
            if len(answers) != len(parts):
                raise InferenceFailed(f"{self._classifier.name} gave {len(answers)} answers for {len(parts)} parts")
            return [checked(answer) if isinstance(answer, Assessed) else answer for answer in answers]
        except (NotJudged, KeyboardInterrupt):
            raise
        except BaseException as error:  # a classifier may be anybody's, and a panic of Rust's is no Exception
            raise InferenceFailed(f"{self._classifier.name} raised {type(error).__name__}") from error


def _deadline(timeout: float | None) -> float | None:
    return None if timeout is None else time.monotonic() + timeout
