from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from headgate.gateway.breaker import SECONDS, Breaker
from headgate.guard.store.memory import MemoryStore
from headgate.guard.store.redis import RedisStore
from headgate.guard.store.shared import SharedStore
from headgate.models.errors import StoreError

from ..redis_server import BINARY, RedisServer, redis_server


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


@contextlib.asynccontextmanager
async def shared(server: RedisServer) -> AsyncIterator[SharedStore]:
    """A replica's store; steps are given a while, as the machine may be busy."""
    store = SharedStore(RedisStore(server.url, timeout=5.0), clock=lambda: 1000.0)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@pytest.mark.skipif(BINARY is None, reason="needs redis-server: sh scripts/ensure-redis.sh")
async def test_replicas_count_together_in_redis_and_each_alone_once_it_is_killed() -> None:
    with redis_server() as server:
        async with shared(server) as mine, shared(server) as theirs:
            one, _, _ = make(3, mine)
            other, clock, seen = make(3, theirs)
            await one.failed()
            await one.failed()
            await other.failed()
            assert (one.state, other.state) == ("closed", "open")
            clock.now += SECONDS
            await other.succeeded()
            assert (other.state, seen) == ("closed", ["open", "closed"])
            # What was counted is forgotten for all of them.
            await one.failed()
            assert one.state == "closed"
            server.kill()
            for _ in range(3):
                await one.failed()
            await other.failed()
            assert (one.state, other.state) == ("open", "closed")
            assert not mine.status.up


@pytest.mark.skipif(BINARY is None, reason="needs redis-server: sh scripts/ensure-redis.sh")
async def test_a_redis_that_was_killed_and_came_back_takes_the_counts_of_the_meantime() -> None:
    with redis_server() as server:
        async with shared(server) as mine, shared(server) as theirs:
            one, _, _ = make(3, mine)
            other, _, _ = make(3, theirs)
            server.kill()
            await one.failed()
            await one.failed()
            server.start()
            async with asyncio.timeout(60):
                while not mine.status.up or mine.status.owed:  # noqa: ASYNC110 - it is told by a task of the store
                    await asyncio.sleep(0.01)
            await other.failed()
            assert other.state == "open"
