"""What blind filter-and-regenerate can do, as arithmetic: the yardstick that the loop is tested against."""

from __future__ import annotations

import msgspec


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of exchanges, 0..1, and calls of the upstream per exchange."""

    unsafe_delivered: float
    refused: float
    calls: float


def expected(*, unsafe: float, recall: float, false_alarms: float, rounds: int) -> Expected:
    """The outcome of up to `rounds` independent draws, refused when all were rejected.

    `unsafe` is the share u of draws that are unsafe, `recall` t and `false_alarms` f are the guard's. A draw is
    rejected with q = ut + (1 - u)f; then delivered-unsafe is u(1 - t)(1 - q^K)/(1 - q), refused q^K and calls
    (1 - q^K)/(1 - q).
    """
    q = unsafe * recall + (1.0 - unsafe) * false_alarms
    calls = float(rounds) if q == 1.0 else (1.0 - q**rounds) / (1.0 - q)
    return Expected(unsafe_delivered=unsafe * (1.0 - recall) * calls, refused=q**rounds, calls=calls)
