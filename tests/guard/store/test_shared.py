from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from headgate.guard.store.protocol import Admission, Ask, Bar, Charge, Entry, Step, Strike, Variant
from headgate.guard.store.redis import RedisStore
from headgate.guard.store.shared import SharedStore

from ...redis_server import RedisServer

NOW = 1_800_000_000.0
LIMIT = 60
ASK = Ask(charges=(Charge(key="k", limit=LIMIT, period=3600),))
BAR = Ask(bars=(Bar(key="s", half_life=3600),))
STRIKE = Strike(key="s", points=4, half_life=3600, steps=(Step(points=10, seconds=600),))


@asynccontextmanager
async def opened(redis: RedisServer, timeout: float = 1.0) -> AsyncIterator[SharedStore]:
    store = SharedStore(RedisStore(redis.url, timeout=timeout), clock=lambda: NOW, pause=(0.01, 0.05))
    await store.open()
    yield store
    await store.close()


async def until(store: SharedStore, *, up: bool) -> None:
    async with asyncio.timeout(60):
        # What is waited for happens in a task of the store, and no event of it is public.
        while store.status.up is not up or (up and store.status.owed):  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def ask(store: SharedStore, times: int, what: Ask = ASK) -> list[Admission]:
    return [await store.admit(what, now=NOW) for _ in range(times)]


FAULTS = {
    "killed": (RedisServer.kill, RedisServer.start),
    "frozen": (RedisServer.freeze, RedisServer.thaw),
    "full": (RedisServer.fill, lambda redis: redis.client.config_set("maxmemory", 0)),
    "full and emptied": (RedisServer.fill, RedisServer.empty),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_befalls_redis_every_count_is_there_in_the_end(redis: RedisServer, fault: str) -> None:
    befalls: Callable[[RedisServer], object]
    heals: Callable[[RedisServer], object]
    befalls, heals = FAULTS[fault]
    async with opened(redis) as store, opened(redis) as other:
        before = await ask(store, 20)
        assert [one.denied for one in before] == [None] * 20
        befalls(redis)
        during = await ask(store, 30)
        assert all(one.denied is None for one in during)
        assert during[-1].windows[0].current >= 50
        assert not store.status.up
        heals(redis)
        await until(store, up=True)
        (after,) = await ask(other, 1)
        # A count whose answer was lost on the way counts twice, never not at all.
        assert 51 <= after.windows[0].current <= 54
        assert store.status.outages == 1
        assert store.status.merged > 0
        denied = [one.denied for one in await ask(store, LIMIT)]
        assert denied.count(None) <= LIMIT - 51


async def test_a_limit_that_is_used_up_stays_so_while_redis_is_away(redis: RedisServer) -> None:
    async with opened(redis) as store:
        await ask(store, LIMIT)
        redis.kill()
        assert {one.denied for one in await ask(store, 5)} == {"charge"}
        redis.start()
        await until(store, up=True)
        assert (await store.admit(ASK, now=NOW)).denied == "charge"


async def test_a_bar_outlives_redis_and_strikes_made_meanwhile_count(redis: RedisServer) -> None:
    async with opened(redis) as store, opened(redis) as other:
        await store.enter(Entry(strikes=(STRIKE,)), now=NOW)
        await other.admit(BAR, now=NOW)
        redis.kill()
        for _ in range(2):
            await other.enter(Entry(strikes=(STRIKE,)), now=NOW)
        assert (await other.admit(BAR, now=NOW)).denied == "bar"
        redis.start()
        await until(other, up=True)
        await until(store, up=True)
        found = await store.admit(BAR, now=NOW)
        assert found.denied == "bar"
        assert found.standings[0].points == pytest.approx(12)


async def test_variants_that_were_seen_meanwhile_count(redis: RedisServer) -> None:
    def variant(member: str) -> Ask:
        return Ask(variants=(Variant(key="v", member=member, most=2, period=60),))

    async with opened(redis) as store, opened(redis) as other:
        redis.kill()
        await ask(store, 1, variant("a"))
        await ask(store, 1, variant("b"))
        redis.start()
        await until(store, up=True)
        await until(other, up=True)
        assert (await other.admit(variant("c"), now=NOW)).denied == "variant"


async def test_a_store_that_is_away_from_the_start_is_found_when_it_comes(redis: RedisServer) -> None:
    redis.kill()
    async with opened(redis) as store:
        assert not store.status.up
        await ask(store, 3)
        assert await store.get(["a"], now=NOW) == (None,)
        await store.put({"a": b"1"}, ttl=60, now=NOW)
        redis.start()
        await until(store, up=True)
        assert (await ask(store, 1))[0].windows[0].current == 4


async def test_killed_and_started_again_under_load_nothing_fails_and_nothing_is_lost(redis: RedisServer) -> None:
    big = Ask(charges=(Charge(key="big", limit=1e9, period=3600),))
    done = 0
    async with opened(redis) as store:

        async def caller() -> None:
            nonlocal done
            while done < 900:
                done += 1
                assert (await store.admit(big, now=NOW)).denied is None

        async def reach(number: int) -> None:
            while done < number:  # noqa: ASYNC110 - callers count, and wait for nobody
                await asyncio.sleep(0)

        callers = asyncio.gather(*(caller() for _ in range(16)))
        await reach(200)
        await asyncio.to_thread(redis.kill)
        await reach(500)
        await asyncio.to_thread(redis.start)
        await callers
        await until(store, up=True)
        total = (await store.enter(Entry(charges=big.charges), now=NOW)).windows[0].current - 1
        assert done <= total <= done + 16 * 3


async def test_a_listener_hears_news_again_after_redis_came_back(redis: RedisServer) -> None:
    async with opened(redis) as store:
        news = store.subscribe("policy")
        assert await anext(news) == b""
        redis.kill()
        await store.publish("policy", b"nobody hears this")
        redis.start()
        assert await anext(news) == b""
        await until(store, up=True)
        await store.publish("policy", b"hash")
        assert await anext(news) == b"hash"
        await news.aclose()  # type: ignore[attr-defined]


async def test_one_late_answer_is_made_up_for_without_an_outage(redis: RedisServer) -> None:
    async with opened(redis) as store:
        await ask(store, 1)
        redis.freeze()
        await ask(store, 1)
        assert store.status.up
        redis.thaw()
        await until(store, up=True)
        assert 2 <= (await store.enter(Entry(charges=ASK.charges), now=NOW)).windows[0].current - 1 <= 3
        assert store.status.outages == 0


async def test_what_is_owed_is_told_before_the_end(redis: RedisServer) -> None:
    async with opened(redis) as store:
        redis.fill()
        await ask(store, 5)
        redis.client.config_set("maxmemory", 0)
    async with opened(redis) as other:
        assert (await ask(other, 1))[0].windows[0].current == 6


async def test_forgetting_holds_here_and_there(redis: RedisServer) -> None:
    async with opened(redis) as store:
        await store.enter(Entry(strikes=(strike(12),)), now=NOW)
        assert (await store.admit(BAR, now=NOW)).denied == "bar"
        await store.forget(["s"])
        assert (await store.admit(BAR, now=NOW)).denied is None


def strike(points: float) -> Strike:
    return Strike(key="s", points=points, half_life=3600, steps=STRIKE.steps)


async def test_an_outage_is_told_in_the_log_once_without_a_word_of_content(
    redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "headgate"):
        async with opened(redis) as store:
            redis.kill()
            await ask(store, 10)
            redis.start()
            await until(store, up=True)
    assert [record.getMessage().split(",")[0] for record in caplog.records] == [
        "the shared store is away",
        "the shared store is back and has been told what was counted meanwhile",
    ]
