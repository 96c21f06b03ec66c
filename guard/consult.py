"""The client of helper models (corrector, rewriter, critic) behind any OpenAI-compatible server.

Every fault becomes a `Consulted` without text: an exchange never fails because a helper did. Redirects are not
followed, so that a key reaches no other host, and neither keys nor content get into a fault's words.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from ..policies.compiled import Service
from .aside import aside
from .effects import Consult, Consulted
from .strategies.corrector import as_message

LARGEST_ANSWER: Final = 4 * 1024 * 1024
"""Bytes of a helper's answer; a larger one is a fault."""

_CHUNK: Final = 64 * 1024


class _Fault(Exception):
    """Why a helper gave no text, in words that hold no content."""


class _Choice(msgspec.Struct):
    text: str | None = None
    message: _Message | None = None


class _Message(msgspec.Struct):
    content: str | None = None


class _Usage(msgspec.Struct):
    completion_tokens: int = 0
    total_tokens: int = 0


class _Answer(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


class Helpers:
    """The helper models of a policy; safe from threads and event loops. Keys are read from `environment` at each call.

    `names` are those that can be asked.
    """

    def __init__(self, services: Mapping[str, Service], *, environment: Mapping[str, str] = os.environ) -> None:
        self._services = dict(services)
        self._environment = environment
        self.names = frozenset(self._services)

    def consult(self, request: Consult) -> Consulted:
        """What the helper says, blocking for about its timeout at most; never raises."""
        service = self._services.get(request.service)
        if service is None:
            return Consulted(text=None, fault="not configured")
        try:
            return _said(_post(service, _body(service, request), self._headers(service)))
        except _Fault as fault:
            return Consulted(text=None, fault=str(fault))

    async def aconsult(self, request: Consult) -> Consulted:
        """`consult` for callers on an event loop; it runs in a thread, which ends by its timeout if nobody waits."""
        return await aside("consult", self.consult, request)

    def _headers(self, service: Service) -> dict[str, str]:
        headers = {"content-type": "application/json", "accept": "application/json"}
        if service.key_env is None:
            return headers
        key = self._environment.get(service.key_env, "").strip()
        if not key:
            raise _Fault(f"{service.key_env} is not set")
        if not (key.isascii() and key.isprintable()):
            raise _Fault(f"{service.key_env} is not one line of plain characters")
        return {**headers, "authorization": f"Bearer {key}"}


def _body(service: Service, request: Consult) -> bytes:
    body: dict[str, Any] = {"model": service.model, "max_tokens": request.max_tokens, "temperature": 0}
    if request.stop:
        body["stop"] = list(request.stop)
    if service.api == "completions":
        body["prompt"] = request.prompt
    else:
        body["messages"] = [{"role": "user", "content": as_message(request.prompt)}]
    return msgspec.json.encode(body)


def _post(service: Service, body: bytes, headers: Mapping[str, str]) -> bytes:
    """The body of a 200; `_Fault` for anything else."""
    end = time.monotonic() + service.timeout
    url = urlsplit(service.url)
    path = f"{url.path}/{'completions' if service.api == 'completions' else 'chat/completions'}"
    with _foreign(), contextlib.closing(_connection(url.scheme, url.hostname or "", url.port, service.timeout)) as line:
        line.request("POST", path, body, dict(headers))
        if line.sock is not None:
            line.sock.settimeout(max(0.001, end - time.monotonic()))
        answer = line.getresponse()
        if answer.status != 200:
            raise _Fault(f"answered {answer.status}")
        return _read(answer, line, end)


def _read(answer: http.client.HTTPResponse, line: http.client.HTTPConnection, end: float) -> bytes:
    """The whole body by `end`, however slowly it drips."""
    found = bytearray()
    while chunk := answer.read1(_CHUNK):
        found += chunk
        if len(found) > LARGEST_ANSWER:
            raise _Fault(f"answered more than {LARGEST_ANSWER} bytes")
        left = end - time.monotonic()
        if left <= 0:
            raise _Fault("did not answer in time")
        if line.sock is not None:
            line.sock.settimeout(left)
    return bytes(found)


def _connection(scheme: str, host: str, port: int | None, timeout: float) -> http.client.HTTPConnection:
    kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    return kind(host, port, timeout=timeout)


@contextlib.contextmanager
def _foreign() -> Iterator[None]:
    """The one door for errors of the network."""
    try:
        yield
    except TimeoutError as error:
        raise _Fault("did not answer in time") from error
    except (http.client.HTTPException, OSError) as error:
        raise _Fault(f"cannot be reached ({type(error).__name__})") from error


def _said(raw: bytes) -> Consulted:
    try:
        answer = msgspec.json.decode(raw, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _Fault("answered something that is no completion") from error
    text = None
    if answer.choices:
        first = answer.choices[0]
        text = first.message.content if first.message is not None else first.text
    tokens = answer.usage.completion_tokens if answer.usage is not None else 0
    if not text or not text.strip():
        return Consulted(text=None, tokens=tokens, fault="answered nothing")
    return Consulted(text=text, tokens=tokens or max(1, len(text) // 4))
