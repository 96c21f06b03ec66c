"""What was counted here while the shared store was away: enough to tell it afterwards, each count once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import msgspec

from ..record import new_id
from .memory import MemoryStore
from .protocol import Ask, Charge, Entry, Owed, OwedStanding, OwedVariants, OwedWindow, Standing, Strike, Window
from .standing import CLEAR, decayed, struck
from .window import rolled

BATCH = 128
"""Keys that one merge tells of: a script holds Redis up for as long as it runs."""
TRIFLE = 1e-6
"""Points that rounding may leave over."""


class _Share(msgspec.Struct, kw_only=True):
    """Our own part of a window."""

    period: float
    window: Window


class _Points(msgspec.Struct, kw_only=True):
    """Our own part of a standing."""

    half_life: float
    standing: Standing


class _Members(msgspec.Struct, kw_only=True):
    """The members that were added to a set."""

    period: float
    members: set[str]


class Journal:
    """Counts that are owed to the shared store, by key; `size` bounds each kind, and what goes over it is `lost`."""

    def __init__(self, *, size: int = 50_000) -> None:
        self.lost = 0
        self._size = size
        self._windows: dict[str, _Share] = {}
        self._standings: dict[str, _Points] = {}
        self._variants: dict[str, _Members] = {}

    def __len__(self) -> int:
        return len(self._windows) + len(self._standings) + len(self._variants)

    def admitted(self, ask: Ask, *, now: float) -> None:
        """Note what a local admission counted."""
        for variant in ask.variants:
            if self._has_room(self._variants, variant.key):
                kept = self._variants.setdefault(variant.key, _Members(period=variant.period, members=set()))
                kept.members.add(variant.member)
        self._charge(ask.charges, now)

    def entered(self, entry: Entry, *, now: float) -> None:
        """Note what was counted afterwards."""
        self._charge(entry.charges, now)
        for strike in entry.strikes:
            self._strike(strike, now)

    def forgotten(self, keys: Iterable[str]) -> None:
        """Nothing is owed for these any more."""
        for key in keys:
            self._windows.pop(key, None)
            self._standings.pop(key, None)
            self._variants.pop(key, None)

    def owed(self, local: MemoryStore, *, now: float, everything: bool) -> Iterator[Owed]:
        """What the shared store has to be told, in batches; `everything` also tells what it once said itself, in case
        it has lost that. A batch is struck out with `paid` once it has arrived."""
        windows = iter(list(local.windows if everything else self._windows))
        while batch := list(islice(windows, BATCH)):
            yield Owed(id=new_id(), windows=tuple(self._owed_window(key, local, now) for key in batch))
        standings = iter(list(local.standings if everything else self._standings))
        while batch := list(islice(standings, BATCH)):
            yield Owed(id=new_id(), standings=tuple(self._owed_standing(key, local, now) for key in batch))
        variants = iter(list(self._variants.items()))
        while sets := list(islice(variants, BATCH)):
            yield Owed(
                id=new_id(),
                variants=tuple(
                    OwedVariants(key=key, period=kept.period, members=tuple(sorted(kept.members))) for key, kept in sets
                ),
            )

    def paid(self, owed: Owed, *, now: float) -> None:
        """Strike a batch out: what was counted since it was made is still owed."""
        for window in owed.windows:
            if (share := self._windows.get(window.key)) is not None:
                rest = _less(share.window, window.owed, period=window.period, now=now)
                if rest.current <= 0 and rest.previous <= 0:
                    del self._windows[window.key]
                else:
                    share.window = rest
        for standing in owed.standings:
            if (points := self._standings.get(standing.key)) is not None:
                left = decayed(points.standing, half_life=points.half_life, now=now)
                left -= decayed(standing.owed, half_life=points.half_life, now=now)
                if left <= TRIFLE:
                    del self._standings[standing.key]
                else:
                    points.standing = Standing(points=left, at=now)
        for variants in owed.variants:
            if (kept := self._variants.get(variants.key)) is not None:
                kept.members.difference_update(variants.members)
                if not kept.members:
                    del self._variants[variants.key]

    def share(self, key: str, *, period: float, now: float) -> Window:
        """Our own part of a window, which the shared store does not know yet."""
        share = self._windows.get(key)
        return rolled(share.window, period=period, now=now) if share else Window()

    def _charge(self, charges: Iterable[Charge], now: float) -> None:
        for charge in charges:
            if charge.cost and self._has_room(self._windows, charge.key):
                share = self._windows.setdefault(charge.key, _Share(period=charge.period, window=Window()))
                window = rolled(share.window, period=charge.period, now=now)
                share.window = msgspec.structs.replace(window, current=window.current + charge.cost)

    def _strike(self, strike: Strike, now: float) -> None:
        if self._has_room(self._standings, strike.key):
            points = self._standings.setdefault(strike.key, _Points(half_life=strike.half_life, standing=CLEAR))
            points.standing = struck(points.standing, msgspec.structs.replace(strike, steps=()), now=now)

    def _has_room(self, kept: Mapping[str, object], key: str) -> bool:
        if key in kept or len(kept) < self._size:
            return True
        self.lost += 1
        return False

    def _owed_window(self, key: str, local: MemoryStore, now: float) -> OwedWindow:
        share = self._windows.get(key)
        period = share.period if share else local.periods[key]
        mine = rolled(self.share(key, period=period, now=now), period=period, now=now)
        whole = rolled(local.windows.get(key, Window()), period=period, now=now)
        seen = _less(whole, mine, period=period, now=now)
        return OwedWindow(key=key, period=period, seen=seen, owed=mine)

    def _owed_standing(self, key: str, local: MemoryStore, now: float) -> OwedStanding:
        points = self._standings.get(key)
        half_life = points.half_life if points else local.half_lives[key]
        mine = points.standing if points else CLEAR
        whole = local.standings.get(key, CLEAR)
        left = decayed(whole, half_life=half_life, now=now) - decayed(mine, half_life=half_life, now=now)
        # The bar is told as seen: it is the longer one of both that holds.
        seen = Standing(points=max(0.0, left), at=now, until=whole.until)
        return OwedStanding(key=key, half_life=half_life, seen=seen, owed=mine)


def _less(window: Window, other: Window, *, period: float, now: float) -> Window:
    window, other = (rolled(one, period=period, now=now) for one in (window, other))
    return Window(index=window.index, current=window.current - other.current, previous=window.previous - other.previous)
