"""`unjudged_routes`: what an operator wants passed on although nobody judges it, as `POST /v1/audio/speech`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from ..models.errors import ConfigError
from .addresses import judged_urls, passed_to, reached
from .upstream_settings import UpstreamSettings

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


Area: TypeAlias = "tuple[UnjudgedRoute, ...]"


class UnjudgedRoute(msgspec.Struct, frozen=True, kw_only=True):
    """One route: everything below `path` where it `goes_on`. `upstream` is None for the only one."""

    method: str
    path: str
    goes_on: bool = False
    upstream: str | None = None

    def covers(self, path: str) -> bool:
        """Whether a path is this one, or below it."""
        return path.startswith(f"{self.path}/") if self.goes_on else path == self.path

    def holds(self, other: UnjudgedRoute) -> bool:
        """Whether whatever the other covers this one covers too, methods aside."""
        same = (self.path, self.goes_on) == (other.path, other.goes_on)
        return same or (self.goes_on and self.covers(other.path))


def parse_unjudged(
    lines: Sequence[str],
    upstreams: Mapping[str, UpstreamSettings] | None = None,
    *,
    only: UpstreamSettings | None = None,
) -> Area:
    """The routes of these lines, `METHOD /path[/*] [UPSTREAM]`; ConfigError says which cannot be and why.

    `only` is the upstream of those that name none: what it is judged at cannot be named.
    """
    named = upstreams or {}
    routes = tuple(_checked(_parsed(line), line, named, only) for line in lines)
    seen: dict[tuple[str, str, bool], str] = {}
    for route, line in zip(routes, lines, strict=True):
        place = (route.method, route.path, route.goes_on)
        if place in seen:
            raise ConfigError(f"{_where(line)} stands twice, beside {seen[place][:80]!r}: leave one of them")
        seen[place] = line
    return routes


def areas(routes: Iterable[UnjudgedRoute]) -> list[Area]:
    """The routes in groups, the widest of each first: all others of its group lie within it."""
    found: list[list[UnjudgedRoute]] = []
    for route in sorted(routes, key=lambda one: (len(one.path), one.path, not one.goes_on)):
        home = next((area for area in found if area[0].holds(route)), None)
        if home is None:
            found.append([route])
        else:
            home.append(route)
    return [tuple(area) for area in found]


def narrowest(area: Area, path: str) -> dict[str, UnjudgedRoute]:
    """What is passed on at a path, by method: of several routes the one that says most of the path."""
    fitting = sorted((one for one in area if one.covers(path)), key=lambda one: (len(one.path), not one.goes_on))
    return {one.method: one for one in fitting}


def _parsed(line: str) -> UnjudgedRoute:
    words = line.split()
    if len(words) not in (2, 3) or words[0] not in METHODS or not _PATH.fullmatch(words[1]):
        wanted = f"METHOD /path, as POST /v1/audio/speech or GET /v1/files/*, with a method of {', '.join(METHODS)}"
        raise ConfigError(f"{_where(line)} must be {wanted}")
    return UnjudgedRoute(
        method=words[0],
        path=words[1].removesuffix("/*"),
        goes_on=words[1].endswith("/*"),
        upstream=words[2] if len(words) == 3 else None,
    )


def _checked(
    route: UnjudgedRoute, line: str, upstreams: Mapping[str, UpstreamSettings], only: UpstreamSettings | None
) -> UnjudgedRoute:
    where = _where(line)
    if found := sorted(path for path in JUDGED if route.covers(path)):
        raise ConfigError(f"{where} covers {', '.join(found)}, which is served: name paths that do not")
    if ".." in route.path.split("/") or "." in route.path.split("/"):
        raise ConfigError(f"{where} must be a path without '.' and '..'")
    if route.upstream is None and upstreams:
        raise ConfigError(f"{where} must name its upstream at the end: {', '.join(upstreams)}")
    if route.upstream is not None and route.upstream not in upstreams:
        known = ", ".join(upstreams) or "there is only one, which is not named"
        raise ConfigError(f"{where} names no upstream: {known}")
    spec = only if route.upstream is None else upstreams[route.upstream]
    if spec is not None and (found := reached(passed_to(spec, route.path), judged_urls(spec), below=route.goes_on)):
        raise ConfigError(f"{where} leads to {', '.join(found)}, where what is judged goes: name paths that do not")
    return route


def _where(line: str) -> str:
    return f"unjudged_routes: {line[:80]!r}"
