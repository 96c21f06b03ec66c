from __future__ import annotations

from headgate.guard.store.memory import NEWS, MemoryStore
from headgate.guard.store.protocol import Ask, Charge, Entry, Strike, Variant

NOW = 1_800_000_000.0


async def test_memory_is_bounded_and_whoever_was_unused_for_longest_goes() -> None:
    store = MemoryStore(size=3)
    for name in ("a", "b", "c", "a", "d"):
        charge = Charge(key=name, limit=10, period=60)
        await store.admit(Ask(charges=(charge,), variants=(Variant(key=name, member="m", most=9, period=60),)), now=NOW)
        await store.enter(Entry(strikes=(Strike(key=name, points=1, half_life=60),)), now=NOW)
        await store.put({name: b"1"}, ttl=60, now=NOW)
    for kept in (store.windows, store.standings, store.variants, store.periods, store.half_lives):
        assert set(kept) == {"c", "a", "d"}
    assert await store.get(["a", "b"], now=NOW) == (None, None) or (await store.get(["b"], now=NOW)) == (None,)


async def test_a_slow_listener_loses_the_oldest_news_and_holds_nobody_up() -> None:
    store = MemoryStore()
    news = store.subscribe("policy")
    assert await anext(news) == b""
    for number in range(NEWS + 5):
        await store.publish("policy", b"%d" % number)
    assert await anext(news) == b"5"
    await store.close()
    assert [one async for one in news][-1] == b"%d" % (NEWS + 4)
