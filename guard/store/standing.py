"""The arithmetic of strikes: points that decay, and bars that they lead to; `scripts/standing.lua` does the same."""

from __future__ import annotations

import math

from .protocol import Standing, Strike

CLEAR = Standing()


def decayed(standing: Standing, *, half_life: float, now: float) -> float:
    """The points that are left at `now`."""
    return standing.points * math.exp2(-max(0.0, now - standing.at) / half_life)


def struck(standing: Standing, strike: Strike, *, now: float) -> Standing:
    """The standing after a strike; the highest step that its points reach bars, and no bar is ever made shorter."""
    points = decayed(standing, half_life=strike.half_life, now=now) + strike.points
    seconds = [step.seconds for step in strike.steps if points >= step.points]
    bar = now + max(seconds) if seconds else 0.0
    return Standing(points=points, at=max(now, standing.at), until=max(standing.until, bar))


def summed(one: Standing, other: Standing, *, half_life: float, now: float) -> Standing:
    """The points of both, and the longer bar."""
    points = decayed(one, half_life=half_life, now=now) + decayed(other, half_life=half_life, now=now)
    return Standing(points=points, at=now, until=max(one.until, other.until))


def worse(one: Standing, other: Standing, *, half_life: float, now: float) -> Standing:
    """The points of whichever has more, and the longer bar."""
    points = max(decayed(one, half_life=half_life, now=now), decayed(other, half_life=half_life, now=now))
    return Standing(points=points, at=now, until=max(one.until, other.until))


def barred(standing: Standing, *, now: float) -> bool:
    """Whether its owner has to wait."""
    return standing.until > now
