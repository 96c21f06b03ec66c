"""A shared store with memory behind it: while Redis is away everything goes on, and nothing that was counted is lost.

A step that Redis does not do in time is done here and noted. Three in a row, and nobody waits for it any more until a
task in the background finds it well again, tells it what was counted here, and hands over. A count whose answer was
lost on the way may count twice, never not at all; remembered values are only kept or not.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from ...models.errors import StoreError
from .journal import Journal
from .memory import MemoryStore
from .protocol import Admission, Ask, Bar, Entry, Owed, Store, Window
from .standing import CLEAR, worse
from .window import more

log = logging.getLogger("headgate")

TRIPS: Final = 3
"""Failures in a row after which nobody waits for the shared store."""
SOONEST: Final = 0.1
LATEST: Final = 5.0
"""Seconds between two looks at a store that is away: twice as many each time."""


class Primary(Store, Protocol):
    """A store that may be away."""

    async def check(self) -> None:
        """Raise StoreError where it cannot be written to."""
        ...


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How the shared store does, for `/readyz` and metrics; counts are since the start.

    `owed` are keys whose counts it has still to be told.
    """

    kind: str
    up: bool
    owed: int = 0
    failures: int = 0
    outages: int = 0
    merged: int = 0
    lost: int = 0


class SharedStore:
    """Asks `primary`, and answers from memory where it does not. Make it, `open` and close it on one event loop.

    `pause` waits between two looks at a store that is away; `clock` is Unix time; `watch` is told of every change.
    """

    def __init__(
        self,
        primary: Primary,
        *,
        kind: str = "redis",
        size: int = 50_000,
        clock: Callable[[], float] = time.time,
        pause: tuple[float, float] = (SOONEST, LATEST),
        watch: Callable[[Status], None] = lambda _: None,
    ) -> None:
        self._primary = primary
        self._kind = kind
        self._local = MemoryStore(size=size)
        self._journal = Journal(size=size)
        self._clock = clock
        self._pause = pause
        self._watch = watch
        self._up = True
        self._in_a_row = 0
        self._failures = self._outages = self._merged = 0
        self._wanted = asyncio.Event()
        self._mending: asyncio.Task[None] | None = None
        self._closing = False
        self._untold: Owed | None = None

    @property
    def status(self) -> Status:
        """How the shared store does."""
        return Status(
            kind=self._kind,
            up=self._up,
            owed=len(self._journal),
            failures=self._failures,
            outages=self._outages,
            merged=self._merged,
            lost=self._journal.lost,
        )

    async def open(self) -> None:
        """See whether the store is there, and watch over it from now on."""
        self._mending = asyncio.create_task(self._mend())
        try:
            await self._primary.check()
        except StoreError as error:
            self._failed(error, trips=1)

    async def admit(self, ask: Ask, *, now: float) -> Admission:
        """Count what is asked for where everything agrees to it, and nothing where anything does not."""
        if self._up:
            try:
                found = await self._primary.admit(ask, now=now)
            except StoreError as error:
                self._failed(error)
            else:
                self._seen(ask, found, now)
                return found
        found = await self._local.admit(ask, now=now)
        if found.denied is None:
            self._journal.admitted(ask, now=now)
            self._owe()
        return found

    async def enter(self, entry: Entry, *, now: float) -> Admission:
        """Count what came to pass; answered with the windows and standings after it."""
        if self._up:
            try:
                found = await self._primary.enter(entry, now=now)
            except StoreError as error:
                self._failed(error)
            else:
                self._entered(entry, found, now)
                return found
        self._journal.entered(entry, now=now)
        self._owe()
        return await self._local.enter(entry, now=now)

    async def merge(self, owed: Owed, *, now: float) -> None:
        """Take in what another store counted; StoreError where the shared one is away."""
        await self._primary.merge(owed, now=now)

    async def forget(self, keys: Sequence[str]) -> None:
        """Drop windows, sets and standings; StoreError where they are dropped here alone."""
        await self._local.forget(keys)
        self._journal.forgotten(keys)
        await self._primary.forget(keys)

    async def get(self, keys: Sequence[str], *, now: float) -> tuple[bytes | None, ...]:
        """The values under these keys; none while the store is away."""
        if self._up:
            try:
                found = await self._primary.get(keys, now=now)
            except StoreError as error:
                self._failed(error)
            else:
                self._in_a_row = 0
                return found
        return (None,) * len(keys)

    async def put(self, values: Mapping[str, bytes], *, ttl: float, now: float) -> None:
        """Keep values, or let them go while the store is away."""
        if self._up:
            try:
                await self._primary.put(values, ttl=ttl, now=now)
                self._in_a_row = 0
            except StoreError as error:
                self._failed(error)

    async def publish(self, channel: str, news: bytes) -> None:
        """Tell every subscriber; nobody while the store is away."""
        try:
            await self._primary.publish(channel, news)
        except StoreError as error:
            self._failed(error)

    async def subscribe(self, channel: str) -> AsyncIterator[bytes]:
        """News as it comes; an empty one comes first, and again whenever the connection had to be made anew."""
        pause = self._pause[0]
        while True:
            try:
                async for news in self._primary.subscribe(channel):
                    pause = self._pause[0]
                    yield news
                return
            except StoreError:
                self._failures += 1
            await asyncio.sleep(pause)
            pause = min(pause * 2, self._pause[1])

    async def close(self) -> None:
        """Stop watching, tell what is owed if that is possible now, and let go of connections."""
        self._closing = True
        if self._mending is not None:
            self._mending.cancel()
            await asyncio.wait((self._mending,))
        with contextlib.suppress(StoreError):
            await self._settle(everything=False)
        await self._primary.close()
        await self._local.close()

    def _failed(self, error: StoreError, *, trips: int = TRIPS) -> None:
        self._failures += 1
        self._in_a_row += 1
        if self._up and self._in_a_row >= trips:
            self._up = False
            self._outages += 1
            log.warning("the shared store is away, counting in memory: %s", error)
        self._owe()

    def _owe(self) -> None:
        self._wanted.set()
        self._watch(self.status)

    def _seen(self, ask: Ask, found: Admission, now: float) -> None:
        """Keep a copy of what the store says, in case it is away next; answers come in any order."""
        self._in_a_row = 0
        for charge, window in zip(ask.charges, found.windows, strict=True):
            # A period that is still to come is nonsense, and would stand for ever.
            if window.index <= now / charge.period + 1:
                share = self._journal.share(charge.key, period=charge.period, now=now)
                known = self._local.windows.get(charge.key, Window())
                self._local.keep_window(charge.key, more(known, window, share), period=charge.period)
        for bar, standing in zip(ask.bars, found.standings, strict=True):
            if standing != CLEAR:
                mine = self._local.standings.get(bar.key, CLEAR)
                standing = worse(mine, standing, half_life=bar.half_life, now=now)
                self._local.keep_standing(bar.key, standing, half_life=bar.half_life)

    def _entered(self, entry: Entry, found: Admission, now: float) -> None:
        bars = tuple(Bar(key=strike.key, half_life=strike.half_life) for strike in entry.strikes)
        self._seen(Ask(bars=bars, charges=entry.charges), found, now)

    async def _mend(self) -> None:
        """Until the end: wait until something is wrong, and put it right."""
        while not self._closing:
            await self._wanted.wait()
            self._wanted.clear()
            pause = self._pause[0]
            while not self._closing and (not self._up or len(self._journal)):
                try:
                    await self._primary.check()
                    await self._settle(everything=not self._up)
                    # What is counted here during the last batch is told in one more turn: under load it never ends.
                    self._recovered()
                except StoreError:
                    self._failures += 1
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, self._pause[1])

    async def _settle(self, *, everything: bool) -> None:
        """Tell the store what it is owed by now; first what was told without an answer, which may have arrived."""
        now = self._clock()
        if self._untold is not None:
            await self._tell(self._untold, now)
        for owed in self._journal.owed(self._local, now=now, everything=everything):
            self._untold = owed
            await self._tell(owed, now)

    async def _tell(self, owed: Owed, now: float) -> None:
        await self._primary.merge(owed, now=now)
        self._untold = None
        self._journal.paid(owed, now=now)
        self._merged += len(owed.windows) + len(owed.standings) + len(owed.variants)

    def _recovered(self) -> None:
        """Hand over to the store; what it is still owed is told while it counts already."""
        self._in_a_row = 0
        if not self._up:
            self._up = True
            log.warning("the shared store is back and has been told what was counted meanwhile")
        self._watch(self.status)
