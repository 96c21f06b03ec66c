"""The client that asks an OpenAI-compatible server for answers, in bulk: it waits and tries again where that may help.

Redirects are not followed, so that the key reaches no other host, and neither key nor content get into an error.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from ...models.errors import ConfigError, UpstreamError
from ..conversation import Message
from .plan import Upstream

ATTEMPTS: Final = 4
LONGEST_WAIT: Final = 30.0
"""Seconds between two attempts at most, whatever the server asks for."""
LARGEST_ANSWER: Final = 8 << 20
"""Bytes of an answer; a larger one is an error."""
_FIRST_WAIT: Final = 0.5


class _Said(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Said


class _Answer(msgspec.Struct):
    choices: list[_Choice]


class _Passing(Exception):
    """A fault that may be gone with the next attempt; `wait` is what the server asks for, in seconds."""

    def __init__(self, error: UpstreamError, *, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
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
        self._url = urlsplit(upstream.url.rstrip("/"))
        if self._url.scheme not in ("http", "https") or not self._url.hostname:
            raise ConfigError(f"--upstream {upstream.url}: write http://HOST:PORT/v1 or https://HOST/v1")
        self._headers = {"content-type": "application/json", "accept": "application/json"}
        if upstream.key_env:
            key = environment.get(upstream.key_env, "").strip()
            if not key or not (key.isascii() and key.isprintable()):
                raise ConfigError(f"--key-env {upstream.key_env}: the variable holds no key")
            self._headers["authorization"] = f"Bearer {key}"

    def complete(self, messages: Sequence[Message]) -> str:
        """The answer to a conversation, a refusal too; UpstreamError where there is none after all attempts."""
        body = msgspec.json.encode({"model": self._upstream.model, "messages": list(messages)})
        wait = _FIRST_WAIT
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._post(body)
            except _Passing as fault:
                if attempt == ATTEMPTS:
                    raise fault.error from fault
                self._sleep(min(LONGEST_WAIT, wait if fault.wait is None else fault.wait))
                wait *= 2
        raise AssertionError("the last attempt returns or raises")

    def _post(self, body: bytes) -> str:
        url = self._url
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        try:
            with contextlib.closing(kind(url.hostname or "", url.port, timeout=self._upstream.timeout)) as line:
                line.request("POST", f"{url.path}/chat/completions", body, self._headers)
                answer = line.getresponse()
                data = answer.read(LARGEST_ANSWER + 1)
        except TimeoutError as error:
            raise _Passing(UpstreamError("upstream did not answer in time")) from error
        except (http.client.HTTPException, OSError) as error:
            raise _Passing(UpstreamError(f"upstream cannot be reached ({type(error).__name__})")) from error
        _check(answer)
        return _text(data)


def _check(answer: http.client.HTTPResponse) -> None:
    status = answer.status
    if status == 200:
        return
    error = UpstreamError(f"upstream answered {status}", status=status)
    if status in (408, 409, 425, 429) or status >= 500:
        raise _Passing(error, wait=_seconds(answer.getheader("retry-after")))
    raise error


def _seconds(value: str | None) -> float | None:
    try:
        return None if value is None else max(0.0, float(value))
    except ValueError:
        return None


def _text(data: bytes) -> str:
    if len(data) > LARGEST_ANSWER:
        raise UpstreamError(f"upstream answered more than {LARGEST_ANSWER >> 20} MiB")
    try:
        choices: list[Any] = msgspec.json.decode(data, type=_Answer).choices
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UpstreamError("upstream answered something that is no chat completion") from error
    said = choices[0].message if choices else _Said()
    text = said.content or said.refusal
    if not text:
        raise UpstreamError("upstream answered nothing")
    return str(text)
