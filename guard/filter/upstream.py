"""The client that asks an OpenAI-compatible server for answers, in bulk: it waits and tries again where that may help.

Redirects are not followed, so that the key reaches no other host, and neither key nor content get into an error.
"""

from __future__ import annotations

import contextlib
import http.client
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from ...models.errors import ConfigError, UpstreamError
from ..conversation import Message
from .plan import Upstream

ATTEMPTS: Final = 4
LONGEST_WAIT: Final = 30.0
"""Seconds between two attempts at most, whatever the server asks for: rows that need more wait for --resume."""
LARGEST_ANSWER: Final = 8 << 20
"""Bytes of an answer; a larger one is an error."""
_FIRST_WAIT: Final = 0.5


class _Said(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Said
    finish_reason: str | None = None


class _Answer(msgspec.Struct):
    choices: list[_Choice]


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where an upstream listens."""

    secure: bool
    host: str
    port: int
    path: str


class Passing(UpstreamError):
    """A fault that may be gone with the next attempt; `wait` is what the server asks for, in seconds."""

    def __init__(self, message: str, *, status: int | None = None, wait: float | None = None) -> None:
        super().__init__(message, status=status)
        self.wait = wait


class Client:
    """Safe from several threads. ConfigError for a URL that is none and a key that is not set."""

    def __init__(
        self,
        upstream: Upstream,
        *,
        environment: Mapping[str, str] = os.environ,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._upstream = upstream
        self._sleep = sleep
        self._address = address(upstream.url)
        self._headers = {"content-type": "application/json", "accept": "application/json"}
        if upstream.key_env:
            key = environment.get(upstream.key_env, "").strip()
            if not key or not (key.isascii() and key.isprintable()):
                raise ConfigError(f"--key-env {upstream.key_env}: the variable holds no key")
            self._headers["authorization"] = f"Bearer {key}"

    def complete(self, messages: Sequence[Message]) -> str:
        """The answer to a conversation, a refusal too; UpstreamError where there is none.

        It is Passing where all attempts failed and a later one may not.
        """
        body = msgspec.json.encode({"model": self._upstream.model, "messages": list(messages)})
        wait = _FIRST_WAIT
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._post(body)
            except Passing as fault:
                if attempt == ATTEMPTS:
                    raise
                self._sleep(min(LONGEST_WAIT, wait if fault.wait is None else fault.wait))
                wait *= 2
        raise AssertionError("the last attempt returns or raises")

    def _post(self, body: bytes) -> str:
        to = self._address
        kind = http.client.HTTPSConnection if to.secure else http.client.HTTPConnection
        try:
            with contextlib.closing(kind(to.host, to.port, timeout=self._upstream.timeout)) as line:
                line.request("POST", f"{to.path}/chat/completions", body, self._headers)
                answer = line.getresponse()
                data = answer.read(LARGEST_ANSWER + 1)
        except TimeoutError as error:
            raise Passing("upstream did not answer in time") from error
        except (http.client.HTTPException, OSError) as error:
            raise Passing(f"upstream cannot be reached ({type(error).__name__})") from error
        _check(answer)
        return _text(data)


def address(url: str) -> Address:
    """The parts of an upstream's base URL; ConfigError for one that is none, which it does not repeat."""
    remedy = "write http://HOST:PORT/v1 or https://HOST/v1"
    try:
        found = urlsplit(url.rstrip("/"))
        host, port = found.hostname, found.port
        # What a connection would do; it cannot for an empty or overlong label.
        (host or "").encode("idna")
    except ValueError as error:
        raise ConfigError(f"--upstream: no such host or port: {remedy}") from error
    if found.username is not None or found.password is not None:
        raise ConfigError("--upstream holds a user or password: name the variable of its key with --key-env")
    if port == 0:
        raise ConfigError(f"--upstream: no such host or port: {remedy}")
    if found.query or found.fragment or "?" in url or "#" in url:
        raise ConfigError(f"--upstream holds a query: {remedy}, and name the variable of its key with --key-env")
    if found.scheme not in ("http", "https") or not host or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigError(f"--upstream is no URL of a server: {remedy}")
    secure = found.scheme == "https"
    return Address(secure=secure, host=host, port=port or (443 if secure else 80), path=found.path)


def _check(answer: http.client.HTTPResponse) -> None:
    status = answer.status
    if status == 200:
        return
    said = f"upstream answered {status}"
    if status in (408, 409, 425, 429) or status >= 500:
        raise Passing(said, status=status, wait=_seconds(answer.getheader("retry-after")))
    raise UpstreamError(said, status=status)


def _seconds(value: str | None) -> float | None:
    """What `Retry-After` asks for, as a number of seconds or a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        pass
    else:
        return max(0.0, seconds) if math.isfinite(seconds) else None
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _text(data: bytes) -> str:
    if len(data) > LARGEST_ANSWER:
        raise UpstreamError(f"upstream answered more than {LARGEST_ANSWER >> 20} MiB")
    try:
        choices: list[Any] = msgspec.json.decode(data, type=_Answer).choices
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UpstreamError("upstream answered something that is no chat completion") from error
    if choices and choices[0].finish_reason == "length":
        raise UpstreamError("upstream's answer was cut off at its most tokens")
    said = choices[0].message if choices else _Said()
    text = said.content or said.refusal
    if not text:
        raise UpstreamError("upstream answered nothing")
    return str(text)
