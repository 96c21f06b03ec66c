"""A memo of two levels: this process's memory, and behind it the store that replicas share.

What is read from the store is authenticated: a store that answers nonsense, or that somebody else writes to, makes a
judgement be made again and never makes one up. It is not encrypted, so what tells of the content stays here.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from ..models.assessment import Assessed, checked
from ..models.errors import HeadgateError, StoreError
from .memo import Memo
from .store.protocol import Store

PREFIX: Final = "memo:"
TTL: Final = 86400.0
"""Seconds for which a judgement is shared."""
WAIT: Final = 0.005
"""Seconds that a request waits for what others have judged; what comes later serves the next one."""
BATCH: Final = 256
UNDER_WAY: Final = 8
"""Reads at a time; beyond them a request does not ask."""

_MAC = 16


class SharedMemo(Memo):
    """`key` authenticates what is shared: the same for all replicas, secret to all others.

    Usable as a plain memo; shared while `open`. `rejected` counts values that were not ours.
    """

    shared = True

    def __init__(self, *, key: bytes, size: int = 50_000, wait: float = WAIT, clock: Callable[[], float] = time.time):
        super().__init__(size=size)
        self.fetched = 0
        self.rejected = 0
        self._mac_key = hashlib.blake2b(key, digest_size=32, person=b"headgate memo").digest()
        self._wait = wait
        self._clock = clock
        self._store: Store | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unwritten: deque[tuple[str, bytes]] = deque(maxlen=10_000)
        self._wanted = asyncio.Event()
        self._called = False
        self._writing: asyncio.Task[None] | None = None
        self._reading: set[asyncio.Task[None]] = set()

    def open(self, store: Store) -> None:
        """Share through this store from now on; call it on the event loop."""
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._writing = asyncio.create_task(self._write())

    async def close(self) -> None:
        """Write what is unwritten, and share no more."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, *self._reading, return_exceptions=True)
        if self._store is not None:
            await self._flush(self._store)
        self._store = self._loop = self._writing = None

    def put_all(self, found: Mapping[str, Assessed]) -> None:
        """Keeps assessments here at once, and for others soon: those that do not tell what a text is about."""
        super().put_all(found)
        loop = self._loop
        shared = [(key, assessment) for key, assessment in found.items() if not assessment.meaning]
        if loop is None or not shared:
            return
        self._unwritten.extend((key, self._sealed(key, assessment)) for key, assessment in shared)
        if not self._called:
            self._called = True
            loop.call_soon_threadsafe(self._wanted.set)

    async def fetch(self, keys: Sequence[str]) -> None:
        """Brings into memory what others have judged, waiting a few milliseconds at most."""
        missing = [key for key in dict.fromkeys(keys) if not self.has(key)]
        if self._store is None or not missing or len(self._reading) >= UNDER_WAY:
            return
        task = asyncio.create_task(self._read(self._store, missing))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)
        await asyncio.wait((task,), timeout=self._wait)

    async def _read(self, store: Store, keys: Sequence[str]) -> None:
        try:
            found = await store.get([PREFIX + key for key in keys], now=self._clock())
        except StoreError:
            return  # counted by the store itself; the parts are judged here
        for key, value in zip(keys, found, strict=True):
            if value is None:
                continue
            assessment = self._opened(key, value)
            if assessment is None:
                self.rejected += 1
            else:
                self.fetched += 1
                super().put_all({key: assessment})

    async def _write(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            self._called = False
            if self._store is not None:
                await self._flush(self._store)

    async def _flush(self, store: Store) -> None:
        while self._unwritten:
            batch = dict(self._unwritten.popleft() for _ in range(min(BATCH, len(self._unwritten))))
            try:
                await store.put({PREFIX + key: value for key, value in batch.items()}, ttl=TTL, now=self._clock())
            except StoreError:
                return  # what is not shared is judged again elsewhere

    def _sealed(self, key: str, assessment: Assessed) -> bytes:
        data = msgspec.msgpack.encode(assessment)
        return self._mac(key, data) + data

    def _opened(self, key: str, value: bytes) -> Assessed | None:
        mac, data = value[:_MAC], value[_MAC:]
        if not hmac.compare_digest(mac, self._mac(key, data)):
            return None
        try:
            return checked(msgspec.msgpack.decode(data, type=Assessed))
        except (msgspec.MsgspecError, HeadgateError):
            return None

    def _mac(self, key: str, data: bytes) -> bytes:
        return hashlib.blake2b(key.encode() + b"\0" + data, key=self._mac_key, digest_size=_MAC).digest()
