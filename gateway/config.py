"""The gateway's settings: built once from a file, flags and the environment, and impossible to build wrong."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, inspect

from ..guard.limit import parse_limits
from ..models.errors import ConfigError
from ..models.hashing.entry import HashListEntry
from ..models.judges import CascadeOf, Entry, Judges
from ..models.merge import Rule
from ..models.registry import DEFAULT
from .model_settings import check_models
from .providers import Kind
from .unjudged_routes import parse_unjudged
from .upstream_settings import RouteSettings, UpstreamSettings, check_routes, check_upstreams

OFF: Final = "off"
"""The policy name under which everything passes unjudged, and is counted so."""
KEY_VARIABLE: Final = "HEADGATE_UPSTREAM_KEY"
OPENAI_KEY_VARIABLE: Final = "OPENAI_API_KEY"

VARIANTS: Final = ("variants=20/h",)
"""The limit that holds where no others are given: different sampling settings that one prompt may be tried with."""

LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]
LogFormat: TypeAlias = Literal["text", "json"]

_Hour: TypeAlias = Annotated[float, Meta(ge=0.01, le=3600)]


class Bound(msgspec.Struct, frozen=True):
    """The least and the greatest value of a number, both allowed."""

    least: float
    greatest: float


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What one gateway needs to know; times in seconds, sizes in bytes. A value out of bounds raises ConfigError.

    Every field is a key of headgate.yaml; bounds and descriptions here are those of its JSON Schema.
    """

    upstream: Annotated[str, Meta(description="Base URL of an OpenAI-compatible API: the only upstream.")] = ""
    upstream_kind: Annotated[Kind, Meta(description="What upstream is; native speaks every client's protocol.")] = (
        "native"
    )
    upstreams: Annotated[dict[str, UpstreamSettings], Meta(description="Several upstreams, by name.")] = {}
    routes: Annotated[tuple[RouteSettings, ...], Meta(description="Which of them answers for which model.")] = ()
    policy: Annotated[str, Meta(description="A shipped policy, a policy file, or off.")] = "default"
    model: Annotated[str | None, Meta(description="A shipped model or a folder of weights.")] = None
    models: Annotated[tuple[Entry, ...], Meta(description="The classifiers that judge, in place of model.")] = ()
    combine: Annotated[Rule, Meta(description="How several judge one part: max, first_available or a quorum.")] = "max"
    cascade: Annotated[CascadeOf | None, Meta(description="A small model first, a large one if unsure.")] = None
    stand_ins: Annotated[
        tuple[Entry, ...], Meta(description="What judges, in order, where those are overloaded, late or broken.")
    ] = ()
    known: Annotated[tuple[HashListEntry, ...], Meta(description="Lists of known pictures by their PDQ hashes.")] = ()
    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on.")] = 8080
    workers: Annotated[int, Meta(ge=1, le=256, description="Processes, each with models of its own.")] = 1
    upstream_key: Annotated[str | None, Meta(description="The key that upstream is shown.")] = None
    key_overrides: Annotated[bool, Meta(description="upstream_key replaces the key that callers send.")] = False
    connect_timeout: Annotated[float, Meta(ge=0.01, le=600, description="Seconds to reach upstream.")] = 10.0
    read_timeout: Annotated[_Hour, Meta(description="Seconds of silence from upstream.")] = 300.0
    keep_alive: Annotated[_Hour, Meta(description="Seconds of silence before a stream's comment.")] = 5.0
    head_timeout: Annotated[_Hour, Meta(description="Seconds a request's head may take.")] = 20.0
    body_timeout: Annotated[_Hour, Meta(description="Seconds its body may take, and a reader may stand still.")] = 60.0
    drain: Annotated[float, Meta(ge=0, le=3600, description="Seconds between SIGTERM and closing the door.")] = 2.0
    shutdown_timeout: Annotated[float, Meta(ge=0, le=3600, description="Seconds that streams get to end.")] = 30.0
    unjudged_routes: Annotated[
        tuple[str, ...], Meta(description="What is passed on although nobody judges it, as POST /v1/audio/speech.")
    ] = ()
    max_connections: Annotated[int, Meta(ge=0, description="Connections of clients a worker serves; 0: any.")] = 10_000
    max_body: Annotated[int, Meta(ge=1024, le=1024**3, description="Largest request in bytes.")] = 20 * 1024 * 1024
    record: Annotated[str | None, Meta(description="File of audit records; - is stderr.")] = None
    record_max_bytes: Annotated[int, Meta(ge=0, description="Bytes after which records are rotated; 0: never.")] = 0
    record_keep: Annotated[int, Meta(ge=0, le=10_000, description="Rotated files that are kept; 0: all.")] = 0
    record_otlp: Annotated[bool, Meta(description="Audit records go out as OTLP logs too.")] = False
    traffic: Annotated[str | None, Meta(description="File of recorded traffic, for policy diff and replay.")] = None
    shadow: Annotated[str | None, Meta(description="A policy that is tried on that traffic and holds nothing.")] = None
    tenant: Annotated[str | None, Meta(description="Whose gateway it is, for records.")] = None
    keys: Annotated[str | None, Meta(description="File of API keys; without it nobody needs one.")] = None
    limits: Annotated[tuple[str, ...], Meta(description="What a tenant may have, as requests=60/m.")] = VARIANTS
    redis: Annotated[str | None, Meta(description="URL of the Redis that replicas count in.")] = None
    redis_timeout: Annotated[float, Meta(ge=0.001, le=10, description="Seconds one step of Redis may take.")] = 0.1
    breaker: Annotated[int, Meta(ge=0, le=10_000, description="Failures that stop asking upstream; 0: none.")] = 0
    shared_memo: Annotated[bool, Meta(description="Judgements are shared through Redis.")] = False
    otlp_endpoint: Annotated[str | None, Meta(description="Base URL of an OTLP collector.")] = None
    otlp_protocol: Annotated[Literal["http", "grpc"] | None, Meta(description="How; grpc needs the extra otel.")] = None
    otlp_metrics: Annotated[bool, Meta(description="Metrics go there too, beside /metrics.")] = False
    service_name: Annotated[str, Meta(description="The name of this service in traces.")] = "headgate"
    trace_sample: Annotated[float, Meta(ge=0, le=1, description="Share of new traces that are kept.")] = 1.0
    trace_content: Annotated[bool, Meta(description="Traces hold what was said.")] = False
    log_level: Annotated[LogLevel, Meta(description="The least that is logged; info adds a line an exchange.")] = (
        "warning"
    )
    log_format: Annotated[LogFormat, Meta(description="Lines for people, or JSON for programs.")] = "text"
    reload_seconds: Annotated[float, Meta(ge=0, le=3600, description="Seconds between looks; 0: SIGHUP only.")] = 2.0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            check_value(name, getattr(self, name))
        if bool(self.upstream) == bool(self.upstreams):
            word = "stand beside" if self.upstream else "are missing, and so is"
            raise ConfigError(f"upstreams {word} upstream: write one of them")
        if self.upstream_kind != "native" and self.upstreams:
            raise ConfigError("upstream_kind is for one upstream: with upstreams, each has its own kind")
        if self.breaker and self.upstreams:
            raise ConfigError("breaker is for one upstream: with upstreams, each has its own")
        check_routes(self.upstreams, self.routes)
        only = UpstreamSettings(url=self.upstream, kind=self.upstream_kind) if self.upstream else None
        parse_unjudged(self.unjudged_routes, self.upstreams, only=only)
        check_models(self.model, self.models, self.combine, self.cascade)

    @property
    def judges(self) -> Judges | str | None:
        """What the guard judges with: all models, the one, or the embedded one where None."""
        if not self.models and not self.known:
            return self.model
        models = self.models or (Entry(use=self.model or DEFAULT),)
        return Judges(models=models, combine=self.combine, cascade=self.cascade, known=self.known)

    @property
    def base_url(self) -> str:
        """Upstream's base, to which `/chat/completions` is added; a URL without a path gets `/v1`."""
        url = self.upstream.rstrip("/")
        return url if urlsplit(url).path else f"{url}/v1"

    @property
    def guarded(self) -> bool:
        """False where everything is to pass unjudged."""
        return self.policy != OFF


def with_keys(settings: Settings, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings with upstream's key from the environment.

    HEADGATE_UPSTREAM_KEY replaces what callers send. OPENAI_API_KEY serves callers that send no key, and goes to
    OpenAI alone: whoever else is upstream must not learn it. A key that the settings have already stays.
    """
    if settings.upstream_key is not None:
        return settings
    if key := environment.get(KEY_VARIABLE):
        return msgspec.structs.replace(settings, upstream_key=key, key_overrides=True)
    host = urlsplit(settings.upstream).hostname or ""
    if (host == "openai.com" or host.endswith(".openai.com")) and (key := environment.get(OPENAI_KEY_VARIABLE)):
        return msgspec.structs.replace(settings, upstream_key=key, key_overrides=False)
    return settings


def check_value(name: str, value: Any) -> None:
    """Raises ConfigError, with the field and the remedy, where a field of the settings cannot be this value."""
    if value is None:
        return
    if name in (known := bounds()):
        _within(name, value, known[name])
    if name in _CHECKS:
        _CHECKS[name](value)


@cache
def bounds() -> Mapping[str, Bound]:
    """The bounds of every field that is a number."""
    info = inspect.type_info(Settings)
    assert isinstance(info, inspect.StructType)
    found: dict[str, Bound] = {}
    for field in info.fields:
        kind = field.type
        while isinstance(kind, inspect.Metadata):
            kind = kind.type
        if isinstance(kind, (inspect.IntType, inspect.FloatType)):
            least, greatest = kind.ge, kind.le
            found[field.name] = Bound(
                float("-inf") if least is None else least, float("inf") if greatest is None else greatest
            )
    return found


def _check_url(url: str) -> None:
    if not url:
        return
    _web_address("upstream", url, example="https://api.openai.com/v1")
    parts = urlsplit(url)
    if parts.path.rstrip("/").endswith("/chat/completions"):
        raise ConfigError(f"upstream must be the base URL, without /chat/completions; got {_shown(url)!r}")
    if parts.username or parts.password:
        raise ConfigError(f"upstream must not hold a password; put the key into {KEY_VARIABLE}")


def _check_kind(kind: str) -> None:
    if kind not in get_args(Kind):
        raise ConfigError(f"upstream_kind (--upstream-kind) must be one of {', '.join(get_args(Kind))}; got {kind!r}")


def _check_endpoint(url: str) -> None:
    _web_address("otlp_endpoint", url, example="http://localhost:4318")
    if urlsplit(url).path.rstrip("/").endswith("/v1/traces"):
        raise ConfigError(f"otlp_endpoint must be the base URL, without /v1/traces; got {_shown(url)!r}")


def _web_address(name: str, url: str, *, example: str) -> None:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise ConfigError(f"{name} must be a URL such as {example}; got {_shown(url)!r}") from error
    if not valid or parts.query or parts.fragment:
        raise ConfigError(f"{name} must be a URL such as {example}; got {_shown(url)!r}")


def _shown(url: str) -> str:
    """A URL without what may be a secret: its user and password, its query and its fragment."""
    address = re.split(r"[?#]", url, maxsplit=1)[0]
    end = "…" if address != url else ""
    head, at, rest = address.rpartition("@")
    scheme = head[: head.index("//") + 2] if "//" in head else ""
    return (f"{scheme}…@{rest}" if at else address) + end


def _check_policy(policy: str) -> None:
    if not policy:
        raise ConfigError(f"policy must be the name of a policy, a file, or {OFF!r}; got nothing")


def _check_key(key: str) -> None:
    if not key.isprintable():
        raise ConfigError(f"{KEY_VARIABLE} must be one line of printable characters")


def _check_redis(url: str) -> None:
    try:
        valid = urlsplit(url).scheme in ("redis", "rediss", "unix")
    except ValueError:
        valid = False
    if not valid:
        # Not shown: it may hold a password.
        raise ConfigError("redis must be a URL such as redis://localhost:6379/0")


def _check_limits(limits: tuple[str, ...]) -> None:
    try:
        parse_limits(limits)
    except ConfigError as error:
        raise ConfigError(f"limits: {error}") from error


_CHECKS: Final[Mapping[str, Callable[[Any], None]]] = {
    "upstream": _check_url,
    "upstream_kind": _check_kind,
    "upstreams": check_upstreams,
    "policy": _check_policy,
    "upstream_key": _check_key,
    "otlp_endpoint": _check_endpoint,
    "redis": _check_redis,
    "limits": _check_limits,
}


def _within(name: str, value: float, bound: Bound) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not bound.least <= value <= bound.greatest:
        endless = bound.greatest == float("inf")
        span = f"at least {bound.least:.10g}" if endless else f"from {bound.least:.10g} to {bound.greatest:.10g}"
        raise ConfigError(f"{name} must be {span}; got {value!r}")
