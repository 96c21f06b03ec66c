from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.guard.store.journal import BATCH, Journal
from headgate.guard.store.memory import MemoryStore
from headgate.guard.store.protocol import Ask, Charge, Entry, Strike, Variant

NOW = 1_800_000_000.0


def charge(key: str, cost: float = 1) -> Charge:
    return Charge(key=key, limit=1e9, period=60, cost=cost)


async def count(local: MemoryStore, journal: Journal, key: str, now: float = NOW) -> None:
    ask = Ask(charges=(charge(key),), variants=(Variant(key=f"v{key}", member="m", most=9, period=60),))
    entry = Entry(strikes=(Strike(key=f"s{key}", points=1, half_life=60),))
    await local.admit(ask, now=now)
    journal.admitted(ask, now=now)
    await local.enter(entry, now=now)
    journal.entered(entry, now=now)


async def tell(journal: Journal, local: MemoryStore, there: MemoryStore, now: float = NOW) -> int:
    batches = 0
    for owed in journal.owed(local, now=now, everything=False):
        await there.merge(owed, now=now)
        journal.paid(owed, now=now)
        batches += 1
    return batches


@given(seconds=st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 100)), max_size=20))
@settings(deadline=None)
def test_a_store_that_is_told_later_knows_what_one_that_was_there_knows(seconds: list[tuple[str, float]]) -> None:
    async def play() -> None:
        local, there, always = MemoryStore(), MemoryStore(), MemoryStore()
        journal, ignored, now = Journal(), Journal(), NOW
        for key, passed in seconds:
            now += passed
            await count(local, journal, key, now)
            await count(always, ignored, key, now)
        await tell(journal, local, there, now)
        assert len(journal) == 0
        for key in "abc":
            assert (await there.admit(Ask(charges=(charge(key, 0),)), now=now)).windows == (
                await always.admit(Ask(charges=(charge(key, 0),)), now=now)
            ).windows
            strike = Entry(strikes=(Strike(key=f"s{key}", points=0, half_life=60),))
            mine, theirs = await there.enter(strike, now=now), await always.enter(strike, now=now)
            assert abs(mine.standings[0].points - theirs.standings[0].points) < 1e-5

    asyncio.run(play())


async def test_what_is_counted_while_a_batch_is_under_way_is_still_owed() -> None:
    local, journal, there = MemoryStore(), Journal(), MemoryStore()
    await count(local, journal, "a")
    for owed in journal.owed(local, now=NOW, everything=False):
        await count(local, journal, "a")
        await there.merge(owed, now=NOW)
        journal.paid(owed, now=NOW)
    assert len(journal) > 0
    await tell(journal, local, there)
    assert there.windows["a"].current == local.windows["a"].current
    assert there.standings["sa"].points == local.standings["sa"].points
    assert len(journal) == 0


async def test_batches_are_bounded() -> None:
    local, journal, there = MemoryStore(), Journal(), MemoryStore()
    for number in range(BATCH + 1):
        await count(local, journal, str(number))
    assert await tell(journal, local, there) == 6
    assert len(there.windows) == BATCH + 1


async def test_everything_includes_what_the_other_once_said_itself() -> None:
    local, journal, there = MemoryStore(), Journal(), MemoryStore()
    await local.enter(Entry(charges=(charge("a", 7),)), now=NOW)
    await tell(journal, local, there)
    assert "a" not in there.windows
    for owed in journal.owed(local, now=NOW, everything=True):
        await there.merge(owed, now=NOW)
    assert there.windows["a"].current == 7


async def test_the_journal_is_bounded_and_says_what_it_could_not_keep() -> None:
    local, journal = MemoryStore(), Journal(size=2)
    for key in "abcd":
        await count(local, journal, key)
    assert len(journal) == 6
    assert journal.lost == 6


async def test_nothing_is_owed_of_what_was_forgotten() -> None:
    local, journal = MemoryStore(), Journal()
    await count(local, journal, "a")
    journal.forgotten(["a", "sa", "va"])
    assert len(journal) == 0
