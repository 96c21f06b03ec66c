from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest

from headgate.guard.judging import Judging
from headgate.guard.shared_memo import PREFIX, SharedMemo
from headgate.guard.store.memory import MemoryStore
from headgate.models.assessment import Assessed
from headgate.models.content import Text
from headgate.models.errors import StoreError
from headgate.models.fakes import FakeClassifier

NOW = 1_800_000_000.0
KEY = b"a key that replicas share"
SAFE = Assessed(unsafe=0.01, categories={"violence": 0.01})


@asynccontextmanager
async def opened(store: MemoryStore, key: bytes = KEY, wait: float = 5.0) -> AsyncIterator[SharedMemo]:
    memo = SharedMemo(key=key, wait=wait, clock=lambda: NOW)
    memo.open(store)
    yield memo
    await memo.close()


async def test_what_one_replica_judged_another_need_not() -> None:
    store = MemoryStore()
    classifiers = [FakeClassifier(), FakeClassifier()]
    part = Text(text="Which birds dive?", path="messages[0]")
    for classifier in classifiers:
        async with opened(store) as memo:
            judging = Judging([classifier], workers=1, memo=memo, key=KEY)
            first = await judging.ajudge([part, part])
            assert first == await judging.ajudge([part, part])
            judging.close()
    assert [classifier.calls for classifier in classifiers] == [1, 0]


@pytest.mark.parametrize("forged", [b"", b"nonsense", b"\0" * 200])
async def test_what_is_not_ours_is_judged_again_and_never_believed(forged: bytes) -> None:
    store = MemoryStore()
    await store.put({f"{PREFIX}a": forged}, ttl=60, now=NOW)
    async with opened(store) as memo:
        await memo.fetch(["a"])
        assert memo.get("a") is None
        assert memo.rejected == 1


async def test_a_judgement_of_another_part_or_under_another_key_is_not_believed() -> None:
    store = MemoryStore()
    async with opened(store) as memo:
        memo.put("a", SAFE)
    (value,) = await store.get([f"{PREFIX}a"], now=NOW)
    assert value is not None
    await store.put({f"{PREFIX}b": value}, ttl=60, now=NOW)
    async with opened(store) as memo, opened(store, key=b"another") as stranger:
        await memo.fetch(["a", "b"])
        await stranger.fetch(["a"])
        assert (memo.get("a"), memo.get("b"), stranger.get("a")) == (SAFE, None, None)


async def test_what_a_text_is_about_never_leaves_this_process() -> None:
    written: dict[str, bytes] = {}

    class Kept(MemoryStore):
        async def put(self, values: Mapping[str, bytes], *, ttl: float, now: float) -> None:
            written.update(values)
            await super().put(values, ttl=ttl, now=now)

    told = msgspec.structs.replace(SAFE, meaning=b"what it is about")
    async with opened(Kept()) as memo:
        memo.put_all({"told": told, "plain": SAFE})
        memo.put("alone", told)
        assert memo.get("told") == told
    assert set(written) == {f"{PREFIX}plain"}


async def test_a_score_that_is_none_is_not_believed_even_when_it_is_ours() -> None:
    store = MemoryStore()
    async with opened(store) as memo:
        memo.put("a", Assessed(unsafe=7.0, categories={}))
    async with opened(store) as memo:
        await memo.fetch(["a"])
        assert memo.rejected == 1


async def test_a_request_does_not_wait_for_a_slow_store_and_the_next_one_has_the_answer() -> None:
    release, read = asyncio.Event(), asyncio.Event()

    class Slow(MemoryStore):
        async def get(self, keys: Sequence[str], *, now: float) -> tuple[bytes | None, ...]:
            await release.wait()
            found = await super().get(keys, now=now)
            read.set()
            return found

    store = Slow()
    async with opened(store) as memo:
        memo.put("a", SAFE)
    async with opened(store, wait=0.001) as memo:
        await memo.fetch(["a"])
        assert memo.get("a") is None
        release.set()
        await read.wait()
        await asyncio.sleep(0)
        assert memo.get("a") == SAFE


async def test_a_store_that_fails_is_as_good_as_none() -> None:
    class Away(MemoryStore):
        async def get(self, keys: Sequence[str], *, now: float) -> tuple[bytes | None, ...]:
            raise StoreError("away")

        async def put(self, values: object, *, ttl: float, now: float) -> None:
            raise StoreError("away")

    async with opened(Away()) as memo:
        memo.put("a", SAFE)
        await memo.fetch(["b"])
        assert memo.get("a") == SAFE
        assert memo.get("b") is None


async def test_it_is_a_plain_memo_while_it_is_not_open() -> None:
    memo = SharedMemo(key=KEY)
    memo.put("a", SAFE)
    await memo.fetch(["b"])
    assert memo.get("a") == SAFE


async def test_judgements_from_other_threads_are_shared_too() -> None:
    store = MemoryStore()
    async with opened(store) as memo:
        await asyncio.gather(*(asyncio.to_thread(memo.put, f"k{n}", SAFE) for n in range(50)))
    found = await store.get([f"{PREFIX}k{n}" for n in range(50)], now=NOW)
    assert None not in found
