"""One suite over every store: what is promised holds whoever keeps it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.guard.store.memory import MemoryStore
from headgate.guard.store.protocol import (
    Ask,
    Bar,
    Charge,
    Entry,
    Owed,
    OwedStanding,
    OwedVariants,
    OwedWindow,
    Standing,
    Step,
    Store,
    Strike,
    Variant,
    Window,
)
from headgate.guard.store.redis import RedisStore

from ...redis_server import RedisServer

NOW = 1_800_000_000.0


def charge(limit: float = 3, cost: float = 1, key: str = "k", period: float = 60) -> Charge:
    return Charge(key=key, limit=limit, period=period, cost=cost)


def strike(points: float, *steps: Step, key: str = "s") -> Strike:
    return Strike(key=key, points=points, half_life=100, steps=steps)


async def test_a_limit_lets_through_as_many_as_it_says_and_then_none(store: Store) -> None:
    ask = Ask(charges=(charge(),))
    found = [await store.admit(ask, now=NOW) for _ in range(5)]
    assert [one.denied for one in found] == [None, None, None, "charge", "charge"]
    assert found[-1].windows[0].current == 3


async def test_what_is_denied_is_not_counted_anywhere(store: Store) -> None:
    full = charge(limit=1, key="full")
    await store.admit(Ask(charges=(full,)), now=NOW)
    denied = await store.admit(Ask(charges=(charge(), full), variants=(variant("a"),)), now=NOW)
    assert (denied.denied, denied.index) == ("charge", 1)
    assert (await store.admit(Ask(charges=(charge(),)), now=NOW)).windows[0].current == 1
    assert (await store.admit(Ask(variants=(variant("b", most=1),)), now=NOW)).denied is None


async def test_a_window_slides(store: Store) -> None:
    start = NOW - NOW % 60
    ask = Ask(charges=(charge(),))
    for _ in range(3):
        await store.admit(ask, now=start + 50)
    assert (await store.admit(ask, now=start + 61)).denied == "charge"
    assert (await store.admit(ask, now=start + 81)).denied is None
    assert (await store.admit(ask, now=start + 300)).windows[0] == Window(index=int(start // 60) + 5, current=1)


async def test_many_at_once_are_counted_one_by_one(store: Store) -> None:
    ask = Ask(charges=(charge(limit=100),))
    found = await asyncio.gather(*(store.admit(ask, now=NOW) for _ in range(250)))
    assert sum(one.denied is None for one in found) == 100


async def test_what_is_paid_afterwards_may_go_over_and_then_denies(store: Store) -> None:
    asks_for_room = Ask(charges=(charge(limit=100, cost=0),))
    assert (await store.admit(asks_for_room, now=NOW)).denied is None
    entered = await store.enter(Entry(charges=(charge(limit=100, cost=150),)), now=NOW)
    assert entered.windows[0].current == 150
    assert (await store.admit(asks_for_room, now=NOW)).denied == "charge"
    await store.enter(Entry(charges=(charge(limit=100, cost=-60),)), now=NOW)
    assert (await store.admit(asks_for_room, now=NOW)).denied is None


async def test_giving_back_never_goes_under_zero(store: Store) -> None:
    entered = await store.enter(Entry(charges=(charge(cost=-5),)), now=NOW)
    assert entered.windows[0].current == 0


def variant(member: str, most: int = 2) -> Variant:
    return Variant(key="v", member=member, most=most, period=60)


async def test_the_same_member_counts_once_and_a_new_one_over_the_bound_is_denied(store: Store) -> None:
    members = ["a", "b", "a", "c", "b"]
    found = [await store.admit(Ask(variants=(variant(member),)), now=NOW) for member in members]
    assert [one.denied for one in found] == [None, None, None, "variant", None]


async def test_points_add_up_decay_and_bar_at_a_step(store: Store) -> None:
    steps = (Step(points=10, seconds=600), Step(points=20, seconds=6000))
    first = await store.enter(Entry(strikes=(strike(6, *steps),)), now=NOW)
    assert first.standings[0] == Standing(points=6, at=NOW, until=0)
    later = await store.enter(Entry(strikes=(strike(6, *steps),)), now=NOW + 100)
    assert later.standings[0].points == pytest.approx(9)
    bars = Ask(bars=(Bar(key="s", half_life=100),), charges=(charge(),))
    assert (await store.admit(bars, now=NOW + 100)).denied is None
    third = await store.enter(Entry(strikes=(strike(2, *steps),)), now=NOW + 100)
    assert third.standings[0].until == NOW + 700
    denied = await store.admit(bars, now=NOW + 699)
    assert (denied.denied, denied.standings[0].until) == ("bar", NOW + 700)
    assert (await store.admit(bars, now=NOW + 700)).denied is None


async def test_a_higher_step_bars_for_longer_and_no_strike_shortens_a_bar(store: Store) -> None:
    steps = (Step(points=10, seconds=600), Step(points=20, seconds=6000))
    await store.enter(Entry(strikes=(strike(25, *steps),)), now=NOW)
    after = await store.enter(Entry(strikes=(strike(0, *steps),)), now=NOW + 100)
    assert after.standings[0].until == NOW + 6000


async def test_forgetting_clears_counts_and_bars(store: Store) -> None:
    await store.enter(Entry(strikes=(strike(10, Step(points=10, seconds=600)),), charges=(charge(cost=9),)), now=NOW)
    await store.admit(Ask(variants=(variant("a", most=1),)), now=NOW)
    await store.forget(["s", "k", "v"])
    ask = Ask(bars=(Bar(key="s", half_life=100),), charges=(charge(),), variants=(variant("b", most=1),))
    assert (await store.admit(ask, now=NOW)).denied is None


async def test_values_are_kept_until_their_time_is_over(store: Store) -> None:
    await store.put({"a": b"1", "b": b"\x00\xff"}, ttl=1000, now=NOW)
    assert await store.get(["b", "none", "a"], now=NOW + 999) == (b"\x00\xff", None, b"1")
    assert await store.get(["a"], now=NOW + 1000) == (None,)
    assert await store.get([], now=NOW) == ()


async def test_what_another_store_counted_is_added_once_to_what_was_seen_before(store: Store) -> None:
    index = int(NOW // 60)
    await store.enter(Entry(charges=(charge(cost=10),), strikes=(strike(4),)), now=NOW)
    await store.admit(Ask(variants=(variant("a"),)), now=NOW)
    owed = Owed(
        id="1",
        windows=(
            OwedWindow(
                key="k",
                period=60,
                seen=Window(index=index, current=8, previous=2),
                owed=Window(index=index, current=5, previous=1),
            ),
        ),
        standings=(
            OwedStanding(
                key="s",
                half_life=100,
                seen=Standing(points=3, at=NOW),
                owed=Standing(points=2, at=NOW, until=NOW + 50),
            ),
        ),
        variants=(OwedVariants(key="v", period=60, members=("b",)),),
    )
    for _ in range(2):
        await store.merge(owed, now=NOW)
    after = await store.enter(Entry(charges=(charge(cost=0),), strikes=(strike(0),)), now=NOW)
    assert after.windows[0] == Window(index=index, current=15, previous=3)
    assert after.standings[0] == Standing(points=6, at=NOW, until=NOW + 50)
    assert (await store.admit(Ask(variants=(variant("c"),)), now=NOW)).denied == "variant"


async def test_a_store_that_has_lost_everything_is_told_what_was_seen(store: Store) -> None:
    index = int(NOW // 60)
    for owed_here in (3, 5):
        seen = Window(index=index, current=10)
        owed = OwedWindow(key="k", period=60, seen=seen, owed=Window(index=index, current=owed_here))
        await store.merge(Owed(id=str(owed_here), windows=(owed,)), now=NOW)
    after = await store.enter(Entry(charges=(charge(cost=0),)), now=NOW)
    assert after.windows[0].current == 18


async def test_news_reaches_whoever_listens_and_an_empty_one_comes_first(store: Store) -> None:
    heard = [store.subscribe("policy"), store.subscribe("policy")]
    assert [await anext(news) for news in heard] == [b"", b""]
    await store.publish("other", b"not for you")
    await store.publish("policy", b"hash")
    assert [await anext(news) for news in heard] == [b"hash", b"hash"]
    for news in heard:
        await news.aclose()  # type: ignore[attr-defined]


HISTORIES = st.lists(
    st.tuples(
        st.sampled_from(["admit", "enter", "strike"]),
        st.floats(0, 400, allow_nan=False).map(lambda x: round(x, 3)),
        st.integers(0, 5),
    ),
    max_size=25,
)


@given(history=HISTORIES, limit=st.integers(1, 8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_redis_and_memory_agree_on_every_history(
    redis: RedisServer, history: list[tuple[str, float, int]], limit: int
) -> None:
    async def play() -> None:
        redis.client.flushall()
        stores: list[Store] = [MemoryStore(), RedisStore(redis.url, timeout=10)]
        now = NOW
        for kind, seconds, cost in history:
            now += seconds
            answers = []
            for store in stores:
                if kind == "admit":
                    ask = Ask(bars=(Bar(key="s", half_life=100),), charges=(charge(limit, cost),))
                    answers.append(await store.admit(ask, now=now))
                elif kind == "enter":
                    answers.append(await store.enter(Entry(charges=(charge(limit, cost),)), now=now))
                else:
                    bar = Step(points=7, seconds=50)
                    answers.append(await store.enter(Entry(strikes=(strike(cost, bar),)), now=now))
            mine, theirs = answers
            assert (mine.denied, mine.index, mine.windows) == (theirs.denied, theirs.index, theirs.windows)
            assert [s.points for s in mine.standings] == pytest.approx([s.points for s in theirs.standings])
            assert [s.until for s in mine.standings] == [s.until for s in theirs.standings]
        await stores[1].close()

    asyncio.run(play())
