"""What Prometheus sees of the gateway: every name here, labels bounded, never content, users or tenants."""

from __future__ import annotations

import os
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from ..models.content import Direction
from ..policies.verdict import Action, Verdict
from .config import OFF

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
MULTIPROCESS_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"

_REASONS: Final = frozenset(
    [
        "no_classifier",
        "unsupported_kind",
        "inference_failed",
        "overloaded",
        "deadline",
        "model_unavailable",
        "digest_mismatch",
        "too_long",
        "error",
        "client_gone",
        "off",
    ]
)
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_ROUNDS = (0, 1, 2, 3, 4, 5, 8)
_CHARACTERS = (0, 64, 256, 1024, 4096, 16384, 65536)


class Metrics:
    """The counters of one process in a registry of their own; with several workers one page speaks for all."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        make = self.registry
        self.requests = Counter(
            "headgate_requests_total", "Requests by what became of them", ["shape", "result"], registry=make
        )
        self.guard_seconds = Histogram(
            "headgate_guard_latency_seconds", "Time added by the guard", buckets=_SECONDS, registry=make
        )
        self.upstream_seconds = Histogram(
            "headgate_upstream_latency_seconds", "Time upstream took, all rounds", buckets=_SECONDS, registry=make
        )
        self.blocks = Counter(
            "headgate_blocks_total", "Findings of blocked exchanges", ["direction", "category"], registry=make
        )
        self.rounds = Histogram("headgate_rounds", "Answers drawn per request", buckets=_ROUNDS, registry=make)
        self.regenerated = Counter("headgate_regenerated_total", "Answers that were made again", registry=make)
        self.judged = Counter("headgate_judged_parts_total", "Parts that were judged", registry=make)
        self.unjudged = Counter("headgate_unjudged_parts_total", "Parts that nobody judged", ["reason"], registry=make)
        self.held = Histogram(
            "headgate_held_characters", "Most characters held back in a stream", buckets=_CHARACTERS, registry=make
        )
        self.upstream_errors = Counter(
            "headgate_upstream_errors_total", "Failures of upstream", ["status"], registry=make
        )
        self.active = Gauge(
            "headgate_active_requests", "Requests under way", multiprocess_mode="livesum", registry=make
        )
        self.policy = Gauge(
            "headgate_policy_info",
            "The policy in force",
            ["name", "hash", "mode"],
            multiprocess_mode="livemax",
            registry=make,
        )

    def in_force(self, name: str, hash_: str, mode: str) -> None:
        """Say which policy is in force."""
        self.policy.labels(name, hash_, mode).set(1)

    def finished(self, verdict: Verdict, *, shape: str, delivery: str, added: float, upstream: float) -> None:
        """Count one exchange; times in seconds."""
        self.requests.labels(shape, _result(verdict, delivery)).inc()
        self.guard_seconds.observe(max(0.0, added))
        self.rounds.observe(len(verdict.rounds))
        if verdict.rounds:
            self.upstream_seconds.observe(upstream)
            self.regenerated.inc(len(verdict.rounds) - 1)
        self.judged.inc(len(verdict.coverage.judged))
        for missed in verdict.coverage.unjudged:
            self.unjudged.labels(missed.reason if missed.reason in _REASONS else "error").inc()
        if delivery in ("refused", "cut", "supported"):
            for finding in verdict.findings:
                output = finding.part.startswith("response")
                self.blocks.labels(Direction.OUTPUT if output else Direction.INPUT, finding.category).inc()

    def passed(self, *, parts: int, shape: str) -> None:
        """Count one exchange that nobody judged because the guard is off."""
        self.requests.labels(shape, OFF).inc()
        self.unjudged.labels(OFF).inc(parts)

    def failed(self, kind: str, *, shape: str, status: int) -> None:
        """Count a request that ended in an error."""
        self.requests.labels(shape, kind).inc()
        if kind == "upstream_error":
            self.upstream_errors.labels(
                str(status) if status in (400, 401, 403, 404, 429) else f"{status // 100}xx"
            ).inc()

    def page(self) -> bytes:
        """The text that Prometheus reads."""
        if os.environ.get(MULTIPROCESS_VARIABLE):
            shared = CollectorRegistry()
            MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
            return generate_latest(shared)
        return generate_latest(self.registry)


def _result(verdict: Verdict, delivery: str) -> str:
    if delivery != "delivered":
        return delivery
    if len(verdict.rounds) > 1:
        return "regenerated"
    if verdict.coverage.unjudged:
        return "unjudged"
    return "allowed" if verdict.action is Action.ALLOW else "flagged"
