"""Laws of the scheduler, whatever is asked, whoever fails and whoever goes away."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from headgate.models.assessment import Assessed, Assessment, Unjudged
from headgate.models.content import Part, Text
from headgate.models.errors import DeadlineExceeded, InferenceFailed, ModelUnavailable, NotJudged, Overloaded
from headgate.models.fakes import FakeClassifier, scores
from headgate.models.scheduler import Priority, Scheduler

PATIENCE = 60.0
"""Seconds after which a caller counts as waiting for ever; nothing here takes a tenth of a second of work."""


class Wanted(msgspec.Struct, frozen=True):
    """A request: the score of each part or None for one that fails, how urgent it is, whether it comes too late."""

    parts: tuple[int | None, ...]
    priority: Priority
    late: bool = False
    leaves: bool = False


numbers = st.one_of(st.none(), st.integers(0, 99), st.integers(0, 99))
requests = st.builds(
    Wanted,
    parts=st.lists(numbers, min_size=1, max_size=6).map(tuple),
    priority=st.sampled_from(Priority),
    late=st.sampled_from([False, False, False, True]),
    leaves=st.sampled_from([False, False, False, True]),
)
loads = st.lists(requests, min_size=1, max_size=24)


class Numbered(FakeClassifier):
    """Scores a text by the number in it, and fails the whole batch where one says fail."""

    def __init__(self, gate: threading.Event | None = None) -> None:
        super().__init__()
        self._gate = gate

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        if self._gate is not None:
            assert self._gate.wait(PATIENCE)
        if any(part.path == "fail" for part in parts):
            raise InferenceFailed("no")
        return [scores(unsafe=int(part.path) / 100) for part in parts]


def parts_of(wanted: Wanted) -> list[Part]:
    """Texts of lengths that differ, so that batches are mixed."""
    return [
        Text(text="x" * (8 * (number or 0)), path="fail" if number is None else str(number)) for number in wanted.parts
    ]


def told(answers: Sequence[Assessment]) -> list[float]:
    return [one.unsafe if isinstance(one, Assessed) else -1.0 for one in answers]


@contextlib.contextmanager
def opened(*, workers: int, max_queue: int = 1024, budget: int = 60) -> Iterator[tuple[Scheduler, threading.Event]]:
    gate = threading.Event()
    scheduler = Scheduler(Numbered(gate), workers=workers, max_queue=max_queue, batch_tokens=budget)
    try:
        yield scheduler, gate
    finally:
        gate.set()
        scheduler.close(timeout=PATIENCE)


def check(wanted: Wanted, future: Future[list[Assessment]]) -> None:
    """Each request gets its own scores, or the error that it earned."""
    if future.cancelled():
        assert wanted.leaves
    elif (error := future.exception()) is None:
        assert None not in wanted.parts
        assert told(future.result()) == [(number or 0) / 100 for number in wanted.parts]
    elif isinstance(error, DeadlineExceeded):
        assert wanted.late
    else:
        assert isinstance(error, InferenceFailed)
        assert None in wanted.parts


@given(loads, st.integers(1, 3), st.integers(1, 400))
def test_everyone_is_answered_with_his_own_or_with_his_own_failure(load: list[Wanted], workers: int, budget: int):
    with opened(workers=workers, budget=budget) as (scheduler, gate):
        futures = []
        for wanted in load:
            deadline = time.monotonic() - 1 if wanted.late else None
            futures.append(scheduler.submit(parts_of(wanted), priority=wanted.priority, deadline=deadline))
        for wanted, future in zip(load, futures, strict=True):
            if wanted.leaves:
                future.cancel()
        gate.set()
        assert not wait(futures, timeout=PATIENCE).not_done
        for wanted, future in zip(load, futures, strict=True):
            check(wanted, future)
    stats = scheduler.stats()
    assert (stats.queued, stats.in_flight) == (0, 0)
    assert stats.shed == 0


@given(loads, st.integers(1, 3), st.integers(1, 8))
def test_who_is_let_in_is_answered_and_the_rest_is_told_at_once(load: list[Wanted], workers: int, room: int):
    with opened(workers=workers, max_queue=room) as (scheduler, gate):
        let_in: list[tuple[Wanted, Future[list[Assessment]]]] = []
        shed = 0
        for wanted in load:
            try:
                let_in.append((wanted, scheduler.submit(parts_of(wanted), priority=wanted.priority)))
            except Overloaded:
                shed += 1
            assert scheduler.stats().queued <= room
        gate.set()
        assert not wait([future for _, future in let_in], timeout=PATIENCE).not_done
        for wanted, future in let_in:
            check(wanted, future)
    assert scheduler.stats().shed == shed == len(load) - len(let_in)


@given(loads, st.integers(1, 3))
def test_nobody_waits_for_a_scheduler_that_is_closed(load: list[Wanted], workers: int):
    with opened(workers=workers) as (scheduler, gate):
        futures = [scheduler.submit(parts_of(wanted), priority=wanted.priority) for wanted in load]
        scheduler.close(timeout=0.0)
        gate.set()
        assert not wait(futures, timeout=PATIENCE).not_done
        for wanted, future in zip(load, futures, strict=True):
            if not isinstance(future.exception(), ModelUnavailable):
                check(wanted, future)


@given(loads, st.integers(1, 3), st.integers(1, 400), st.randoms(use_true_random=False))
def test_an_answer_does_not_depend_on_who_else_asks_or_in_what_order(
    load: list[Wanted], workers: int, budget: int, random: Random
):
    def answers(order: Sequence[int]) -> dict[int, object]:
        with opened(workers=workers, budget=budget) as (scheduler, gate):
            asked = {at: scheduler.submit(parts_of(load[at]), priority=load[at].priority) for at in order}
            gate.set()
            assert not wait(asked.values(), timeout=PATIENCE).not_done
        return {
            at: type(error) if (error := future.exception()) else told(future.result()) for at, future in asked.items()
        }

    there = list(range(len(load)))
    together = answers(there)
    random.shuffle(there)
    assert answers(there) == together
    assert answers([0])[0] == together[0]


@given(loads, st.integers(1, 3))
def test_on_an_event_loop_everyone_is_answered_too(load: list[Wanted], workers: int):
    async def all_of_them(scheduler: Scheduler, gate: threading.Event) -> list[object]:
        tasks = [
            asyncio.create_task(scheduler.aassess(parts_of(wanted), priority=wanted.priority, timeout=PATIENCE))
            for wanted in load
        ]
        await asyncio.sleep(0)  # the tasks' first step puts their requests into the queue
        for wanted, task in zip(load, tasks, strict=True):
            if wanted.leaves:
                task.cancel()
        gate.set()
        return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), PATIENCE)

    with opened(workers=workers) as (scheduler, gate):
        for wanted, found in zip(load, asyncio.run(all_of_them(scheduler, gate)), strict=True):
            if isinstance(found, list):
                assert told(found) == [(number or 0) / 100 for number in wanted.parts]
            else:
                assert isinstance(found, asyncio.CancelledError if wanted.leaves else NotJudged)
                assert wanted.leaves or None in wanted.parts
    assert (scheduler.stats().queued, scheduler.stats().in_flight) == (0, 0)


def test_an_unjudged_part_is_no_failure_of_its_neighbours():
    scheduler = Scheduler(FakeClassifier({"fog": Unjudged(reason="too_long")}), workers=1)
    found = scheduler.assess([Text(text="sun"), Text(text="fog")], timeout=PATIENCE)
    assert told(found) == [0.0, -1.0]
    scheduler.close()
