"""`unjudged_routes`: what an operator wants passed on although nobody judges it, as `POST /v1/audio/speech`."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from ..models.errors import ConfigError

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
JUDGED: Final = frozenset(
    {
        "/api/chat",
        "/beta/litellm_basic_guardrail_api",
        "/livez",
        "/metrics",
        "/openapi.json",
        "/readyz",
        "/v1/chat/completions",
        "/v1/check",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/evaluate",
        "/v1/health",
        "/v1/heartbeat",
        "/v1/images/generations",
        "/v1/messages",
        "/v1/messages/count_tokens",
        "/v1/models",
        "/v1/moderations",
        "/v1/responses",
        "/v1/videos",
    }
)
"""The paths that are served: none of them may be passed unjudged."""

_PATH: Final = re.compile(r"(/[A-Za-z0-9_.~-]+)+(/\*)?")


class UnjudgedRoute(msgspec.Struct, frozen=True, kw_only=True):
    """One route: everything below `path` where it `goes_on`. `upstream` is None for the only one."""

    method: str
    path: str
    goes_on: bool = False
    upstream: str | None = None

    def covers(self, path: str) -> bool:
        """Whether a path is this one, or below it."""
        return path.startswith(f"{self.path}/") if self.goes_on else path == self.path


def parse_unjudged(lines: Sequence[str], upstreams: Collection[str] = ()) -> tuple[UnjudgedRoute, ...]:
    """The routes of these lines, `METHOD /path[/*] [UPSTREAM]`; ConfigError says which cannot be and why."""
    return tuple(_checked(_parsed(line), line, upstreams) for line in lines)


def _parsed(line: str) -> UnjudgedRoute:
    words = line.split()
    if len(words) not in (2, 3) or words[0] not in METHODS or not _PATH.fullmatch(words[1]):
        wanted = f"METHOD /path, as POST /v1/audio/speech or GET /v1/files/*, with a method of {', '.join(METHODS)}"
        raise ConfigError(f"unjudged_routes: {line[:80]!r} must be {wanted}")
    return UnjudgedRoute(
        method=words[0],
        path=words[1].removesuffix("/*"),
        goes_on=words[1].endswith("/*"),
        upstream=words[2] if len(words) == 3 else None,
    )


def _checked(route: UnjudgedRoute, line: str, upstreams: Collection[str]) -> UnjudgedRoute:
    where = f"unjudged_routes: {line[:80]!r}"
    if found := sorted(path for path in JUDGED if route.covers(path)):
        raise ConfigError(f"{where} covers {', '.join(found)}, which is served: name paths that do not")
    if ".." in route.path.split("/") or "." in route.path.split("/"):
        raise ConfigError(f"{where} must be a path without '.' and '..'")
    if route.upstream is None and upstreams:
        raise ConfigError(f"{where} must name its upstream at the end: {', '.join(upstreams)}")
    if route.upstream is not None and route.upstream not in upstreams:
        known = ", ".join(upstreams) or "there is only one, which is not named"
        raise ConfigError(f"{where} names no upstream: {known}")
    return route
