"""A streamed response: frames written together once per turn of the event loop, and comments while nothing comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from .asgi import EVENTS, Headers, Send
from .wire.sse import KEEP_ALIVE

_HIGH_WATER: Final = 256 * 1024


class EventStream:
    """Owns the sending side of one response; `run` must be a task of its own while others call `write`.

    Headers leave with the first frame, or with a keep-alive comment after `keep_alive` seconds of silence, so that
    until then the response may still become something else. `comment` is what is sent in silence.
    """

    def __init__(
        self,
        send: Send,
        *,
        keep_alive: float,
        headers: Callable[[], Headers],
        comment: bytes = KEEP_ALIVE,
        content_type: bytes = EVENTS[0][1],
    ) -> None:
        self.started = False
        self._send = send
        self._keep_alive = keep_alive
        self._headers = headers
        self._comment = comment
        self._content_type = content_type
        self._frames: list[bytes] = []
        self._waiting = 0
        self._closed = False
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    @property
    def committed(self) -> bool:
        """Whether something was sent or waits to be: the response is a stream now, whatever comes."""
        return self.started or bool(self._frames)

    async def write(self, frame: bytes) -> None:
        """Queue a frame; waits where the client reads slower than frames come."""
        self._frames.append(frame)
        self._waiting += len(frame)
        self._wake.set()
        if self._waiting > _HIGH_WATER:
            self._room.clear()
            await self._room.wait()

    def close(self) -> None:
        """No more frames come; `run` sends what waits and ends. Nothing is sent where nothing was ever written."""
        self._closed = True
        self._wake.set()

    async def run(self) -> None:
        """Send until closed."""
        while True:
            try:
                async with asyncio.timeout(self._keep_alive):
                    await self._wake.wait()
            except TimeoutError:
                # Frames may have come in the very turn that silence ended: nothing stands behind the last of them.
                if not (self._frames or self._closed):
                    self._frames.append(self._comment)
            self._wake.clear()
            await self._flush()
            if self._closed:
                break
        if self.started:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _flush(self) -> None:
        if not self._frames:
            return
        data = b"".join(self._frames)
        self._frames.clear()
        self._waiting = 0
        if not self.started:
            self.started = True
            head = [(b"content-type", self._content_type), *EVENTS[1:], *self._headers()]
            await self._send({"type": "http.response.start", "status": 200, "headers": head})
        await self._send({"type": "http.response.body", "body": data, "more_body": True})
        self._room.set()
