"""Puts released text and the end of an exchange into a stream, in the client's dialect."""

from __future__ import annotations

from typing import Any

from ..guard.cuts import restored
from ..guard.effects import Finish, Release
from .errors import Failure
from .event_stream import EventStream
from .source import UpstreamSource
from .wire.dialect import Frames


class StreamSink:
    """The loop's sink for a streamed answer."""

    def __init__(self, stream: EventStream, source: UpstreamSource, frames: Frames[Any]) -> None:
        self._stream = stream
        self._source = source
        self._frames = frames

    async def release(self, release: Release) -> None:
        """Show a text, once the dialect has a place for it."""
        self._source.released += len(release.text)
        await self._write(self._frames.release(release, self._source.answers[-1]))

    async def finish(self, finish: Finish) -> None:
        """The rest of a delivered answer or why there is no more; usage; the verdict."""
        await self._write(self._frames.finish(finish, self._source.outcome(finish), self._source.usage))

    async def error(self, found: Failure) -> None:
        """An error inside a stream that has begun: clients raise it."""
        await self._write(self._frames.error(found))

    async def _write(self, frames: bytes) -> None:
        # An empty frame would commit the response to be a stream.
        if frames:
            await self._stream.write(restored(frames, self._source.words))
