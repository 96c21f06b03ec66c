"""Puts a changed policy or configuration in force while requests go on; a bad file changes nothing and is told."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from ..guard.guard import Guard
from ..guard.record import now
from ..models.errors import HeadgateError
from ..policies.diagnostics import Diagnostic, PolicyError, errors
from ..policies.load import load_source
from ..policies.tree import chain
from .config import Settings
from .origin import Origin, settings_of
from .state import Gateway, Reloaded

log = logging.getLogger("headgate")

LIVE: Final = frozenset(
    {
        "policy",
        "upstream",
        "upstreams",
        "routes",
        "breaker",
        "upstream_key",
        "key_overrides",
        "connect_timeout",
        "read_timeout",
        "keep_alive",
        "max_body",
        "tenant",
    }
)
"""The settings that a reload puts in force; any other waits for a restart, and is told to."""

_Marks: TypeAlias = "tuple[tuple[int, int, int] | None, ...]"


class _Fresh(msgspec.Struct, frozen=True, kw_only=True):
    """What the files say now."""

    settings: Settings
    guard: Guard | None


class Reloader:
    """Looks at the files of one gateway and reloads what has changed.

    A change that was found is loaded at the next look if it stands by then, so that no half-written file is.
    """

    def __init__(self, gateway: Gateway, origin: Origin | None = None, *, follows: bool = True) -> None:
        self._gateway = gateway
        self._origin = origin
        self._follows = follows
        self._woken = asyncio.Event()
        self._loaded = self._seen = self._marks()

    def wake(self) -> None:
        """Load everything anew at once, changed or not; for signal handlers on the event loop."""
        self._woken.set()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            seconds = self._gateway.settings.reload_seconds
            try:
                async with asyncio.timeout(seconds or None):
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._gateway.refresh()
            woken = self._woken.is_set()
            self._woken.clear()
            await self.look(anyhow=woken)

    async def look(self, *, anyhow: bool = False) -> None:
        """Load what has changed since it was loaded last and did not change since the last look; or everything."""
        marks = self._marks()
        settled, self._seen = marks == self._seen, marks
        if not anyhow and (marks == self._loaded or not settled):
            return
        self._loaded = marks
        try:
            self._adopt(await asyncio.to_thread(self._load))
        except HeadgateError as error:
            self._fail(error)

    def _load(self) -> _Fresh:
        gateway = self._gateway
        settings = settings_of(self._origin) if self._origin is not None else gateway.settings
        guard = gateway.guard
        if guard is not None and settings.guarded and self._follows:
            guard = guard.under(settings.policy)
        return _Fresh(settings=settings, guard=guard)

    def _adopt(self, fresh: _Fresh) -> None:
        gateway = self._gateway
        old, new = _values(gateway.settings), _values(fresh.settings)
        live = LIVE if (gateway.guard is not None) == fresh.settings.guarded else LIVE - {"policy"}
        pending = tuple(sorted(name for name in new if new[name] != old[name] and name not in live))
        taken = {name: value for name, value in new.items() if name in live}
        # The models are shared, so that requests which go on under the old policy are judged by what is still open.
        gateway.adopt(msgspec.structs.replace(gateway.settings, **taken), fresh.guard)
        gateway.note(Reloaded(at=now(), ok=True, pending=pending))
        policy = f"{fresh.guard.policy.name}@{fresh.guard.policy.hash}" if fresh.guard is not None else "off"
        log.warning("reloaded; the policy in force is %s", policy)
        if pending:
            log.warning("a restart is needed for: %s", ", ".join(pending))

    def _fail(self, error: HeadgateError) -> None:
        words = _words(error)
        self._gateway.note(Reloaded(at=now(), ok=False, error=words))
        log.error("not reloaded, what was in force stays so: %s", words)

    def _marks(self) -> _Marks:
        paths = [] if self._origin is None or self._origin.file is None else [self._origin.file]
        settings = self._gateway.settings
        if settings.guarded and self._follows:
            paths += [source.file for source in chain(load_source(settings.policy)) if not source.shipped]
            guard = self._gateway.guard
            paths += [entry.file for entry in guard.policy.lists if entry.file] if guard is not None else []
        return tuple(_mark(path) for path in paths)


def _values(settings: Settings) -> dict[str, Any]:
    return msgspec.structs.asdict(settings)


def _mark(path: str) -> tuple[int, int, int] | None:
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _words(error: HeadgateError) -> str:
    """The fault in one line; of a file with several faults the first and how many there are."""
    # Here, so that a gateway without such a file waits for nothing that reads one.
    from .settings_file import SettingsError

    if not isinstance(error, (PolicyError, SettingsError)):
        return str(error).partition("\n")[0]
    found: list[Diagnostic] = errors(error.diagnostics)
    first = f"{found[0].file}:{found[0].line}:{found[0].column}: {found[0].message}"
    return first if len(found) == 1 else f"{first} (and {len(found) - 1} more)"
