"""Upstreams and routes as headgate.yaml holds them, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, TypeAlias
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from ..models.errors import ConfigError
from .providers import Api, Kind

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_VERSION: Final = re.compile(r"[A-Za-z0-9.-]{1,32}")
_WANTED: Final = "must be a URL such as https://api.openai.com/v1"
AZURE_VERSION: Final = "2024-10-21"

_Hour: TypeAlias = Annotated[float, Meta(ge=0.01, le=3600)]


class Timeouts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long upstream is waited for, in seconds."""

    connect: Annotated[_Hour, Meta(description="Seconds to reach it.")] = 10.0
    first_byte: Annotated[_Hour, Meta(description="Seconds until its answer begins.")] = 300.0
    idle: Annotated[_Hour, Meta(description="Seconds of silence inside of an answer.")] = 300.0
    total: Annotated[float, Meta(ge=0, le=86400, description="Seconds for all of an answer; 0: no bound.")] = 0.0


class UpstreamSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One upstream: where it is, what it speaks, what it is shown, and how patient we are with it."""

    url: Annotated[str, Meta(description="Its base URL.")]
    kind: Annotated[Kind, Meta(description="What it is: decides paths, headers and what is translated.")] = "openai"
    key: Annotated[str | None, Meta(description="The key that it is shown, as ${NAME}.")] = None
    forward_key: Annotated[bool, Meta(description="Without a key of ours it is shown the caller's.")] = False
    api_version: Annotated[str, Meta(description="Azure's api-version.")] = AZURE_VERSION
    speaks: Annotated[tuple[Api, ...], Meta(description="Protocols that it speaks besides those of its kind.")] = ()
    timeouts: Timeouts = Timeouts()
    max_connections: Annotated[int, Meta(ge=0, le=100_000, description="Connections at once; 0: any number.")] = 0
    retries: Annotated[int, Meta(ge=0, le=10, description="Further tries where it failed before its first byte.")] = 2
    backoff: Annotated[float, Meta(ge=0, le=60, description="Seconds before the first of them, then twice.")] = 0.5
    breaker: Annotated[int, Meta(ge=0, le=10_000, description="Failures that stop asking it; 0: none.")] = 5
    max_tokens: Annotated[int, Meta(ge=1, description="The bound where a protocol needs one and none is given.")] = 4096


class RouteSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which upstream answers for a model, by name or pattern; `*` is every other model."""

    model: Annotated[str, Meta(description="The model's name, or a pattern such as gpt-* .")]
    upstream: Annotated[str, Meta(description="The upstream's name.")]
    rename: Annotated[str | None, Meta(description="What upstream calls it; * is what the pattern's * stood for.")] = (
        None
    )
    fallback: Annotated[
        tuple[str, ...], Meta(description="Who is asked where it fails: names, or name/what it calls the model.")
    ] = ()


def check_upstreams(upstreams: Mapping[str, UpstreamSettings]) -> None:
    """Raises ConfigError for the first upstream that cannot be."""
    for name, upstream in upstreams.items():
        check_upstream(name, upstream)


def check_upstream(name: str, upstream: UpstreamSettings) -> None:
    """Raises ConfigError, with the field and the remedy."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"upstreams: {name[:64]!r} is no name: use letters, digits, '.', '_' and '-'")
    where = f"upstreams.{name}"
    try:
        parts = urlsplit(upstream.url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise ConfigError(f"{where}.url {_WANTED}") from error
    if not sound or parts.query or parts.fragment:
        raise ConfigError(f"{where}.url {_WANTED}")
    if parts.username or parts.password:
        raise ConfigError(f"{where}.url must not hold a password: put the key into {where}.key")
    for ending in ("/chat/completions", "/messages", "/api/chat"):
        if parts.path.rstrip("/").endswith(ending):
            raise ConfigError(f"{where}.url must be the base URL, without {ending}")
    if upstream.key is not None and not (upstream.key.isprintable() and upstream.key.isascii() and upstream.key):
        raise ConfigError(f"{where}.key must be one line of printable characters")
    if upstream.kind == "azure" and not _VERSION.fullmatch(upstream.api_version):
        raise ConfigError(f"{where}.api_version must be a version such as {AZURE_VERSION}")


def check_routes(upstreams: Mapping[str, UpstreamSettings], routes: Sequence[RouteSettings]) -> None:
    """Raises ConfigError where a route leads nowhere, stands twice, or is missing."""
    if len(upstreams) > 1 and not routes:
        raise ConfigError("routes are missing: with several upstreams, say which model is whose")
    seen: set[str] = set()
    for index, route in enumerate(routes):
        where = f"routes[{index}]"
        if not route.model:
            raise ConfigError(f"{where}.model must be a name or a pattern")
        if route.model in seen:
            raise ConfigError(f"{where}.model {route.model!r} stands in another route already")
        seen.add(route.model)
        for name in (route.upstream, *(entry.partition("/")[0] for entry in route.fallback)):
            if name not in upstreams:
                raise ConfigError(f"{where}: no upstream is named {name!r}: {', '.join(sorted(upstreams))} are")
        if route.rename is not None and "*" in route.rename and route.model.count("*") != 1:
            raise ConfigError(f"{where}.rename has a * that the pattern {route.model!r} does not fill")
