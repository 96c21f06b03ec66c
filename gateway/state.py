"""What every request of one gateway shares: settings, guard, upstream client, counters and the audit trail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..guard.guard import Guard
from ..guard.record import Record, Recorder, hash_key, now, recorded
from ..models.content import Part
from ..policies.verdict import Action, Coverage, Missed, Verdict
from .config import Settings
from .metrics import Metrics
from .upstream import Upstream


class Gateway:
    """The shared state; `guard` is None where the guard is off. `running` opens and closes the upstream client."""

    def __init__(self, settings: Settings, guard: Guard | None) -> None:
        self.settings = settings
        self.guard = guard
        self.metrics = Metrics()
        self._recorder = Recorder(settings.record) if settings.record else None
        self._hash_key = hash_key()
        self._upstream: Upstream | None = None
        if guard is not None:
            self.metrics.in_force(guard.policy.name, guard.policy.hash, guard.policy.mode)

    @property
    def upstream(self) -> Upstream:
        """The client; only while the gateway runs."""
        assert self._upstream is not None, "the gateway is not running"
        return self._upstream

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Holds the upstream client open, and the audit trail open behind it."""
        self._upstream = Upstream(self.settings)
        try:
            yield
        finally:
            await self._upstream.close()
            if self._recorder is not None:
                self._recorder.close()

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
    ) -> None:
        """Write the audit record of an exchange, where records are kept; times in seconds."""
        if self._recorder is None:
            return
        self._recorder.write(
            Record(
                id=identity,
                time=now(),
                surface="gateway",
                verdict=verdict,
                delivery=delivery,
                tenant=self.settings.tenant,
                added_ms=round(added * 1000, 3),
                upstream_ms=round(upstream * 1000, 3),
                rounds=len(verdict.rounds),
                exposed=exposed,
                parts=recorded(parts, key=self._hash_key),
            )
        )


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
