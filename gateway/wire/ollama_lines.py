"""Newline-delimited JSON, in any chunking, as Ollama streams it."""

from __future__ import annotations

from ...models.errors import UpstreamError
from .sse import LARGEST_EVENT


class LineParser:
    """Joins bytes to lines; empty ones are skipped. Raises UpstreamError where a line grows over `limit` bytes."""

    def __init__(self, *, limit: int = LARGEST_EVENT) -> None:
        self._limit = limit
        self._tail: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Each line that `chunk` completes, in order."""
        *whole, rest = chunk.split(b"\n")
        lines: list[bytes] = []
        for part in whole:
            lines.append(b"".join([*self._tail, part]))
            self._tail.clear()
            self._size = 0
        self._tail.append(rest)
        self._size += len(rest)
        if self._size > self._limit or any(len(line) > self._limit for line in lines):
            raise UpstreamError(f"upstream sent a line of more than {self._limit} bytes", status=502)
        return [line for line in lines if line.strip()]

    def finish(self) -> list[bytes]:
        """The line that the stream ended in, for servers that leave out the last newline."""
        rest = b"".join(self._tail)
        self._tail.clear()
        self._size = 0
        return [rest] if rest.strip() else []
