"""What Prometheus sees of the gateway: labels are bounded, never content, users or tenants."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from ..guard import telemetry as names
from ..guard.judging import Judging
from ..guard.record import Recorder
from ..models.content import Direction
from ..policies.compiled import CompiledPolicy
from ..policies.verdict import Verdict
from .config import OFF
from .results import phases, result_of

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
        "route",
    ]
)
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_PARTS = (1, 2, 4, 8, 16, 32, 64)
_ROUNDS = (0, 1, 2, 3, 4, 5, 8)
_CHARACTERS = (0, 64, 256, 1024, 4096, 16384, 65536)


class Metrics:
    """The counters of one process in a registry of their own; with several workers one page speaks for all."""

    def __init__(self) -> None:
        self.registry = make = CollectorRegistry()
        self.requests = Counter(
            names.REQUESTS_TOTAL, "Requests by what became of them", ["shape", "result"], registry=make
        )
        self.guardrail = Counter(names.GUARDRAIL_TOTAL, "Judged directions", ["phase", "result"], registry=make)
        self.guard_seconds = Histogram(names.GUARD_SECONDS, "Time added by the guard", buckets=_SECONDS, registry=make)
        self.upstream_seconds = Histogram(
            names.UPSTREAM_SECONDS, "Time upstream took, all rounds", buckets=_SECONDS, registry=make
        )
        self.blocks = Counter(
            names.BLOCKS_TOTAL, "Findings of blocked exchanges", ["direction", "category"], registry=make
        )
        self.rounds = Histogram(names.ROUNDS_DRAWN, "Answers drawn per request", buckets=_ROUNDS, registry=make)
        self.regenerated = Counter(names.REGENERATED_TOTAL, "Answers that were made again", registry=make)
        self.judged = Counter(names.JUDGED_TOTAL, "Parts that were judged", registry=make)
        self.unjudged = Counter(names.UNJUDGED_TOTAL, "Parts that nobody judged", ["reason"], registry=make)
        self.held = Histogram(
            names.HELD_CHARACTERS, "Most characters held back in a stream", buckets=_CHARACTERS, registry=make
        )
        self.upstream_errors = Counter(names.UPSTREAM_ERRORS_TOTAL, "Failures of upstream", ["status"], registry=make)
        self.active = _gauge(names.ACTIVE_REQUESTS, "Requests under way", make, mode="livesum")
        self.degraded = Counter(names.DEGRADED_TOTAL, "Parts that a stand-in judged", ["rung"], registry=make)
        self._children: dict[tuple[Counter | str, ...], Counter] = {}
        self._state = _State(make)
        self._work = _Work(make)

    def in_force(self, policy: CompiledPolicy) -> None:
        """Say which policy is in force from now on."""
        self._state.in_force(policy)

    def reloaded(self, *, ok: bool, pending: int) -> None:
        """Count a reload; `pending` settings wait for a restart."""
        self._state.reloaded(ok=ok, pending=pending)

    def refresh(self, judging: Judging | None, recorder: Recorder | None) -> None:
        """Take over what classifiers, memo and recorder have counted themselves."""
        self._work.refresh(judging, recorder)

    def finished(self, verdict: Verdict, *, shape: str, delivery: str, added: float, upstream: float) -> None:
        """Count one exchange; times in seconds."""
        self._count(self.requests, shape, result_of(verdict, delivery))
        for phase in phases(verdict, delivery):
            self._count(self.guardrail, phase.direction, phase.result)
        self.guard_seconds.observe(max(0.0, added))
        self.rounds.observe(len(verdict.rounds))
        if verdict.rounds:
            self.upstream_seconds.observe(upstream)
            if len(verdict.rounds) > 1:
                self.regenerated.inc(len(verdict.rounds) - 1)
        self.judged.inc(len(verdict.coverage.judged))
        for missed in verdict.coverage.unjudged:
            self._count(self.unjudged, missed.reason if missed.reason in _REASONS else "error")
        for one in verdict.coverage.degraded:
            self._count(self.degraded, one.rung)
        if delivery in ("refused", "cut", "supported"):
            for finding in verdict.findings:
                output = finding.part.startswith("response")
                self._count(self.blocks, Direction.OUTPUT if output else Direction.INPUT, finding.category)

    def _count(self, counter: Counter, *labels: str) -> None:
        """One more; the child is looked up once, for each lookup of the library takes a lock and makes strings."""
        key: tuple[Counter | str, ...] = (counter, *labels)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = counter.labels(*labels)
        child.inc()

    def passed(self, *, parts: int, shape: str) -> None:
        """Count one exchange that nobody judged because the guard is off."""
        self._count(self.requests, shape, OFF)
        self.unjudged.labels(OFF).inc(parts)

    def handed(self, *, parts: int) -> None:
        """Count what may have reached upstream unjudged, though no answer came back, because the guard is off."""
        self.unjudged.labels(OFF).inc(parts)

    def failed(self, kind: str, *, shape: str, status: int) -> None:
        """Count a request that ended in an error."""
        self.requests.labels(shape, kind).inc()
        if kind == "upstream_error":
            self.upstream_errors.labels(
                str(status) if status in (400, 401, 403, 404, 429) else f"{status // 100}xx"
            ).inc()

    def policies(self) -> tuple[str, ...]:
        """The hashes of the policies in force in the live workers of this machine; more than one: they disagree."""
        return tuple(
            sorted(
                sample.labels["hash"]
                for family in self._shared().collect()
                if family.name == names.POLICY_INFO
                for sample in family.samples
                if sample.value
            )
        )

    def page(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self._shared())

    def _shared(self) -> CollectorRegistry:
        if not os.environ.get(MULTIPROCESS_VARIABLE):
            return self.registry
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
        return shared


class _State:
    """Which policy and settings are in force."""

    def __init__(self, make: CollectorRegistry) -> None:
        self._policy = _gauge(names.POLICY_INFO, "The policy in force", make, labels=("name", "hash", "mode"))
        self._loaded = _gauge(names.POLICY_LOADED, "When the policy in force was loaded", make, mode="livemin")
        self._reloads = Counter(names.RELOADS_TOTAL, "Reloads by outcome", ["result"], registry=make)
        self._failed = _gauge(names.RELOAD_FAILED, "1 while the newest files cannot be loaded", make)
        self._pending = _gauge(names.RESTART_PENDING, "Changed settings that wait for a restart", make)
        self._labels: tuple[str, str, str] | None = None

    def in_force(self, policy: CompiledPolicy) -> None:
        labels = (policy.name, policy.hash, policy.mode)
        if self._labels is not None and self._labels != labels:
            self._policy.labels(*self._labels).set(0)
            if not os.environ.get(MULTIPROCESS_VARIABLE):
                self._policy.remove(*self._labels)
        if self._labels != labels:
            self._loaded.set(time.time())
        self._labels = labels
        self._policy.labels(*labels).set(1)

    def reloaded(self, *, ok: bool, pending: int) -> None:
        self._reloads.labels("ok" if ok else "failed").inc()
        self._failed.set(0 if ok else 1)
        if ok:
            self._pending.set(pending)


class _Work:
    """Classifiers' queues, the memo and the audit trail: counted where they happen, taken over now and then."""

    def __init__(self, make: CollectorRegistry) -> None:
        self._memo = Counter(names.MEMO_TOTAL, "Parts looked up in the memo", ["result"], registry=make)
        self._waiting = _gauge(names.QUEUE_WAITING, "Requests that wait for a classifier", make, mode="livesum")
        self._batches = Counter(names.BATCHES_TOTAL, "Runs of a classifier", registry=make)
        self._joined = Counter(names.BATCHED_REQUESTS_TOTAL, "Requests that shared a run", registry=make)
        self._shed = Counter(names.SHED_TOTAL, "Requests for which the queue was full", registry=make)
        self._records = Counter(names.AUDIT_RECORDS, "Audit records written", registry=make)
        self._late = Counter(names.LATE_TOTAL, "Requests that waited past their deadline", registry=make)
        self._sizes = Histogram(names.BATCH_PARTS, "Parts of a classifier's runs", buckets=_PARTS, registry=make)
        self._waits = Histogram(names.QUEUE_SECONDS, "Wait of a run's oldest part", buckets=_SECONDS, registry=make)
        self._lost = Counter(names.AUDIT_LOST, "Audit records that could not be written", registry=make)
        self._seen: dict[int, float] = {}

    def refresh(self, judging: Judging | None, recorder: Recorder | None) -> None:
        if judging is not None:
            stats = [scheduler.stats() for scheduler in judging.schedulers]
            self._waiting.set(sum(one.queued for one in stats))
            self._grow(self._batches, sum(one.batches for one in stats))
            self._grow(self._joined, sum(one.joined for one in stats))
            self._grow(self._shed, sum(one.shed for one in stats))
            self._grow(self._late, sum(one.late for one in stats))
            for ran in (ran for scheduler in judging.schedulers for ran in scheduler.ran()):
                self._sizes.observe(ran.parts)
                self._waits.observe(ran.waited)
            self._grow(self._memo.labels("hit"), judging.memo.hits)
            self._grow(self._memo.labels("miss"), judging.memo.misses)
        if recorder is not None:
            self._grow(self._records, recorder.written)
            self._grow(self._lost, recorder.lost)

    def _grow(self, counter: Counter, total: float) -> None:
        grown = total - self._seen.get(id(counter), 0)
        if grown > 0:
            counter.inc(grown)
            self._seen[id(counter)] = total


def _gauge(
    name: str, words: str, registry: CollectorRegistry, *, labels: Iterable[str] = (), mode: str = "livemax"
) -> Gauge:
    return Gauge(name, words, list(labels), multiprocess_mode=mode, registry=registry)  # type: ignore[arg-type]
