"""Which upstream clients a request began with, so that a reload closes the old ones after its last request."""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from .upstreams import Upstreams


class Generation(msgspec.Struct, eq=False):
    """The upstream clients, and how many requests under way began while they were the newest."""

    upstreams: Upstreams
    active: int = 0


class Generations:
    """The upstream clients of a gateway, oldest first; the last one is in use for new requests.

    A request may take the newest client at any time after it began, so a client is closed when every request has ended
    that began before it was replaced.
    """

    def __init__(self, upstreams: Upstreams) -> None:
        self._kept = deque([Generation(upstreams)])
        self._closing: set[asyncio.Future[None]] = set()

    @property
    def upstreams(self) -> Upstreams:
        """The newest clients."""
        return self._kept[-1].upstreams

    @property
    def active(self) -> int:
        """Requests under way."""
        return sum(generation.active for generation in self._kept)

    def enter(self) -> Generation:
        """A request begins."""
        generation = self._kept[-1]
        generation.active += 1
        return generation

    def leave(self, generation: Generation) -> None:
        """It has ended."""
        generation.active -= 1
        self._close_old()

    def replace(self, upstreams: Upstreams) -> None:
        """Put new clients in use; the old ones are closed when nobody uses them any more."""
        self._kept.append(Generation(upstreams))
        self._close_old()

    async def close(self) -> None:
        """Close every client now."""
        for generation in self._kept:
            await generation.upstreams.close()
        await asyncio.gather(*self._closing)

    def _close_old(self) -> None:
        while len(self._kept) > 1 and self._kept[0].active == 0:
            done = asyncio.ensure_future(self._kept.popleft().upstreams.close())
            self._closing.add(done)
            done.add_done_callback(self._closing.discard)
