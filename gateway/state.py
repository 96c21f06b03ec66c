"""What every request of one gateway shares: settings, guard, upstream client, counters and the audit trail."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from ..guard.audit import audit_key
from ..guard.guard import Guard
from ..guard.record import Record, Recorder, hash_key, now, recorded
from ..models.content import Part
from ..policies.verdict import Action, Coverage, Missed, Verdict
from .config import Settings
from .connections import ConnectionMetrics
from .generations import Generations
from .limit_metrics import LimitMetrics
from .logs import FIELDS
from .metrics import Metrics
from .otlp import OtlpRecords, records_of
from .tenancy import Tenancy
from .ticket import TICKET
from .upstream_metrics import UpstreamMetrics
from .upstreams import Upstreams
from .usage import usage_of

log = logging.getLogger("headgate")

_CLIENT_FIELDS = (
    "upstream",
    "upstreams",
    "routes",
    "breaker",
    "upstream_key",
    "key_overrides",
    "connect_timeout",
    "read_timeout",
)


class Reloaded(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of the newest reload: when, in UTC, what was wrong, and which settings wait for a restart."""

    at: str
    ok: bool
    error: str | None = None
    pending: tuple[str, ...] = ()


class Gateway:
    """The shared state; `guard` is None where the guard is off. `running` opens and closes the upstream client.

    `settings` and `guard` change with a reload: whoever needs them for the length of an exchange keeps them. `sender`
    sends records to a collector, where they go to one.
    """

    def __init__(self, settings: Settings, guard: Guard | None) -> None:
        self.settings = settings
        self._guard = guard
        self.metrics = Metrics()
        self.sender = records_of(settings)
        self._recorder = _recorder(settings, self.sender)
        self._hash_key = hash_key()
        self.tenancy = Tenancy(
            settings, lambda: self._guard, metrics=LimitMetrics(self.metrics.registry), key=self._hash_key
        )
        self._upstream_metrics = UpstreamMetrics(self.metrics.registry)
        self._connection_metrics = ConnectionMetrics(self.metrics.registry)
        self.draining = False
        self.reloaded: Reloaded | None = None
        self._generations: Generations | None = None
        if guard is not None:
            self.metrics.in_force(guard.policy)

    @property
    def guard(self) -> Guard | None:
        """The guard of whoever is served in this task: that of the caller's own policy, else the gateway's."""
        ticket = TICKET.get()
        return ticket.guard if ticket is not None and ticket.guard is not None else self._guard

    @property
    def upstreams(self) -> Upstreams:
        """The clients and routes for new requests; only while the gateway runs."""
        return self.generations.upstreams

    def upstream_status(self) -> dict[str, Any]:
        """How each upstream does whose failures are counted; nothing where the gateway does not run."""
        return {} if self._generations is None else self._generations.upstreams.status()

    @property
    def generations(self) -> Generations:
        """The clients and who uses them; only while the gateway runs."""
        assert self._generations is not None, "the gateway is not running"
        return self._generations

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Holds the upstream client open, and the audit trail open behind it; `sender` is for others to close."""
        self._generations = Generations(self._upstreams())
        try:
            async with self.tenancy.running():
                yield
        finally:
            try:
                await self._generations.close()
            finally:
                if self._recorder is not None:
                    self._recorder.close()

    def adopt(self, settings: Settings, guard: Guard | None) -> None:
        """Put other settings and another guard in force, for exchanges that begin from now on."""
        changed = any(getattr(settings, name) != getattr(self.settings, name) for name in _CLIENT_FIELDS)
        self.settings = settings
        before, self._guard = self._guard, guard
        if guard is not None:
            self.metrics.in_force(guard.policy)
            if before is None or before.policy.hash != guard.policy.hash:
                self.tenancy.announce(guard.policy.hash)
        if changed:
            self.generations.replace(self._upstreams())

    def _upstreams(self) -> Upstreams:
        return Upstreams(self.settings, lambda: self.tenancy.store, self._upstream_metrics)

    def refresh(self) -> None:
        """Bring the metrics up to what classifiers, memo, recorder and servers have counted."""
        self._connection_metrics.refresh()
        self.metrics.refresh(None if self._guard is None else self._guard.judging, self._recorder)

    def note(self, reloaded: Reloaded) -> None:
        """Keep and count the outcome of a reload."""
        self.reloaded = reloaded
        self.metrics.reloaded(ok=reloaded.ok, pending=len(reloaded.pending))

    def record(
        self,
        verdict: Verdict,
        parts: tuple[Part, ...],
        *,
        identity: str,
        delivery: str,
        added: float,
        upstream: float,
        exposed: int,
        usage: Mapping[str, Any] | None = None,
    ) -> None:
        """Tell the caller's ticket, and write the audit record where records are kept; times in seconds."""
        ticket = TICKET.get()
        if ticket is not None:
            ticket.note(verdict, delivery, usage=usage_of(usage))
        if log.isEnabledFor(logging.INFO):
            log.info("exchange", extra={FIELDS: _told(verdict, identity, delivery, added=added, upstream=upstream)})
        if self._recorder is None:
            return
        self._recorder.write(
            Record(
                id=identity,
                time=now(),
                surface="gateway",
                verdict=verdict,
                delivery=delivery,
                tenant=ticket.caller.tenant if ticket is not None and ticket.caller.key else self.settings.tenant,
                added_ms=round(added * 1000, 3),
                upstream_ms=round(upstream * 1000, 3),
                rounds=len(verdict.rounds),
                exposed=exposed,
                parts=recorded(parts, key=self._hash_key),
            )
        )


def _recorder(settings: Settings, otlp: OtlpRecords | None) -> Recorder | None:
    if not settings.record:
        return None
    return Recorder(
        settings.record,
        key=audit_key(),
        max_bytes=settings.record_max_bytes,
        keep=settings.record_keep,
        also=None if otlp is None else otlp.write,
    )


def _told(verdict: Verdict, identity: str, delivery: str, *, added: float, upstream: float) -> dict[str, object]:
    """An exchange as a log line tells it: no content, no caller."""
    return {
        "id": identity,
        "verdict": verdict.action.value,
        "delivery": delivery,
        "policy": f"{verdict.policy}@{verdict.policy_hash}",
        "rounds": len(verdict.rounds),
        "judged": len(verdict.coverage.judged),
        "unjudged": len(verdict.coverage.unjudged),
        "added_ms": round(added * 1000, 3),
        "upstream_ms": round(upstream * 1000, 3),
    }


def unfinished(guard: Guard, parts: tuple[Part, ...], *, reason: str) -> Verdict:
    """What can be said of an exchange that ended before its verdict: that its parts have no judgement that counts."""
    missed = tuple(Missed(part=part.path, reason=reason, action=Action.FLAG) for part in parts)
    return Verdict(
        action=Action.FLAG,
        coverage=Coverage(unjudged=missed),
        policy=guard.policy.name,
        policy_hash=guard.policy.hash,
        models=guard.rules.models,
        mode=guard.policy.mode,
    )
