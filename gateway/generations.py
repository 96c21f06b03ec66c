"""Which upstream client a request began with, so that a reload closes the old one after its last request."""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from .upstream import Upstream


class Generation(msgspec.Struct, eq=False):
    """An upstream client, and how many requests under way began while it was the newest."""

    upstream: Upstream
    active: int = 0


class Generations:
    """The upstream clients of a gateway, oldest first; the last one is in use for new requests.

    A request may take the newest client at any time after it began, so a client is closed when every request has ended
    that began before it was replaced.
    """

    def __init__(self, upstream: Upstream) -> None:
        self._kept = deque([Generation(upstream)])
        self._closing: set[asyncio.Future[None]] = set()

    @property
    def upstream(self) -> Upstream:
        """The newest client."""
        return self._kept[-1].upstream

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

    def replace(self, upstream: Upstream) -> None:
        """Put a new client in use; the old one is closed when nobody uses it any more."""
        self._kept.append(Generation(upstream))
        self._close_old()

    async def close(self) -> None:
        """Close every client now."""
        for generation in self._kept:
            await generation.upstream.close()
        await asyncio.gather(*self._closing)

    def _close_old(self) -> None:
        while len(self._kept) > 1 and self._kept[0].active == 0:
            done = asyncio.ensure_future(self._kept.popleft().upstream.close())
            self._closing.add(done)
            done.add_done_callback(self._closing.discard)
