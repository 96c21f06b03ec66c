from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from headgate.guard.store.protocol import Ask, Bar, Charge, Entry, Owed
from headgate.guard.store.redis import RedisStore, script
from headgate.models.errors import ConfigError, StoreError

from ...redis_server import RedisServer

NOW = 1_800_000_000.0
ASK = Ask(bars=(Bar(key="s", half_life=60),), charges=(Charge(key="k", limit=3, period=60),))


@asynccontextmanager
async def saying(answer: bytes) -> AsyncIterator[str]:
    """A server that answers whatever it is asked with the same bytes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"


async def every_step(store: RedisStore) -> None:
    """Each step once; each has to fail with a StoreError."""
    for step in (
        store.admit(ASK, now=NOW),
        store.enter(Entry(charges=ASK.charges), now=NOW),
        store.merge(Owed(id="1"), now=NOW),
        store.forget(["k"]),
        store.get(["k"], now=NOW),
        store.put({"k": b"v"}, ttl=60, now=NOW),
        store.publish("policy", b"news"),
        store.check(),
        anext(store.subscribe("policy")),
    ):
        with pytest.raises(StoreError):
            await step


@pytest.mark.parametrize("url", ["nonsense", "http://x", "redis://x:port"])
async def test_what_is_no_url_of_redis_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="redis://localhost"):
        RedisStore(url)


async def test_a_server_that_is_not_there_is_a_store_error_at_every_step() -> None:
    store = RedisStore("redis://127.0.0.1:1/0")
    await every_step(store)
    await store.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"+OK\r\n",
        b":1\r\n",
        b"$3\r\nabc\r\n",
        b"*2\r\n$0\r\n\r\n$1\r\nx\r\n",
        b"*5\r\n$0\r\n\r\n$1\r\n0\r\n$3\r\nnan\r\n$1\r\n0\r\n$1\r\n0\r\n",
        b"-ERR nothing works\r\n",
        b"\x00\xff\xfe" * 50,
        b"$-7\r\n",
        b"*-1\r\n",
    ],
)
async def test_nonsense_is_a_store_error_and_never_an_admission(answer: bytes) -> None:
    async with saying(answer) as url:
        store = RedisStore(url, timeout=0.5)
        with pytest.raises(StoreError):
            await store.admit(ASK, now=NOW)
        await store.close()


async def test_a_frozen_server_costs_no_more_than_the_timeout(redis: RedisServer) -> None:
    store = RedisStore(redis.url, timeout=0.05)
    redis.freeze()
    try:
        with pytest.raises(StoreError, match="TimeoutError"):
            await store.admit(ASK, now=NOW)
    finally:
        redis.thaw()
        await store.close()


async def test_a_full_server_refuses_every_write_and_still_reads(redis: RedisServer) -> None:
    store = RedisStore(redis.url, timeout=5)
    await store.put({"k": b"v"}, ttl=60, now=NOW)
    redis.fill()
    for step in (store.check(), store.admit(ASK, now=NOW), store.put({"k": b"w"}, ttl=60, now=NOW)):
        with pytest.raises(StoreError):
            await step
    assert await store.get(["k"], now=NOW) == (b"v",)
    redis.empty()
    await store.close()


async def test_a_server_that_was_started_anew_is_taught_the_scripts_again(redis: RedisServer) -> None:
    store = RedisStore(redis.url, timeout=5)
    await store.admit(ASK, now=NOW)
    redis.client.script_flush()
    assert (await store.admit(ASK, now=NOW)).windows[0].current == 2
    await store.close()


async def test_a_key_of_another_kind_is_a_store_error(redis: RedisServer) -> None:
    redis.client.set("headgate:k", "somebody else's")
    store = RedisStore(redis.url, timeout=5)
    with pytest.raises(StoreError):
        await store.admit(ASK, now=NOW)
    assert await store.get(["k"], now=NOW) == (None,)
    await store.close()


async def test_everything_that_is_written_has_a_prefix_and_an_end(redis: RedisServer) -> None:
    store = RedisStore(redis.url, timeout=5, prefix="mine:")
    await store.admit(ASK, now=NOW)
    await store.put({"k2": b"v"}, ttl=60, now=NOW)
    keys = redis.client.keys("*")
    assert sorted(keys) == [b"mine:k", b"mine:k2"]
    assert all(0 < redis.client.pttl(key) <= 120_000 for key in keys)
    await store.close()


async def test_an_error_holds_no_password_and_no_key() -> None:
    store = RedisStore("redis://:secret@127.0.0.1:1/0")
    with pytest.raises(StoreError) as caught:
        await store.admit(ASK, now=NOW)
    assert "secret" not in str(caught.value)
    await store.close()


def test_every_script_stands_on_the_same_arithmetic() -> None:
    for name in ("admit", "enter", "merge"):
        assert "local function roll" in script(name).text
        assert len(script(name).sha) == 40
