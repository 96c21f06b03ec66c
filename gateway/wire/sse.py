"""Server-sent events, both ways: a parser that takes bytes in any chunking, and the frames we write."""

from __future__ import annotations

from typing import Final

from ...models.errors import UpstreamError

KEEP_ALIVE: Final = b": keep-alive\n\n"
DONE: Final = b"data: [DONE]\n\n"
LARGEST_EVENT: Final = 16 * 1024 * 1024
"""Bytes that one event may have; a line without an end must not fill the memory."""

_BOM = b"\xef\xbb\xbf"


class SseParser:
    """Joins bytes to events and gives each event's data; comments and other fields are skipped.

    Lines end with LF, CR or CRLF, also where a CRLF or a multi-byte character is split over two chunks.
    Raises UpstreamError where an event grows over `limit` bytes.
    """

    def __init__(self, *, limit: int = LARGEST_EVENT) -> None:
        self._limit = limit
        self._tail: list[bytes] = []
        self._data: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._first = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of each event that `chunk` completes, in order."""
        if not chunk:
            return []
        if self._after_cr:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        self._after_cr = chunk.endswith(b"\r")
        lines = chunk.splitlines(keepends=True)
        self._size += len(chunk)
        events: list[bytes] = []
        for line in lines:
            if not line.endswith((b"\n", b"\r")):
                self._tail.append(line)
                break
            if self._tail:
                line = b"".join([*self._tail, line])
                self._tail.clear()
            self._line(line.rstrip(b"\r\n"), events)
        if self._size > self._limit:
            raise UpstreamError(f"upstream sent a stream event of more than {self._limit} bytes", status=502)
        return events

    def finish(self) -> list[bytes]:
        """The data of an event that the stream ended in, for servers that leave out the last blank line."""
        events: list[bytes] = []
        if self._tail:
            self._line(b"".join(self._tail), events)
            self._tail.clear()
        self._line(b"", events)
        return events

    def _line(self, line: bytes, events: list[bytes]) -> None:
        if self._first:
            line = line.removeprefix(_BOM)
            self._first = False
        if not line:
            if self._data:
                events.append(b"\n".join(self._data))
                self._data.clear()
            self._size = 0
        elif line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        elif line == b"data":
            self._data.append(b"")


def event(data: bytes) -> bytes:
    """One event with this data, each of its lines in a `data:` field of its own."""
    if b"\n" not in data and b"\r" not in data:
        return b"data: " + data + b"\n\n"
    return b"".join(b"data: " + line + b"\n" for line in (data + b"\n").splitlines()) + b"\n"


def comment(text: bytes) -> bytes:
    """A comment line, which clients skip; line ends in it become spaces."""
    return b": " + b" ".join(text.splitlines()) + b"\n\n"
