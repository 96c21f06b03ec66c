"""Whether the gateway lives, and whether it is fit to judge."""

from __future__ import annotations

import asyncio
import time
from typing import Any

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
        """What `/readyz` answers; `ready` is true only where the models are loaded and judge the probe right."""
        guard = self._gateway.guard
        if guard is None:
            return {"ready": True, "policy": {"name": OFF}, "models": [], "probe": "off"}
        passed = await self._probe()
        policy = guard.policy
        return {
            "ready": passed,
            "policy": {"name": policy.name, "hash": policy.hash, "mode": policy.mode},
            "models": list(guard.rules.models),
            "probe": "passed" if passed else "failed",
        }

    async def _probe(self) -> bool:
        async with self._lock:
            guard = self._gateway.guard
            if guard is not None and time.monotonic() - self._asked > _PROBE_SECONDS:
                self._passed = await asyncio.to_thread(guard.probe)
                self._asked = time.monotonic()
            return self._passed
