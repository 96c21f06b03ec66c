"""The audit record: what was decided, about which parts, for whom, and never what they said."""

from __future__ import annotations

import os
import secrets
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from ..models.content import Kind, Part, Role, Text, digest, kind_of
from ..models.errors import ConfigError
from ..policies.verdict import Verdict

Surface: TypeAlias = Literal["gateway", "decorator", "cli", "filter"]

KEY_VARIABLE: Final = "HEADGATE_HASH_KEY"


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
    random = secrets.randbits(74)
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
    """The record as one line; the verdict in it has the bytes of `Verdict.to_json`."""
    return msgspec.json.encode(record, order="sorted") + b"\n"


class Recorder:
    """Appends records as JSON lines to a file, to stderr (`"-"`) or nowhere (None); safe to call from any thread.

    One record is one write to a file opened for appending, so that several processes may share it.
    A write that fails loses the record, not the request: `lost` counts them.
    """

    def __init__(self, target: Path | str | None = None) -> None:
        self.written = 0
        self.lost = 0
        self._lock = threading.Lock()
        self._fd = _open(target)
        self._owned = target not in (None, "-")

    def write(self, record: Record) -> None:
        """Append one record; never raises."""
        with self._lock:
            if self._fd is None:
                return
            line = encoded(record)
            try:
                whole = os.write(self._fd, line) == len(line)
            except OSError:
                whole = False
            if whole:
                self.written += 1
            else:
                self.lost += 1

    def close(self) -> None:
        """Close the file; records written afterwards go nowhere."""
        with self._lock:
            if self._fd is not None and self._owned:
                os.close(self._fd)
            self._fd = None


def _open(target: Path | str | None) -> int | None:
    if target is None:
        return None
    if target == "-":
        return sys.stderr.fileno()
    try:
        return os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigError(f"cannot write audit records to {target}: {error.strerror}") from error


def _length(part: Part) -> int:
    if isinstance(part, Text):
        return len(part.text)
    return len(part.data) or len(getattr(part, "url", ""))
