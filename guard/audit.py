"""The chain through an audit trail: each line is sealed together with the seal of the line before it.

A line that is removed, changed, added or moved breaks the chain at its place. What a chain alone cannot show is that
its newest lines were cut off: compare the number of records, or the last seal, with one that was kept elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from ..models.errors import InputError

HASH_VARIABLE: Final = "HEADGATE_HASH_KEY"
AUDIT_VARIABLE: Final = "HEADGATE_AUDIT_KEY"

GENESIS: Final = "0" * 32
"""What the first line of a trail follows."""
UNKEYED: Final = "none"
"""The key of a trail that was sealed without one: loss shows in it, forgery does not."""

_CHAIN: Final = re.compile(
    rb',"chain":\{"seq":([0-9]{1,18}),"prev":"([0-9a-f]{32})","key":"([0-9a-f]{8}|none)","seal":"([0-9a-f]{32})"\}\}$'
)


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a sealed line: its number from 0, the seal before it, the key's id and its own seal."""

    seq: int
    prev: str
    key: str
    seal: str


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """The first line that does not fit, counted from 1, and why."""

    file: str
    line: int
    reason: str


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What a trail holds: lines `first` to `last` by their numbers, the last seal, and the first fault if there is one.

    `keyed` is False where anybody could have sealed it.
    """

    lines: int
    first: int | None = None
    last: int | None = None
    seal: str = GENESIS
    keyed: bool = False
    fault: Fault | None = None


class _Dropped(msgspec.Struct):
    """A line that says which numbers were let go on purpose."""

    dropped_through: int | None = None


def audit_key(environment: Mapping[str, str] = os.environ) -> bytes | None:
    """The key of seals: HEADGATE_AUDIT_KEY, or one derived from HEADGATE_HASH_KEY; None where neither is set."""
    if given := environment.get(AUDIT_VARIABLE, ""):
        return given.encode("utf-8", "surrogateescape")
    if shared := environment.get(HASH_VARIABLE, ""):
        return hmac.digest(shared.encode("utf-8", "surrogateescape"), b"headgate audit key", "sha256")
    return None


def sealed(body: bytes, *, seq: int, prev: str, key: bytes | None) -> bytes:
    """A JSON object as a line of the trail, with its link as the last member."""
    name, seal = key_id(key), _seal(body, seq=seq, prev=prev, key=key)
    link = f',"chain":{{"seq":{seq},"prev":"{prev}","key":"{name}","seal":"{seal}"}}}}\n'
    return body[:-1] + link.encode()


def link_of(line: bytes) -> Link | None:
    """The link of a line (its newline left out), None where it has none."""
    found = _CHAIN.search(line)
    if found is None:
        return None
    return Link(seq=int(found[1]), prev=found[2].decode(), key=found[3].decode(), seal=found[4].decode())


def dropping(through: int) -> bytes:
    """The body of the line that stands for the records up to this number, which were let go on purpose."""
    return b'{"dropped_through":%d}' % through


def key_id(key: bytes | None) -> str:
    """By which key a line was sealed, without telling the key."""
    return UNKEYED if key is None else hmac.digest(key, b"headgate key id", "sha256").hex()[:8]


def verify(files: Iterable[Path], *, key: bytes | None) -> Verified:
    """Follow the chain through files, oldest first, up to the first line that does not fit."""
    work = _Verification(key)
    for file in files:
        for number, line in enumerate(_lines(file), start=1):
            if reason := work.take(line):
                return work.result(Fault(file=str(file), line=number, reason=reason))
            work.place = work.place or (str(file), number)
    return work.result()


class _Verification:
    def __init__(self, key: bytes | None) -> None:
        self.key = key
        self.name = key_id(key)
        self.lines = 0
        self.first: int | None = None
        self.before: Link | None = None
        self.dropped = -1
        self.place: tuple[str, int] | None = None

    def take(self, line: bytes) -> str | None:
        """Why a line does not fit; None where it does."""
        link = link_of(line)
        if link is None:
            return "is not a sealed record"
        if link.key != self.name:
            return _other_key(link.key, self.name)
        body = line[: line.rindex(b',"chain":{')] + b"}"
        if not hmac.compare_digest(link.seal, _seal(body, seq=link.seq, prev=link.prev, key=self.key)):
            return "was changed: its seal does not fit"
        if reason := self._follows(link):
            return reason
        self.lines += 1
        self.first = link.seq if self.first is None else self.first
        self.before = link
        if b'"dropped_through"' in body[:20]:
            self.dropped = max(self.dropped, msgspec.json.decode(body, type=_Dropped).dropped_through or -1)
        return None

    def _follows(self, link: Link) -> str | None:
        if self.before is None:
            return None if link.seq or link.prev == GENESIS else "is numbered 0 and follows another line"
        expected = self.before.seq + 1
        if link.seq > expected:
            lost = f"record {expected} is" if link.seq == expected + 1 else f"records {expected} to {link.seq - 1} are"
            return f"{lost} missing before it"
        if link.seq < expected:
            return f"is record {link.seq} where record {expected} belongs"
        return None if link.prev == self.before.seal else "does not follow the line before it"

    def result(self, fault: Fault | None = None) -> Verified:
        if fault is None and self.first and self.first > self.dropped + 1 and self.place is not None:
            reason = f"starts at record {self.first}: what came before is not here"
            fault = Fault(file=self.place[0], line=self.place[1], reason=reason)
        return Verified(
            lines=self.lines,
            first=self.first,
            last=None if self.before is None else self.before.seq,
            seal=GENESIS if self.before is None else self.before.seal,
            keyed=self.key is not None,
            fault=fault,
        )


def _seal(body: bytes, *, seq: int, prev: str, key: bytes | None) -> str:
    message = f"{seq}:{prev}:".encode() + body
    found = hashlib.sha256(message).digest() if key is None else hmac.digest(key, message, "sha256")
    return found.hex()[:32]


def _other_key(found: str, wanted: str) -> str:
    if found == UNKEYED:
        return "was sealed without a key"
    if wanted == UNKEYED:
        return f"was sealed with a key: set {AUDIT_VARIABLE} or {HASH_VARIABLE}"
    return "was sealed with another key"


def _lines(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as handle:
            for line in handle:
                yield line.removesuffix(b"\n")
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}", param="files") from error
