"""What Prometheus sees of the store, limits and strikes; never a tenant or a key."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from ..guard import telemetry
from ..guard.store.shared import Status


class LimitMetrics:
    """Counters in the registry of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.denied = Counter(telemetry.DENIED_TOTAL, "Requests that were not let in", ["reason"], registry=registry)
        self.strikes = Counter(telemetry.STRIKES_TOTAL, "Strikes by severity", ["severity"], registry=registry)
        self.unmetered = Counter(
            telemetry.UNMETERED_TOTAL, "Exchanges whose tokens upstream did not tell", registry=registry
        )
        self.up = Gauge(
            telemetry.STORE_UP, "1 while the shared store answers", multiprocess_mode="livemin", registry=registry
        )
        self.owed = Gauge(
            telemetry.STORE_OWED,
            "Keys whose counts the shared store has still to be told",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.failures = Counter(telemetry.STORE_FAILURES_TOTAL, "Steps the store did not do", registry=registry)
        self.outages = Counter(telemetry.STORE_OUTAGES_TOTAL, "Times the store was away", registry=registry)
        self.merged = Counter(
            telemetry.STORE_MERGED_TOTAL, "Keys whose counts it was told afterwards", registry=registry
        )
        self._last = Status(kind="memory", up=True)
        self.up.set(1)

    def store(self, status: Status) -> None:
        """Say how the store does."""
        self.up.set(int(status.up))
        self.owed.set(status.owed)
        self.failures.inc(status.failures - self._last.failures)
        self.outages.inc(status.outages - self._last.outages)
        self.merged.inc(status.merged - self._last.merged)
        self._last = status
