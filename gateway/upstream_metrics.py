"""What Prometheus sees of upstreams with a name: their answers, further tries, fallbacks and breakers."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from ..guard import telemetry
from .breaker import State


class UpstreamMetrics:
    """Counters in the registry of one process; the labels are names of the configuration."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answers = Counter(
            telemetry.UPSTREAM_ANSWERS_TOTAL, "Answers of upstreams", ["upstream", "status"], registry=registry
        )
        self._retries = Counter(
            telemetry.UPSTREAM_RETRIES_TOTAL, "Requests sent once more", ["upstream"], registry=registry
        )
        self._fallbacks = Counter(
            telemetry.UPSTREAM_FALLBACKS_TOTAL, "Requests that went on to another", ["upstream"], registry=registry
        )
        self._open = Gauge(
            telemetry.UPSTREAM_BREAKER_OPEN,
            "1 while an upstream is not asked",
            ["upstream"],
            multiprocess_mode="livemax",
            registry=registry,
        )

    def answered(self, upstream: str, status: int | None) -> None:
        """An answer came; None where none did."""
        self._answers.labels(upstream, "none" if status is None else f"{status // 100}xx").inc()

    def retried(self, upstream: str) -> None:
        """A request is sent once more."""
        self._retries.labels(upstream).inc()

    def fell_back(self, upstream: str) -> None:
        """Another upstream is asked instead."""
        self._fallbacks.labels(upstream).inc()

    def breaker(self, upstream: str, state: State) -> None:
        """A breaker opened or closed."""
        self._open.labels(upstream).set(int(state != "closed"))
