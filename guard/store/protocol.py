"""What a store promises, whoever keeps it: every call is one step that no other call can come between.

`now` is Unix time in seconds. Replicas that share a store need clocks that agree to within a small part of the
shortest period. A backend that cannot answer raises StoreError.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

Denial = Literal["bar", "variant", "charge"]


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """`cost` units on the window under `key`, which holds at most `limit` units in `period` seconds.

    A cost of zero asks whether anything is left, for what is paid afterwards.
    """

    key: str
    limit: float
    period: float
    cost: float = 1.0


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """`member` as one of at most `most` different ones under `key`, counted from the first for `period` seconds."""

    key: str
    member: str
    most: int
    period: float


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """From `points` on, whoever has them is barred for `seconds`."""

    points: float
    seconds: float


class Strike(msgspec.Struct, frozen=True, kw_only=True):
    """`points` for whoever stands under `key`; half of them are forgotten every `half_life` seconds."""

    key: str
    points: float
    half_life: float
    steps: tuple[Step, ...] = ()


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever stands under `key` must not be barred; their points halve every `half_life` seconds."""

    key: str
    half_life: float


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A sliding window: units in the period number `index` and in the one before it."""

    index: int = 0
    current: float = 0.0
    previous: float = 0.0


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Points as they were at `at`, and the time until which their owner is barred; zero where never."""

    points: float = 0.0
    at: float = 0.0
    until: float = 0.0


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """May this pass? All must agree, else nothing is counted."""

    bars: tuple[Bar, ...] = ()
    variants: tuple[Variant, ...] = ()
    charges: tuple[Charge, ...] = ()


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to an Ask: what denied it (`index` counts within its kind) and how things stand now."""

    denied: Denial | None = None
    index: int = 0
    standings: tuple[Standing, ...] = ()
    windows: tuple[Window, ...] = ()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What came to pass: counted whether it fits or not; a cost may be negative, to give back."""

    charges: tuple[Charge, ...] = ()
    strikes: tuple[Strike, ...] = ()


class OwedWindow(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of one key from elsewhere: at least `seen` has been here before, and `owed` is to be added."""

    key: str
    period: float
    seen: Window
    owed: Window


class OwedStanding(msgspec.Struct, frozen=True, kw_only=True):
    """The same for points."""

    key: str
    half_life: float
    seen: Standing
    owed: Standing


class OwedVariants(msgspec.Struct, frozen=True, kw_only=True):
    """The same for members of a set."""

    key: str
    period: float
    members: tuple[str, ...]


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """What one store has to be told that another one counted; told twice under the same `id`, it counts once."""

    id: str
    windows: tuple[OwedWindow, ...] = ()
    standings: tuple[OwedStanding, ...] = ()
    variants: tuple[OwedVariants, ...] = ()


class Store(Protocol):
    """Counts, strikes, remembered values and news."""

    async def admit(self, ask: Ask, *, now: float) -> Admission:
        """Count what is asked for where everything agrees to it, and nothing where anything does not."""
        ...

    async def enter(self, entry: Entry, *, now: float) -> Admission:
        """Count what came to pass; answered with the windows and standings after it."""
        ...

    async def merge(self, owed: Owed, *, now: float) -> None:
        """Take in what another store counted in this one's absence."""
        ...

    async def forget(self, keys: Sequence[str]) -> None:
        """Drop windows, sets and standings, and with a standing its bar."""
        ...

    async def get(self, keys: Sequence[str], *, now: float) -> tuple[bytes | None, ...]:
        """The values under these keys, None where there is none (any more)."""
        ...

    async def put(self, values: Mapping[str, bytes], *, ttl: float, now: float) -> None:
        """Keep values for `ttl` seconds, or less where room is short."""
        ...

    async def publish(self, channel: str, news: bytes) -> None:
        """Tell every subscriber; at most once, and nobody who is not listening now."""
        ...

    def subscribe(self, channel: str) -> AsyncIterator[bytes]:
        """News as it comes. An empty one comes first, and after every gap: look for yourself what you have missed."""
        ...

    async def close(self) -> None:
        """Let go of connections; idle subscriptions end."""
        ...
