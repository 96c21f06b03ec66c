"""A circuit breaker for one upstream: after failures in a row nobody asks it for a while, and then one does first.

Failures are points in the gateway's store, and halve with time: replicas that share a Redis count together, and each
stops asking with the first failure of its own by which the shared count is reached. Without Redis each counts alone.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from ..guard.store.protocol import Entry, Step, Store, Strike
from ..models.errors import StoreError

HALF_LIFE: Final = 10.0
SECONDS: Final = 5.0
"""How fast failures are forgotten, and how long nobody asks."""

State: TypeAlias = Literal["closed", "open", "half_open"]


class Breaker:
    """`failures` close together open it; 0: it never opens. `store` gives the store of the moment."""

    def __init__(
        self,
        name: str,
        failures: int,
        store: Callable[[], Store],
        *,
        clock: Callable[[], float] = time.time,
        watch: Callable[[State], None] = lambda _: None,
    ) -> None:
        self._key = f"{{upstream}}:s:{name}"
        self._failures = failures
        self._store = store
        self._clock = clock
        self._watch = watch
        self._until = 0.0
        self._probing = False

    @property
    def state(self) -> State:
        """Whether upstream is asked: `half_open` is one request at a time, until one has succeeded."""
        if not self._until:
            return "closed"
        return "open" if self._clock() < self._until else "half_open"

    @property
    def seconds(self) -> float:
        """How long nobody may ask; 0.0 where somebody may."""
        if not self._until:
            return 0.0
        left = self._until - self._clock()
        if left > 0:
            return left
        return 1.0 if self._probing else 0.0

    def asked(self) -> None:
        """Somebody asks; while it is half open nobody else does, until this one's end was told."""
        if self._until:
            self._probing = True

    def gave_up(self) -> None:
        """Whoever asked went away before there was an answer."""
        self._probing = False

    async def succeeded(self) -> None:
        """Upstream answered."""
        self._probing = False
        if not self._until:
            return
        self._until = 0.0
        self._watch("closed")
        with contextlib.suppress(StoreError):
            await self._store().forget([self._key])

    async def failed(self) -> None:
        """Upstream did not answer, broke off, or said that it is not well."""
        if not self._failures:
            return
        # Who fails after a pause has used up its credit.
        points = float(self._failures) if self._probing else 1.0
        self._probing = False
        # Just under the number, as the first of them is a little forgotten when the last one comes.
        step = Step(points=self._failures - 0.5, seconds=SECONDS)
        strike = Strike(key=self._key, points=points, half_life=HALF_LIFE, steps=(step,))
        now = self._clock()
        found = await self._store().enter(Entry(strikes=(strike,)), now=now)
        until = found.standings[0].until
        if until > now and until > self._until:
            self._until = until
            self._watch("open")
