"""How many connections of clients a server holds, how many it may, and how many it sent away.

The servers of a process count where they accept; `/metrics` asks for the sum.
"""

from __future__ import annotations

import weakref
from typing import Any, Final

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge

from ..guard import telemetry

MOST_TOLD: Final = 1024
"""Connections over the bound that are told so at one time; any more are closed without a word."""


class Connections:
    """The count of one server: `most` are served at a time (0: any number). It goes to worker processes as zero."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0
        self.told = 0
        self.refused = 0
        _EVERY.add(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Connections, (self.most,)

    def enter(self) -> bool:
        """One more is there; whether it is to be served. Either way its end is to be told by `leave`."""
        if not self.most or self.held < self.most:
            self.held += 1
            return True
        self.told += 1
        self.refused += 1
        return False

    def leave(self, *, served: bool) -> None:
        """It has gone."""
        if served:
            self.held -= 1
        else:
            self.told -= 1


_EVERY: Final[weakref.WeakSet[Connections]] = weakref.WeakSet()


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """What all servers of this process hold, and have refused so far."""

    held: int
    refused: int


def total() -> Total:
    """The sum of this moment."""
    every = tuple(_EVERY)
    return Total(held=sum(one.held for one in every), refused=sum(one.refused for one in every))


class ConnectionMetrics:
    """What Prometheus sees of it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._held = Gauge(
            telemetry.CONNECTIONS, "Connections of clients", multiprocess_mode="livesum", registry=registry
        )
        self._refused = Counter(
            telemetry.REFUSED_CONNECTIONS_TOTAL, "Connections over max_connections", registry=registry
        )
        self._seen = total().refused

    def refresh(self) -> None:
        """Take over what the servers have counted."""
        found = total()
        self._held.set(found.held)
        # A server that has ended takes its count along.
        self._refused.inc(max(0, found.refused - self._seen))
        self._seen = found.refused
