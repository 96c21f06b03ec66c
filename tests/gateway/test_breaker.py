from __future__ import annotations

from typing import Any

from headgate.gateway.breaker import SECONDS, Breaker
from headgate.guard.store.memory import MemoryStore
from headgate.models.errors import StoreError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def make(failures: int = 2, store: Any = None) -> tuple[Breaker, Clock, list[str]]:
    clock, seen, kept = Clock(), list[str](), store or MemoryStore()
    return Breaker("up", failures, lambda: kept, clock=clock, watch=seen.append), clock, seen


async def test_failures_close_together_open_it_and_one_request_tries_afterwards() -> None:
    breaker, clock, seen = make()
    await breaker.failed()
    assert (breaker.state, breaker.seconds) == ("closed", 0)
    await breaker.failed()
    assert (breaker.state, breaker.seconds) == ("open", SECONDS)
    clock.now += SECONDS
    assert (breaker.state, breaker.seconds) == ("half_open", 0)
    breaker.asked()
    assert breaker.seconds > 0
    await breaker.succeeded()
    assert (breaker.state, breaker.seconds, seen) == ("closed", 0, ["open", "closed"])
    await breaker.failed()
    assert breaker.state == "closed"


async def test_one_failure_after_the_pause_opens_it_again() -> None:
    breaker, clock, _ = make(20)
    for _ in range(20):
        await breaker.failed()
    clock.now += SECONDS
    breaker.asked()
    await breaker.failed()
    assert (breaker.state, breaker.seconds) == ("open", SECONDS)


async def test_failures_far_apart_do_not() -> None:
    breaker, clock, _ = make()
    for _ in range(10):
        await breaker.failed()
        clock.now += 60
    assert breaker.state == "closed"


async def test_who_went_away_leaves_the_try_to_another() -> None:
    breaker, clock, _ = make(1)
    await breaker.failed()
    clock.now += SECONDS
    breaker.asked()
    breaker.gave_up()
    assert breaker.seconds == 0


async def test_without_a_number_it_never_opens() -> None:
    breaker, _, _ = make(0)
    for _ in range(9):
        await breaker.failed()
    assert breaker.state == "closed"


async def test_replicas_that_share_a_store_count_together() -> None:
    store = MemoryStore()
    one, _, _ = make(3, store)
    other, _, _ = make(3, store)
    await one.failed()
    await one.failed()
    await other.failed()
    assert (one.state, other.state) == ("closed", "open")


async def test_a_store_that_is_away_does_not_keep_it_open() -> None:
    class Away(MemoryStore):
        async def forget(self, keys: Any) -> None:
            raise StoreError("away")

    breaker, clock, _ = make(1, Away())
    await breaker.failed()
    clock.now += SECONDS
    await breaker.succeeded()
    assert breaker.state == "closed"
