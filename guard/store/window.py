"""The arithmetic of sliding windows: two counters a key, the older one weighted by how much of it still counts.

The estimate is exact within one period of the clock, and holds elsewhere where the older period was evenly filled.
`scripts/window.lua` does the same where Redis counts.
"""

from __future__ import annotations

import math

from .protocol import Charge, Window

SLACK = 1e-9
"""What sums of floats may be off by, as a share of the limit."""


def rolled(window: Window, *, period: float, now: float) -> Window:
    """The window as it stands in the period of `now`; a clock that runs behind sees the newest period."""
    index = math.floor(now / period)
    if index <= window.index:
        return window
    return Window(index=index, previous=window.current if index == window.index + 1 else 0.0)


def used(window: Window, *, period: float, now: float) -> float:
    """Units that count at `now`."""
    window = rolled(window, period=period, now=now)
    return window.current + window.previous * (1.0 - _elapsed(window, period, now))


def fits(window: Window, charge: Charge, *, now: float) -> bool:
    """Whether the charge may be added."""
    taken = used(window, period=charge.period, now=now)
    slack = charge.limit * SLACK
    return taken + charge.cost <= charge.limit + slack if charge.cost > 0 else taken < charge.limit - slack


def added(window: Window, cost: float, *, period: float, now: float) -> Window:
    """The window with `cost` more units in it; never under zero."""
    window = rolled(window, period=period, now=now)
    return Window(index=window.index, current=max(0.0, window.current + cost), previous=window.previous)


def more(known: Window, told: Window, share: Window) -> Window:
    """The larger one of what is known and of what is told with our own share added, counter by counter."""
    index = max(known.index, told.index, share.index)
    known, told, share = (rolled(one, period=1.0, now=float(index)) for one in (known, told, share))
    return Window(
        index=index,
        current=max(known.current, told.current + share.current),
        previous=max(known.previous, told.previous + share.previous),
    )


def wait(window: Window, charge: Charge, *, now: float) -> float:
    """Seconds until the charge fits if nothing else comes; infinite where it is larger than the limit."""
    if fits(window, charge, now=now):
        return 0.0
    if charge.cost > charge.limit or charge.limit <= 0:
        return math.inf
    window = rolled(window, period=charge.period, now=now)
    room = charge.limit - charge.cost
    left = charge.period * (1.0 - _elapsed(window, charge.period, now))
    if window.current <= room and window.previous > 0:
        # Within this period: the older counter has to fade to what the newer one leaves.
        return max(0.0, left - charge.period * (room - window.current) / window.previous)
    if window.current <= 0:
        return left
    # In the next one, where the counter of today is the older one.
    return left + charge.period * max(0.0, 1.0 - room / window.current)


def _elapsed(window: Window, period: float, now: float) -> float:
    return min(1.0, max(0.0, now / period - window.index))
