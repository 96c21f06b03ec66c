"""The store of one process: dicts with a bound, on one event loop. Nothing awaits within a step, so none is torn."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from .protocol import (
    Admission,
    Ask,
    Charge,
    Entry,
    Owed,
    OwedStanding,
    OwedWindow,
    Standing,
    Strike,
    Variant,
    Window,
)
from .standing import CLEAR, barred, struck, summed, worse
from .window import added, fits, rolled

T = TypeVar("T")

TOLD = 3600.0
"""Seconds for which it is known that something was told."""
NEWS = 64
"""Unread news that a subscriber may have; the oldest go."""


class Members(msgspec.Struct, kw_only=True):
    """The members of a set, and when it ends."""

    until: float
    members: set[str]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A value and when it ends."""

    until: float
    value: bytes


class MemoryStore:
    """Keeps at most `size` keys of each kind: whoever was unused for longest goes first."""

    def __init__(self, *, size: int = 50_000) -> None:
        self._size = size
        self.windows: OrderedDict[str, Window] = OrderedDict()
        self.periods: dict[str, float] = {}
        self.standings: OrderedDict[str, Standing] = OrderedDict()
        self.half_lives: dict[str, float] = {}
        self.variants: OrderedDict[str, Members] = OrderedDict()
        self._values: OrderedDict[str, Kept] = OrderedDict()
        self._listeners: dict[str, list[asyncio.Queue[bytes | None]]] = {}

    async def admit(self, ask: Ask, *, now: float) -> Admission:
        """Count what is asked for where everything agrees to it, and nothing where anything does not."""
        standings = tuple(self.standings.get(bar.key, CLEAR) for bar in ask.bars)
        windows = tuple(self._window(charge, now) for charge in ask.charges)
        denied = next((i for i, standing in enumerate(standings) if barred(standing, now=now)), None)
        if denied is not None:
            return Admission(denied="bar", index=denied, standings=standings, windows=windows)
        denied = next((i for i, variant in enumerate(ask.variants) if not self._has_room(variant, now)), None)
        if denied is not None:
            return Admission(denied="variant", index=denied, standings=standings, windows=windows)
        pairs = zip(windows, ask.charges, strict=True)
        denied = next((i for i, (window, charge) in enumerate(pairs) if not fits(window, charge, now=now)), None)
        if denied is not None:
            return Admission(denied="charge", index=denied, standings=standings, windows=windows)
        for variant in ask.variants:
            self._add_variant(variant.key, (variant.member,), variant.period, now)
        return Admission(standings=standings, windows=tuple(self._charge(charge, now) for charge in ask.charges))

    async def enter(self, entry: Entry, *, now: float) -> Admission:
        """Count what came to pass; answered with the windows and standings after it."""
        return Admission(
            standings=tuple(self._strike(strike, now) for strike in entry.strikes),
            windows=tuple(self._charge(charge, now) for charge in entry.charges),
        )

    async def merge(self, owed: Owed, *, now: float) -> None:
        """Take in what another store counted in this one's absence."""
        told = f"merge:{owed.id}"
        if told in self._values:
            return
        self._keep(self._values, told, Kept(until=now + TOLD, value=b""))
        for window in owed.windows:
            self.keep_window(window.key, self._merged_window(window, now), period=window.period)
        for standing in owed.standings:
            self.keep_standing(standing.key, self._merged_standing(standing, now), half_life=standing.half_life)
        for variants in owed.variants:
            self._add_variant(variants.key, variants.members, variants.period, now)

    async def forget(self, keys: Sequence[str]) -> None:
        """Drop windows, sets and standings, and with a standing its bar."""
        for key in keys:
            self.windows.pop(key, None)
            self.periods.pop(key, None)
            self.standings.pop(key, None)
            self.half_lives.pop(key, None)
            self.variants.pop(key, None)

    async def get(self, keys: Sequence[str], *, now: float) -> tuple[bytes | None, ...]:
        """The values under these keys, None where there is none (any more)."""
        found = (self._values.get(key) for key in keys)
        return tuple(kept.value if kept is not None and kept.until > now else None for kept in found)

    async def put(self, values: Mapping[str, bytes], *, ttl: float, now: float) -> None:
        """Keep values for `ttl` seconds, or less where room is short."""
        for key, value in values.items():
            self._keep(self._values, key, Kept(until=now + ttl, value=value))

    async def publish(self, channel: str, news: bytes) -> None:
        """Tell every subscriber; at most once, and nobody who is not listening now."""
        for queue in self._listeners.get(channel, ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(news)

    async def subscribe(self, channel: str) -> AsyncIterator[bytes]:
        """News as it comes; an empty one comes first."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(NEWS)
        self._listeners.setdefault(channel, []).append(queue)
        try:
            yield b""
            while (news := await queue.get()) is not None:
                yield news
        finally:
            self._listeners[channel].remove(queue)

    async def close(self) -> None:
        """End the subscriptions."""
        for queue in (queue for queues in self._listeners.values() for queue in queues):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(None)

    def keep_window(self, key: str, window: Window, *, period: float) -> None:
        """Set a window to what is known of it from elsewhere."""
        self.periods[key] = period
        if dropped := self._keep(self.windows, key, window):
            self.periods.pop(dropped, None)

    def keep_standing(self, key: str, standing: Standing, *, half_life: float) -> None:
        """Set a standing to what is known of it from elsewhere."""
        self.half_lives[key] = half_life
        if dropped := self._keep(self.standings, key, standing):
            self.half_lives.pop(dropped, None)

    def _window(self, charge: Charge, now: float) -> Window:
        return rolled(self.windows.get(charge.key, Window()), period=charge.period, now=now)

    def _charge(self, charge: Charge, now: float) -> Window:
        window = added(self._window(charge, now), charge.cost, period=charge.period, now=now)
        self.keep_window(charge.key, window, period=charge.period)
        return window

    def _strike(self, strike: Strike, now: float) -> Standing:
        standing = struck(self.standings.get(strike.key, CLEAR), strike, now=now)
        self.keep_standing(strike.key, standing, half_life=strike.half_life)
        return standing

    def _has_room(self, variant: Variant, now: float) -> bool:
        found = self.variants.get(variant.key)
        if found is None or found.until <= now:
            return variant.most > 0
        return variant.member in found.members or len(found.members) < variant.most

    def _add_variant(self, key: str, members: Sequence[str], period: float, now: float) -> None:
        found = self.variants.get(key)
        if found is None or found.until <= now:
            found = Members(until=now + period, members=set())
        found.members.update(members)
        self._keep(self.variants, key, found)

    def _merged_window(self, owed: OwedWindow, now: float) -> Window:
        mine, seen, theirs = (
            rolled(window, period=owed.period, now=now)
            for window in (self.windows.get(owed.key, Window()), owed.seen, owed.owed)
        )
        index = max(mine.index, seen.index, theirs.index)
        mine, seen, theirs = (rolled(w, period=1.0, now=float(index)) for w in (mine, seen, theirs))
        return Window(
            index=index,
            current=max(0.0, max(mine.current, seen.current) + theirs.current),
            previous=max(0.0, max(mine.previous, seen.previous) + theirs.previous),
        )

    def _merged_standing(self, owed: OwedStanding, now: float) -> Standing:
        mine = self.standings.get(owed.key, CLEAR)
        known = worse(mine, owed.seen, half_life=owed.half_life, now=now)
        return summed(known, owed.owed, half_life=owed.half_life, now=now)

    def _keep(self, kept: OrderedDict[str, T], key: str, value: T) -> str | None:
        kept[key] = value
        kept.move_to_end(key)
        if len(kept) <= self._size:
            return None
        dropped, _ = kept.popitem(last=False)
        return dropped
