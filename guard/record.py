"""The audit record: what was decided, about which parts, for whom, and never what they said."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from ..models.content import Kind, Part, Role, Text, digest, kind_of
from ..policies.verdict import Verdict
from .audit import HASH_VARIABLE as KEY_VARIABLE
from .trail import Trail

Surface: TypeAlias = Literal["gateway", "decorator", "cli", "filter"]


class RecordedPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part as the record knows it: where it stood, its keyed digest and its length, never its content.

    `length` counts characters of a text and bytes of anything else.
    """

    path: str
    kind: Kind
    role: Role
    digest: str
    length: int


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the audit trail; `time` is UTC, times are milliseconds, `exposed` counts released characters.

    `delivery` says what the caller got: `delivered`, `refused`, `supported`, `cut`, `withheld` or `client_gone`.
    """

    id: str
    time: str
    surface: Surface
    verdict: Verdict
    delivery: str
    tenant: str | None = None
    added_ms: float = 0.0
    upstream_ms: float = 0.0
    rounds: int = 0
    exposed: int = 0
    parts: tuple[RecordedPart, ...] = ()


def new_id() -> str:
    """32 hex digits that sort by time: a UUID version 7."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10)) >> 6
    value = milliseconds << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    return f"{value:032x}"


def now() -> str:
    """The present time in UTC to the millisecond, as records carry it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def hash_key(environment: Mapping[str, str] = os.environ) -> bytes:
    """The key of all digests: HEADGATE_HASH_KEY, or a random one, with which digests of two runs never match."""
    given = environment.get(KEY_VARIABLE, "")
    return given.encode("utf-8", "surrogateescape") if given else secrets.token_bytes(32)


def recorded(parts: Iterable[Part], *, key: bytes) -> tuple[RecordedPart, ...]:
    """The parts as the record keeps them."""
    return tuple(
        RecordedPart(
            path=part.path, kind=kind_of(part), role=part.role, digest=digest(part, key=key), length=_length(part)
        )
        for part in parts
    )


def encoded(record: Record) -> bytes:
    """The record as one line, not yet sealed; the verdict in it has the bytes of `Verdict.to_json`."""
    return msgspec.json.encode(record, order="sorted") + b"\n"


class Recorder:
    """Appends records as sealed JSON lines to a file, to stderr (`"-"`) or nowhere (None); safe from any thread.

    Several processes may share a file: one chain runs through it (see `guard/audit.py`), sealed with `key`. `also`
    gets each line that was written. A write that fails loses the record, not the request: `lost` counts them.
    """

    def __init__(
        self,
        target: Path | str | None = None,
        *,
        key: bytes | None = None,
        max_bytes: int = 0,
        keep: int = 0,
        also: Callable[[bytes], None] | None = None,
    ) -> None:
        self.written = 0
        self.lost = 0
        self._lock = threading.Lock()
        self._trail = None if target is None else Trail(target, key=key, max_bytes=max_bytes, keep=keep)
        self._also = also

    def write(self, record: Record) -> None:
        """Append one record; never raises."""
        with self._lock:
            if self._trail is None:
                return
            try:
                line = self._trail.append(encoded(record)[:-1])
            except OSError:
                self.lost += 1
                return
            self.written += 1
        if self._also is not None:
            self._also(line)

    def close(self) -> None:
        """Close the file; records written afterwards go nowhere."""
        with self._lock:
            if self._trail is not None:
                self._trail.close()
            self._trail = None


def _length(part: Part) -> int:
    if isinstance(part, Text):
        return len(part.text)
    return len(part.data) or len(getattr(part, "url", ""))
