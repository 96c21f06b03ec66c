"""The store that replicas share: Redis, one script a step, and one door for everything that it can do wrong."""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ...models.errors import ConfigError, StoreError
from .protocol import Admission, Ask, Charge, Denial, Entry, Owed, Standing, Strike, Window

T = TypeVar("T")

SCRIPTS = Path(__file__).parent / "scripts"
CONNECTIONS = 32
"""Connections of one process; steps beyond them wait for one."""

_DENIALS: dict[bytes, Denial | None] = {b"": None, b"bar": "bar", b"variant": "variant", b"charge": "charge"}


class Script(msgspec.Struct, frozen=True):
    """A Lua text and its SHA-1, by which Redis knows it."""

    text: str
    sha: str


class RedisStore:
    """Keys start with `prefix`. `timeout` in seconds bounds one step, the wait for a connection included.

    Make it on a running event loop. Raises ConfigError for a URL that is none or where redis-py is not installed.
    """

    def __init__(self, url: str, *, prefix: str = "headgate:", timeout: float = 0.1) -> None:
        try:
            import redis.asyncio as client
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
            from redis.exceptions import RedisError
        except ImportError as error:
            raise ConfigError(f"{error.name} is not installed: pip install 'headgate[gateway]'") from error
        self._errors = (RedisError, OSError, TimeoutError, UnicodeDecodeError, EOFError)
        self._prefix = prefix
        self._timeout = timeout
        never = Retry(NoBackoff(), 0)
        try:
            pool = client.BlockingConnectionPool.from_url(
                url, max_connections=CONNECTIONS, timeout=timeout, socket_connect_timeout=timeout, retry=never
            )
            self._client: Any = client.Redis(connection_pool=pool)
            self._listener: Any = client.Redis.from_url(
                url, socket_connect_timeout=timeout, socket_timeout=None, retry=never
            )
        except ValueError as error:
            raise ConfigError("redis must be a URL such as redis://localhost:6379/0") from error

    async def admit(self, ask: Ask, *, now: float) -> Admission:
        """Count what is asked for where everything agrees to it, and nothing where anything does not."""
        keys = [
            *(bar.key for bar in ask.bars),
            *(variant.key for variant in ask.variants),
            *(charge.key for charge in ask.charges),
        ]
        counts = [now, len(ask.bars), len(ask.variants), len(ask.charges)]
        variants = [part for v in ask.variants for part in (v.member, v.most, v.period)]
        charges = [part for c in ask.charges for part in (c.limit, c.period, c.cost)]
        answer = await self._run("admit", keys, [*counts, *variants, *charges])
        return _read(answer, standings=len(ask.bars), windows=len(ask.charges))

    async def enter(self, entry: Entry, *, now: float) -> Admission:
        """Count what came to pass; answered with the windows and standings after it."""
        keys = [item.key for items in (entry.strikes, entry.charges) for item in items]
        counts = [now, len(entry.strikes), len(entry.charges)]
        strikes = [part for strike in entry.strikes for part in _strike(strike)]
        charges = [part for charge in entry.charges for part in _charge(charge)]
        answer = await self._run("enter", keys, [*counts, *strikes, *charges])
        return _read(answer, standings=len(entry.strikes), windows=len(entry.charges))

    async def merge(self, owed: Owed, *, now: float) -> None:
        """Take in what another store counted in this one's absence."""
        keys = [item.key for items in (owed.windows, owed.standings, owed.variants) for item in items]
        keys.append(f"merge:{owed.id}")
        counts = [now, len(owed.windows), len(owed.standings), len(owed.variants)]
        windows = [part for w in owed.windows for part in (w.period, *_window(w.seen), *_window(w.owed))]
        standings = [part for s in owed.standings for part in (s.half_life, *_standing(s.seen), *_standing(s.owed))]
        variants = [part for v in owed.variants for part in (v.period, len(v.members), *v.members)]
        await self._run("merge", keys, [*counts, *windows, *standings, *variants])

    async def forget(self, keys: Sequence[str]) -> None:
        """Drop windows, sets and standings, and with a standing its bar."""
        if keys:
            await self._do(self._client.execute_command("DEL", *(self._prefix + key for key in keys)))

    async def get(self, keys: Sequence[str], *, now: float) -> tuple[bytes | None, ...]:
        """The values under these keys, None where there is none (any more)."""
        if not keys:
            return ()
        found = await self._do(self._client.execute_command("MGET", *(self._prefix + key for key in keys)))
        if not isinstance(found, list) or len(found) != len(keys):
            raise StoreError("redis answered something else than was asked for")
        return tuple(_unexpired(value, now) for value in found)

    async def put(self, values: Mapping[str, bytes], *, ttl: float, now: float) -> None:
        """Keep values for `ttl` seconds, or less where room is short."""
        end = _stamp(now + ttl)

        async def write() -> None:
            async with self._client.pipeline(transaction=False) as pipe:
                for key, value in values.items():
                    pipe.execute_command("SET", self._prefix + key, end + value, "PX", math.ceil(ttl * 1000))
                await pipe.execute()

        await self._do(write())

    async def publish(self, channel: str, news: bytes) -> None:
        """Tell every subscriber; at most once, and nobody who is not listening now."""
        await self._do(self._client.execute_command("PUBLISH", self._prefix + channel, news))

    async def subscribe(self, channel: str) -> AsyncIterator[bytes]:
        """News as it comes; an empty one comes first. Raises StoreError when the connection is lost."""
        try:
            async with self._listener.pubsub() as listener:
                await listener.subscribe(self._prefix + channel)
                async for message in listener.listen():
                    if message["type"] == "subscribe":
                        yield b""
                    elif message["type"] == "message":
                        yield message["data"]
        except self._errors as error:
            raise StoreError(f"redis cannot be listened to ({type(error).__name__})") from error

    async def check(self) -> None:
        """Write something; raises StoreError where that is not possible, as where its memory is full."""
        await self._do(self._client.execute_command("SET", f"{self._prefix}check", "1", "PX", 1000))

    async def close(self) -> None:
        """Let go of all connections."""
        for client in (self._client, self._listener):
            try:
                await client.aclose(close_connection_pool=True)
            except self._errors:
                continue  # a connection that is lost already needs no goodbye

    async def _run(self, name: str, keys: Sequence[str], args: Sequence[object]) -> Any:
        from redis.exceptions import NoScriptError

        found = script(name)
        values = [repr(arg) if isinstance(arg, float) else arg for arg in args]
        named = [self._prefix + key for key in keys]

        async def run() -> Any:
            try:
                return await self._client.execute_command("EVALSHA", found.sha, len(named), *named, *values)
            except NoScriptError:
                return await self._client.execute_command("EVAL", found.text, len(named), *named, *values)

        return await self._do(run())

    async def _do(self, work: Coroutine[Any, Any, T]) -> T:
        """The one door: whatever redis-py raises, and no answer in time, is a StoreError without any content."""
        # Waited for from outside: a client that is slow to be cancelled must not hold up a request.
        task = asyncio.create_task(work)
        try:
            await asyncio.wait((task,), timeout=self._timeout)
        finally:
            if not task.done():
                task.cancel()
                task.add_done_callback(_seen)
        if not task.done():
            raise StoreError("redis did not do its part (TimeoutError)")
        try:
            return task.result()
        except self._errors as error:
            raise StoreError(f"redis did not do its part ({type(error).__name__})") from error


def _seen(task: asyncio.Task[Any]) -> None:
    """Whatever became of a step that nobody waits for any more."""
    if not task.cancelled():
        task.exception()


@cache
def script(name: str) -> Script:
    """A script with the arithmetic that it stands on."""
    text = "\n".join((SCRIPTS / f"{part}.lua").read_text("utf-8") for part in ("window", "standing", name))
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def _strike(strike: Strike) -> list[float]:
    steps = [part for step in strike.steps for part in (step.points, step.seconds)]
    return [strike.points, strike.half_life, len(strike.steps), *steps]


def _charge(charge: Charge) -> list[float]:
    return [charge.period, charge.cost]


def _window(window: Window) -> list[float]:
    return [window.index, window.current, window.previous]


def _standing(standing: Standing) -> list[float]:
    return [standing.points, standing.at, standing.until]


def _read(answer: Any, *, standings: int, windows: int) -> Admission:
    """The script's answer; StoreError where it is anything else."""
    try:
        denied, index, *rest = answer
        numbers = [float(text) for text in rest]
        if not all(map(math.isfinite, numbers)) or len(numbers) != 3 * (standings + windows):
            raise ValueError("not the numbers that were asked for")
        rows = [numbers[start : start + 3] for start in range(0, len(numbers), 3)]
        return Admission(
            denied=_DENIALS[denied],
            index=int(index),
            standings=tuple(Standing(points=p, at=a, until=u) for p, a, u in rows[:standings]),
            windows=tuple(Window(index=int(i), current=c, previous=p) for i, c, p in rows[standings:]),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError("redis answered something else than was asked for") from error


def _stamp(end: float) -> bytes:
    return b"%020.3f" % end


def _unexpired(value: Any, now: float) -> bytes | None:
    """The value without the stamp of its end; None where that has passed, or where it is none of ours."""
    if not isinstance(value, bytes):
        return None
    try:
        return value[20:] if float(value[:20]) > now else None
    except ValueError:
        return None
