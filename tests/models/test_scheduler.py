import asyncio
import math
import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from headgate.models.assessment import Assessed, Assessment
from headgate.models.content import Part, Text
from headgate.models.errors import DeadlineExceeded, InferenceFailed, ModelUnavailable, NotJudged, Overloaded
from headgate.models.fakes import FakeClassifier
from headgate.models.scheduler import SLICE, Priority, Scheduler

PATIENCE = 10.0


class Gate:
    """Holds the classifier inside a call until it is opened, so that requests pile up behind it."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.open = threading.Event()

    def __call__(self, parts: Sequence[Part]) -> None:
        self.entered.release()
        assert self.open.wait(PATIENCE)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


def text(words: str) -> list[Part]:
    return [Text(text=words)]


def busy(fake: FakeClassifier, gate: Gate, **options: int) -> Scheduler:
    """A scheduler whose only worker is inside the classifier."""
    fake.before = gate
    scheduler = Scheduler(fake, workers=1, **options)
    scheduler.submit(text("first"))
    assert gate.entered.acquire(timeout=PATIENCE)
    return scheduler


def unsafe(answers: list[Assessment]) -> float:
    [answer] = answers
    assert isinstance(answer, Assessed)
    return answer.unsafe


def test_answers_come_in_the_order_of_the_parts():
    scheduler = Scheduler(FakeClassifier({"storm": 0.9, "rain": 0.4}), workers=2)
    answers = scheduler.assess([Text(text="rain"), Text(text="sun"), Text(text="storm")])
    assert [unsafe([answer]) for answer in answers] == [0.4, 0.0, 0.9]
    scheduler.close()


def test_no_parts_are_no_answers():
    scheduler = Scheduler(FakeClassifier(), workers=1)
    assert scheduler.assess([]) == []
    scheduler.close()


def test_requests_that_wait_are_joined_and_each_gets_its_own_answers(gate: Gate):
    fake = FakeClassifier({"storm": 0.9, "rain": 0.4})
    scheduler = busy(fake, gate)
    futures = [scheduler.submit(text(word)) for word in ("storm", "sun", "rain")]
    assert scheduler.stats().queued == 3
    gate.open.set()
    assert [unsafe(future.result(PATIENCE)) for future in futures] == [0.9, 0.0, 0.4]
    scheduler.close()
    assert fake.calls == 2
    assert scheduler.stats().joined == 3


def test_a_request_alone_does_not_wait_for_company():
    fake = FakeClassifier()
    scheduler = Scheduler(fake, workers=1)
    scheduler.assess(text("sun"), timeout=PATIENCE)
    assert fake.calls == 1
    scheduler.close()


def test_a_batch_keeps_to_its_budget(gate: Gate):
    fake = FakeClassifier()
    scheduler = busy(fake, gate, batch_tokens=40)
    futures = [scheduler.submit(text("x" * 40)) for _ in range(4)]  # 18 tokens each by the fake's estimate
    gate.open.set()
    for future in futures:
        future.result(PATIENCE)
    scheduler.close()
    assert fake.calls == 3


def test_streams_go_before_requests_and_those_before_bulk(gate: Gate):
    fake = FakeClassifier()
    scheduler = busy(fake, gate, batch_tokens=1)
    futures = [
        scheduler.submit(text(priority.name), priority=priority)
        for priority in (Priority.BULK, Priority.REQUEST, Priority.STREAM)
    ]
    gate.open.set()
    for future in futures:
        future.result(PATIENCE)
    scheduler.close()
    assert [part.text for part in fake.judged if isinstance(part, Text)] == ["first", "STREAM", "REQUEST", "BULK"]


def test_a_full_queue_says_no_at_once(gate: Gate):
    scheduler = busy(FakeClassifier(), gate, max_queue=1)
    scheduler.submit(text("waits"))
    with pytest.raises(Overloaded):
        scheduler.submit(text("too many"))
    assert scheduler.stats().shed == 1
    gate.open.set()
    scheduler.close()


def test_what_waited_past_its_deadline_is_not_judged(gate: Gate):
    fake = FakeClassifier()
    scheduler = busy(fake, gate)
    late = scheduler.submit(text("late"), deadline=time.monotonic() - 1.0)
    gate.open.set()
    with pytest.raises(DeadlineExceeded):
        late.result(PATIENCE)
    scheduler.close()
    assert all(part != Text(text="late") for part in fake.judged)


def test_a_caller_is_let_go_at_its_timeout_even_where_the_classifier_hangs(gate: Gate):
    scheduler = busy(FakeClassifier(), gate)
    with pytest.raises(DeadlineExceeded):
        scheduler.assess(text("waits"), timeout=0.01)
    assert scheduler.stats().queued == 0
    gate.open.set()
    scheduler.close()


def test_one_bad_part_does_not_fail_its_neighbours(gate: Gate):
    scheduler = busy(FakeClassifier({"bad": InferenceFailed("no"), "odd": ValueError("?"), "fog": math.nan}), gate)
    futures = {word: scheduler.submit(text(word)) for word in ("sun", "bad", "odd", "fog", "moon")}
    gate.open.set()
    assert unsafe(futures["sun"].result(PATIENCE)) == 0.0
    assert unsafe(futures["moon"].result(PATIENCE)) == 0.0
    for word in ("bad", "odd", "fog"):
        with pytest.raises(InferenceFailed):
            futures[word].result(PATIENCE)
    scheduler.close()


def test_a_classifier_that_answers_too_little_is_a_failure():
    class Short(FakeClassifier):
        def assess(self, parts: Sequence[Part]) -> list[Assessment]:
            return super().assess(parts)[1:]

    scheduler = Scheduler(Short(), workers=1)
    with pytest.raises(InferenceFailed, match="0 answers for 1"):
        scheduler.assess(text("sun"), timeout=PATIENCE)
    scheduler.close()


class Panic(BaseException):
    """What a panic in Rust arrives as."""


@pytest.mark.parametrize("answer", [Panic("index out of bounds"), SystemExit(1), None])
def test_whatever_a_classifier_does_its_worker_lives_on(answer: BaseException | None):
    class Broken(FakeClassifier):
        def assess(self, parts: Sequence[Part]) -> list[Assessment]:
            if parts[0] == Text(text="sun"):
                return super().assess(parts)
            if answer is not None:
                raise answer
            return None  # type: ignore[return-value]

    scheduler = Scheduler(Broken(), workers=1)
    for _ in range(3):
        with pytest.raises(InferenceFailed):
            scheduler.assess(text("moon"), timeout=PATIENCE)
    assert unsafe(scheduler.assess(text("sun"), timeout=PATIENCE)) == 0.0
    assert (scheduler.stats().in_flight, scheduler.stats().queued) == (0, 0)
    scheduler.close()


def test_closing_fails_what_waits_and_what_comes_after(gate: Gate):
    scheduler = busy(FakeClassifier(), gate)
    waiting = scheduler.submit(text("waits"))
    scheduler.close(timeout=0.0)
    with pytest.raises(ModelUnavailable):
        waiting.result(PATIENCE)
    with pytest.raises(ModelUnavailable):
        scheduler.submit(text("after"))


async def test_the_event_loop_is_free_while_the_classifier_works(gate: Gate):
    scheduler = busy(FakeClassifier({"storm": 0.9}), gate)
    task = asyncio.create_task(scheduler.aassess(text("storm"), timeout=PATIENCE))
    await asyncio.sleep(0)  # the task's first step puts its request into the queue
    assert scheduler.stats().queued == 1
    gate.open.set()
    assert unsafe(await task) == 0.9
    scheduler.close()


def numbered(count: int) -> list[Part]:
    return [Text(text=f"{number}.") for number in range(count)]


async def test_a_request_of_very_many_parts_is_answered_in_their_order(gate: Gate):
    fake = FakeClassifier({"7.": 0.7, "3.": 0.3})
    scheduler = busy(fake, gate)
    parts = numbered(2 * SLICE + 7)
    task = asyncio.create_task(scheduler.aassess(parts, timeout=PATIENCE))
    future = scheduler.submit(parts)
    gate.open.set()
    alone = FakeClassifier(fake.rules).assess(parts)
    assert await task == future.result(PATIENCE) == alone
    assert scheduler.stats().queued == 0
    scheduler.close()


async def test_others_are_heard_while_very_many_parts_come(gate: Gate):
    scheduler = busy(FakeClassifier(), gate)
    task = asyncio.create_task(scheduler.aassess(numbered(4 * SLICE)))
    await asyncio.sleep(0)
    scheduler.submit(text("another"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert scheduler.stats().queued == 1
    gate.open.set()
    scheduler.close()


async def test_closing_fails_what_has_not_come_whole(gate: Gate):
    scheduler = busy(FakeClassifier(), gate)
    task = asyncio.create_task(scheduler.aassess(numbered(4 * SLICE)))
    await asyncio.sleep(0)
    gate.open.set()
    scheduler.close()
    with pytest.raises(ModelUnavailable):
        await task


async def test_a_cancelled_await_leaves_the_queue(gate: Gate):
    fake = FakeClassifier()
    scheduler = busy(fake, gate)
    task = asyncio.create_task(scheduler.aassess(text("gone")))
    await asyncio.sleep(0)  # the task's first step puts its request into the queue
    assert scheduler.stats().queued == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert scheduler.stats().queued == 0
    gate.open.set()
    scheduler.close()
    assert Text(text="gone") not in fake.judged


async def test_an_await_that_takes_too_long_is_not_judged(gate: Gate):
    scheduler = busy(FakeClassifier(), gate)
    with pytest.raises(NotJudged):
        await scheduler.aassess(text("waits"), timeout=0.01)
    gate.open.set()
    scheduler.close()


def test_everything_submitted_from_many_threads_is_answered_once():
    fake = FakeClassifier({"storm": 0.9})
    scheduler = Scheduler(fake, workers=3)
    found: list[float] = []

    def ask() -> None:
        for number in range(25):
            found.append(unsafe(scheduler.assess(text("storm" if number % 5 == 0 else "sun"), timeout=PATIENCE)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    scheduler.close()
    assert sorted(found) == [0.0] * 160 + [0.9] * 40
    assert len(fake.judged) == 200
    assert scheduler.stats().in_flight == 0


class Local(FakeClassifier):
    """Computes in this process; `threads` are those that it ran in."""

    local = True

    def __init__(self, *, price: int | None = None) -> None:
        super().__init__()
        self.threads: list[str] = []
        self._price = price

    def cost(self, part: Part) -> int:
        return super().cost(part) if self._price is None else self._price

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        self.threads.append(threading.current_thread().name)
        return super().assess(parts)


def test_a_blocking_caller_runs_a_local_classifier_itself_where_a_turn_is_free():
    local = Local()
    scheduler = Scheduler(local, workers=1)
    scheduler.assess(text("sun"))
    assert local.threads == [threading.current_thread().name]
    assert (scheduler.stats().batches, scheduler.stats().in_flight) == (1, 0)
    scheduler.close()
    with pytest.raises(ModelUnavailable):
        scheduler.assess(text("sun"))


def test_a_blocking_caller_waits_for_its_turn_where_none_is_free(gate: Gate):
    local = Local()
    scheduler = busy(local, gate)
    found: list[list[Assessment]] = []
    caller = threading.Thread(target=lambda: found.append(scheduler.assess(text("sun"), timeout=PATIENCE)))
    caller.start()
    gate.open.set()
    caller.join()
    assert unsafe(found[0]) == 0.0
    assert caller.name not in local.threads
    scheduler.close()


def test_long_work_is_left_to_the_workers_who_share_it(gate: Gate):
    local = Local()
    scheduler = Scheduler(local, workers=2, batch_tokens=40)
    scheduler.assess([Text(text="x" * 80) for _ in range(4)], timeout=PATIENCE)
    assert local.calls == 4
    assert threading.current_thread().name not in local.threads
    scheduler.close()


async def test_what_costs_nothing_is_judged_where_it_is_asked():
    local = Local(price=0)
    scheduler = Scheduler(local, workers=1)
    await scheduler.aassess(text("sun"), timeout=PATIENCE)
    assert local.threads == [threading.current_thread().name]
    scheduler.close()


async def test_what_is_asked_in_one_turn_of_the_loop_is_joined():
    fake = FakeClassifier()
    scheduler = Scheduler(fake, workers=1)
    await asyncio.gather(*(scheduler.aassess(text(str(number)), timeout=PATIENCE) for number in range(8)))
    assert fake.calls == 1
    assert scheduler.stats().joined == 8
    scheduler.close()


async def test_no_parts_are_awaited_for_nothing():
    scheduler = Scheduler(FakeClassifier(), workers=1)
    assert await scheduler.aassess([]) == []
    assert scheduler.stats().batches == 0
    scheduler.close()


def test_one_bad_part_fails_the_whole_of_its_own_request_alone(gate: Gate):
    scheduler = busy(FakeClassifier({"bad": InferenceFailed("no")}), gate)
    mixed = scheduler.submit([Text(text="sun"), Text(text="bad"), Text(text="moon")])
    other = scheduler.submit(text("star"))
    gate.open.set()
    assert unsafe(other.result(PATIENCE)) == 0.0
    with pytest.raises(InferenceFailed):
        mixed.result(PATIENCE)
    scheduler.close()
    assert scheduler.stats().queued == 0


def test_batches_are_told_once_with_their_size_and_their_wait(gate: Gate):
    scheduler = busy(FakeClassifier(), gate)
    waiting = [scheduler.submit(text("x")) for _ in range(3)]
    gate.open.set()
    for future in waiting:
        future.result(PATIENCE)
    scheduler.close()
    assert [ran.parts for ran in scheduler.ran()] == [1, 3]
    assert scheduler.ran() == []


def test_what_came_too_late_is_counted(gate: Gate):
    scheduler = busy(FakeClassifier(), gate)
    late = scheduler.submit([Text(text="a"), Text(text="b")], deadline=time.monotonic() - 1.0)
    gate.open.set()
    with pytest.raises(DeadlineExceeded):
        late.result(PATIENCE)
    scheduler.close()
    assert scheduler.stats().late == 1
    assert scheduler.stats().queued == 0
