"""Who calls: the key in a request's headers, and the file of keys, read again when it changes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from ..guard.guard import Guard
from ..guard.keys import PREFIX, Key, KeyFile, KeyRing, read_keys
from ..guard.limit import Limit, parse_limits
from ..models.errors import HeadgateError
from .asgi import Headers, Scope
from .ticket import Caller

log = logging.getLogger("headgate")

_HEADERS: Final = (b"x-headgate-key", b"authorization", b"x-api-key", b"api-key")
_PREFIX: Final = PREFIX.encode()


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A caller with the guard of its policy; None where the gateway's own judges it."""

    caller: Caller
    guard: Guard | None = None


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    ring: KeyRing
    callers: dict[str, Known]
    marks: tuple[int, ...]


class KeyBook:
    """The keys of one file, ready to be asked.

    `under` makes the guard of a policy, `limits` hold for tenants that the file says nothing else about. Raises
    ConfigError where the file, one of its policies or one of its limits is wrong.
    """

    def __init__(self, path: str | Path, *, under: Callable[[str], Guard | None], limits: Iterable[Limit] = ()) -> None:
        self._path = Path(path)
        self._under = under
        self._limits = tuple(limits)
        self._read = self._load()
        self.fault: str | None = None

    def find(self, secret: str) -> Known | None:
        """Whoever this key belongs to; None where it is unknown or revoked."""
        key = self._read.ring.find(secret)
        return self._read.callers[key.id] if key is not None else None

    def look(self) -> None:
        """Read the file again if it has changed; one that is wrong changes nothing, and `fault` says why. Blocks."""
        if self._marks(self._read.ring.file) == self._read.marks and self.fault is None:
            return
        try:
            self._read = self._load()
            self.fault = None
        except HeadgateError as error:
            if self.fault is None:
                log.error("the keys were not read again: %s", error)
            self.fault = str(error)

    def _load(self) -> _Read:
        file = read_keys(self._path)
        # Taken before the policies are read: a change in between is seen at the next look.
        marks = self._marks(file)
        ring = KeyRing(file)
        guards: dict[str, Guard | None] = {}
        callers = {}
        for key in file.keys:
            policy = key.policy or ring.tenant(key.tenant).policy
            if policy is not None and policy not in guards and key.revoked is None:
                guards[policy] = self._under(policy)
            guard = guards.get(policy) if policy is not None else None
            callers[key.id] = Known(caller=self._caller(ring, key, policy), guard=guard)
        return _Read(ring=ring, callers=callers, marks=marks)

    def _caller(self, ring: KeyRing, key: Key, policy: str | None) -> Caller:
        mine = parse_limits(ring.tenant(key.tenant).limits)
        named = {limit.name for limit in mine}
        shared = (*mine, *(limit for limit in self._limits if limit.name not in named))
        return Caller(tenant=key.tenant, key=key.id, policy=policy, own=parse_limits(key.limits), shared=shared)

    def _marks(self, file: KeyFile) -> tuple[int, ...]:
        named = {key.policy for key in file.keys} | {tenant.policy for tenant in file.tenants.values()}
        return tuple(_mark(path) for path in (self._path, *(Path(policy) for policy in sorted(filter(None, named)))))


def secret_of(scope: Scope) -> str | None:
    """The Headgate key in a request: in `x-headgate-key`, or where the dialects put theirs."""
    found: dict[bytes, bytes] = {name: value for name, value in scope["headers"] if name in _HEADERS}
    for name in _HEADERS:
        value = found.get(name, b"")
        token = value[7:].strip() if value[:7].lower() == b"bearer " else value
        if token.startswith(_PREFIX):
            return token.decode("latin-1")
    return None


def without_secret(headers: Headers) -> Headers:
    """The headers without any key of ours: upstream must not learn it."""
    return [(name, value) for name, value in headers if name not in _HEADERS or _PREFIX not in value]


def _mark(path: Path) -> int:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return 0
    return hash((found.st_mtime_ns, found.st_size, found.st_ino))
