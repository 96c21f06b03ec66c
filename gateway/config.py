"""The gateway's settings: built once from flags and the environment, and impossible to build wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

from ..models.errors import ConfigError

OFF: Final = "off"
"""The policy name under which everything passes unjudged, and is counted so."""
KEY_VARIABLE: Final = "HEADGATE_UPSTREAM_KEY"
OPENAI_KEY_VARIABLE: Final = "OPENAI_API_KEY"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What one gateway needs to know; times in seconds, sizes in bytes. A value out of bounds raises ConfigError."""

    upstream: str
    policy: str = "default"
    model: str | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    upstream_key: str | None = None
    key_overrides: bool = False
    connect_timeout: float = 10.0
    read_timeout: float = 300.0
    keep_alive: float = 5.0
    shutdown_timeout: float = 30.0
    max_body: int = 20 * 1024 * 1024
    record: str | None = None
    tenant: str | None = None

    def __post_init__(self) -> None:
        _check_url(self.upstream)
        _within("port", self.port, 0, 65535)
        _within("workers", self.workers, 1, 256)
        _within("connect_timeout", self.connect_timeout, 0.01, 600)
        _within("read_timeout", self.read_timeout, 0.01, 3600)
        _within("keep_alive", self.keep_alive, 0.01, 3600)
        _within("shutdown_timeout", self.shutdown_timeout, 0, 3600)
        _within("max_body", self.max_body, 1024, 1024**3)
        if not self.policy:
            raise ConfigError(f"policy must be the name of a policy, a file, or {OFF!r}; got nothing")
        if self.upstream_key is not None and not self.upstream_key.isprintable():
            raise ConfigError(f"{KEY_VARIABLE} must be one line of printable characters")

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
    OpenAI alone: whoever else is upstream must not learn it.
    """
    if key := environment.get(KEY_VARIABLE):
        return msgspec.structs.replace(settings, upstream_key=key, key_overrides=True)
    host = urlsplit(settings.upstream).hostname or ""
    if (host == "openai.com" or host.endswith(".openai.com")) and (key := environment.get(OPENAI_KEY_VARIABLE)):
        return msgspec.structs.replace(settings, upstream_key=key, key_overrides=False)
    return settings


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise ConfigError(f"upstream must be a URL such as https://api.openai.com/v1; got {url!r}") from error
    if not valid or parts.query or parts.fragment:
        raise ConfigError(f"upstream must be a URL such as https://api.openai.com/v1; got {url!r}")
    if parts.path.rstrip("/").endswith("/chat/completions"):
        raise ConfigError(f"upstream must be the base URL, without /chat/completions; got {url!r}")
    if parts.username or parts.password:
        raise ConfigError(f"upstream must not hold a password; put the key into {KEY_VARIABLE}")


def _within(name: str, value: float, low: float, high: float) -> None:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= high:
        raise ConfigError(f"{name} must be from {low:g} to {high:g}; got {value!r}")
