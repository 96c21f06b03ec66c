"""Who may pass and how much: keys, limits and strikes of one gateway, counted in its store."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from ..guard.audit import HASH_VARIABLE as KEY_VARIABLE
from ..guard.guard import Guard
from ..guard.limit import parse_limits
from ..guard.shared_memo import SharedMemo
from ..guard.store.memory import MemoryStore
from ..guard.store.protocol import Entry, Store
from ..guard.store.redis import RedisStore
from ..guard.store.shared import SharedStore, Status
from ..guard.store.standing import decayed
from ..policies.compiled import CompiledPolicy
from .asgi import Headers, Scope
from .auth import KeyBook, Known, secret_of
from .config import OFF, VARIANTS, Settings
from .limit_metrics import LimitMetrics
from .limits import (
    Denied,
    Held,
    ask_of,
    denial,
    entry_of,
    held,
    limit_headers,
    struck_severity,
    subject_of,
    used_tokens,
)
from .sketch import sketch, steers
from .ticket import Caller, Ticket

log = logging.getLogger("headgate")

LOOK_SECONDS: Final = 0.5
"""Between two looks at the file of keys."""
POLICY_NEWS: Final = "policy"
"""The channel on which replicas tell each other the hash of the policy that they have put in force."""
NOBODY: Final = "default"
"""The tenant of callers without a key, where the settings name none."""

_SEVERITIES: Final = ("none", "minor", "moderate", "severe")
_UNKNOWN: Final = Denied(
    status=401,
    reason="unauthorized",
    message="this key is not known here, or was revoked: send one that 'headgate keys create' made",
    code="invalid_api_key",
)
_MISSING: Final = Denied(
    status=401,
    reason="unauthorized",
    message="a key is needed: send 'Authorization: Bearer hg_…', or 'x-headgate-key: hg_…' beside a key for upstream",
    code="missing_api_key",
)


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was let in, its limits, and what it is told about them; `watched` where its answer counts too."""

    ticket: Ticket
    limits: tuple[Held, ...] = ()
    watched: bool = False
    headers: Headers = []

    @property
    def metered(self) -> bool:
        """Whether its tokens have to be known."""
        return any(one.limit.name in ("tokens", "money") for one in self.limits)


class Tenancy:
    """The keys, limits and strikes of one gateway; `running` opens its store.

    `guard` gives the gateway's own guard of the moment, None where it is off. Raises ConfigError for keys or limits
    that are wrong.
    """

    def __init__(
        self,
        settings: Settings,
        guard: Callable[[], Guard | None],
        *,
        metrics: LimitMetrics,
        key: bytes,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store: Store = MemoryStore()
        self._settings = settings
        self._guard = guard
        self._metrics = metrics
        self._key = key
        self._clock = clock
        # Nobody judges where the guard is off: only limits that somebody wrote hold there.
        limits = parse_limits(settings.limits if settings.guarded or settings.limits != VARIANTS else ())
        self._anyone = Known(caller=Caller(tenant=settings.tenant or NOBODY, shared=limits))
        self._keys = KeyBook(settings.keys, under=self._under, limits=limits) if settings.keys else None
        self._held: dict[Caller, tuple[Held, ...]] = {}
        self._held_anyone = held(self._anyone.caller)
        self._only_variants = all(one.limit.name == "variants" for one in self._held_anyone)
        self._news: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Holds the store open and watches the file of keys."""
        if self._settings.redis is not None:
            primary = RedisStore(self._settings.redis, timeout=self._settings.redis_timeout)
            shared = SharedStore(primary, clock=self._clock, watch=self._metrics.store)
            self.store = shared
            await shared.open()
            if not os.environ.get(KEY_VARIABLE):
                log.warning("without %s replicas tell end users and prompts apart each in its own way", KEY_VARIABLE)
        elif self._settings.workers > 1 and (self._keys is not None or self._settings.limits != VARIANTS):
            log.warning(
                "each of %d workers counts limits for itself: --redis makes them count together", self._settings.workers
            )
        guard = self._guard()
        memo = guard.judging.memo if guard is not None else None
        if isinstance(memo, SharedMemo):
            memo.open(self.store)
        watching = asyncio.create_task(self._watch()) if self._keys is not None else None
        try:
            yield
        finally:
            if watching is not None:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
            if isinstance(memo, SharedMemo):
                await memo.close()
            await self.store.close()

    def status(self) -> dict[str, Any]:
        """How the store and the keys do, for `/readyz`; neither makes the gateway unfit to judge."""
        store = self.store.status if isinstance(self.store, SharedStore) else Status(kind="memory", up=True)
        keys = {} if self._keys is None else {"keys": {"ok": self._keys.fault is None, "error": self._keys.fault}}
        return {"store": msgspec.to_builtins(store), **keys}

    def idle(self, known: Known, body: bytes | None = None) -> bool:
        """Whether there is nothing to count for this caller, and nothing that a route has to know of it.

        It may be that only the body tells: then the answer without it is no.
        """
        if known is not self._anyone or self._counts(known):
            return False
        return not self._held_anyone or (self._only_variants and body is not None and not steers(body))

    def known(self, scope: Scope) -> Known | Denied:
        """Whoever sends a request, by its headers alone."""
        if self._keys is None:
            return self._anyone
        secret = secret_of(scope)
        if secret is None:
            return _MISSING
        return self._keys.find(secret) or _UNKNOWN

    def reads_body(self, known: Known) -> bool:
        """Whether a limit or a strike of this caller depends on what it sends."""
        names = {one.limit.name for one in self._limits_of(known.caller)}
        policy = self._policy(known)
        return bool(names & {"tokens", "variants"}) or (policy is not None and policy.counts_strikes)

    async def admit(self, known: Known, body: bytes) -> Admitted | Denied:
        """Count a request and let it in, or say why not; nothing of what is denied counts."""
        policy, now = self._policy(known), self._clock()
        limits = self._limits_of(known.caller)
        names = {one.limit.name for one in limits}
        seen = sketch(
            body,
            variants="variants" in names,
            tokens="tokens" in names,
            user=policy is not None and policy.counts_strikes,
            key=self._key,
        )
        ask = ask_of(known.caller, limits, seen, policy)
        ticket = Ticket(
            caller=known.caller,
            guard=known.guard,
            subject=subject_of(known.caller, seen.user),
            reserved=seen.tokens if "tokens" in names else 0,
        )
        if not (ask.bars or ask.variants or ask.charges):
            return Admitted(ticket=ticket)
        found = await self.store.admit(ask, now=now)
        if policy is not None and found.standings:
            ticket.points = decayed(found.standings[0], half_life=policy.strikes.half_life, now=now)
        if found.denied is not None:
            return denial(found, ask, limits, now=now)
        return Admitted(
            ticket=ticket, limits=limits, watched=True, headers=limit_headers(found.windows, limits, now=now)
        )

    async def account(self, admitted: Admitted, known: Known) -> None:
        """Count what an exchange took and what it was refused for, once it is over."""
        ticket, policy = admitted.ticket, self._policy(known)
        entry = entry_of(ticket, admitted.limits, policy)
        if admitted.metered and used_tokens(ticket) is None:
            self._metrics.unmetered.inc()
        if entry.strikes and ticket.verdict is not None:
            self._metrics.strikes.labels(_SEVERITIES[struck_severity(ticket.verdict)]).inc()
        if entry != Entry():
            await self.store.enter(entry, now=self._clock())

    def denied(self, reason: str) -> None:
        """Count a request that was not let in."""
        self._metrics.denied.labels(reason).inc()

    def announce(self, policy_hash: str) -> None:
        """Tell the other replicas which policy this one has put in force."""
        task = asyncio.create_task(self.store.publish(POLICY_NEWS, policy_hash.encode()))
        self._news.add(task)
        task.add_done_callback(self._news.discard)

    async def follow(self, look: Callable[[], None]) -> None:
        """Calls `look` whenever another replica has another policy, or may have had; until cancelled."""
        first = True
        async for news in self.store.subscribe(POLICY_NEWS):
            guard = self._guard()
            mine = guard.policy.hash.encode() if guard is not None else b""
            if not first and news != mine:
                look()
            first = False

    def _counts(self, known: Known) -> bool:
        """Whether strikes are counted."""
        policy = self._policy(known)
        return policy is not None and policy.counts_strikes

    def _policy(self, known: Known) -> CompiledPolicy | None:
        guard = known.guard or self._guard()
        return guard.policy if guard is not None else None

    def _limits_of(self, caller: Caller) -> tuple[Held, ...]:
        found = self._held.get(caller)
        if found is None:
            if len(self._held) > 10_000:
                self._held.clear()  # callers of files that were read long ago
            found = self._held[caller] = held(caller)
        return found

    def _under(self, policy: str) -> Guard | None:
        own = self._guard()
        return own.under(policy) if own is not None and policy != OFF else own

    async def _watch(self) -> None:
        assert self._keys is not None
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.to_thread(self._keys.look)


def retry_after(denied: Denied) -> Headers:
    """The header that says when to come again; none where that is never."""
    if denied.seconds is None:
        return []
    return [(b"retry-after", b"%d" % max(1, math.ceil(denied.seconds)))]
