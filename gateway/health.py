"""Whether the gateway lives, and whether it is fit to judge."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

from .config import OFF
from .state import Gateway

_PROBE_SECONDS = 10.0
"""How long a passed or failed probe stands."""


class Readiness:
    """Asks the models to judge a known-bad text, at most once in ten seconds."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._asked = float("-inf")
        self._passed = False
        self._lock = asyncio.Lock()

    async def report(self) -> dict[str, Any]:
        """What `/readyz` answers; `ready` is true only where the models are loaded and judge the probe right.

        It is false as well while the gateway ends. A reload that failed leaves it true: the old policy is in force.
        """
        gateway = self._gateway
        guard, common = gateway.guard, self._common()
        if guard is None:
            return {"ready": not gateway.draining, "policy": {"name": OFF}, "models": [], "probe": "off", **common}
        passed = await self._probe()
        policy = guard.policy
        return {
            "ready": passed and not gateway.draining,
            "policy": {"name": policy.name, "hash": policy.hash, "mode": policy.mode},
            "models": list(guard.rules.models),
            "probe": "passed" if passed else "failed",
            **common,
        }

    def _common(self) -> dict[str, Any]:
        found: dict[str, Any] = {"draining": True} if self._gateway.draining else {}
        if self._gateway.reloaded is not None:
            found["reload"] = msgspec.structs.asdict(self._gateway.reloaded)
        # Another worker may have reloaded what this one could not.
        if len(hashes := self._gateway.metrics.policies()) > 1:
            found["disagree"] = list(hashes)
        if upstreams := self._gateway.upstream_status():
            found["upstreams"] = upstreams
        return found | self._gateway.tenancy.status()

    async def _probe(self) -> bool:
        async with self._lock:
            guard = self._gateway.guard
            if guard is not None and time.monotonic() - self._asked > _PROBE_SECONDS:
                self._passed = await asyncio.to_thread(guard.probe)
                self._asked = time.monotonic()
            return self._passed
