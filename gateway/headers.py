"""The `x-headgate-*` headers: what a caller wishes, and what was decided about its exchange."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import msgspec

from ..models.errors import InputError
from ..policies.compiled import CompiledPolicy
from ..policies.verdict import Verdict
from .asgi import Headers

_TIMEOUTS: Final = (b"x-stainless-read-timeout", b"x-stainless-timeout")
_WISHES: Final = frozenset({*_TIMEOUTS, b"accept-language", b"x-headgate-deadline-ms"})


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller says beside its request: seconds until it stops waiting, and the language it reads."""

    deadline: float | None = None
    language: str = ""


_NONE: Final = Wishes()


def wishes(headers: Iterable[tuple[bytes, bytes]], *, stream: bool) -> Wishes:
    """The wishes in a request's headers; InputError where `x-headgate-deadline-ms` is not a positive number.

    The official clients send the timeout they were given; for a stream it bounds the silence, which is ours to fill.
    """
    found = {name: value.decode("latin-1").strip() for name, value in headers if name in _WISHES}
    language = found.get(b"accept-language", "")
    own = found.get(b"x-headgate-deadline-ms")
    if own is not None:
        milliseconds = _positive(own)
        if milliseconds is None:
            message = "x-headgate-deadline-ms must be a positive number of milliseconds"
            raise InputError(message, param="x-headgate-deadline-ms")
        return Wishes(deadline=milliseconds / 1000, language=language)
    if not found:
        return _NONE
    timeouts = (_positive(found.get(name, "")) for name in _TIMEOUTS)
    return Wishes(deadline=None if stream else next((t for t in timeouts if t), None), language=language)


def _positive(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None


def verdict_headers(verdict: Verdict, *, identity: str, added_ms: float) -> Headers:
    """The headers once the verdict is known; `added_ms` is the guard's own time, without upstream's."""
    return [
        (b"x-headgate-verdict", verdict.action.value.encode()),
        (b"x-headgate-policy", _named(verdict.policy, verdict.policy_hash)),
        (b"x-headgate-judged", b"%d" % len(verdict.coverage.judged)),
        (b"x-headgate-unjudged", b"%d" % len(verdict.coverage.unjudged)),
        (b"x-headgate-rounds", b"%d" % len(verdict.rounds)),
        (b"x-headgate-added-ms", b"%.2f" % added_ms),
        (b"x-headgate-id", identity.encode()),
    ]


def stream_headers(policy: CompiledPolicy, *, identity: str, added_ms: float, rounds: int) -> Headers:
    """The headers of a stream that starts before its verdict is known: that comes in a comment at the end."""
    return [
        (b"x-headgate-verdict", b"pending"),
        (b"x-headgate-policy", _named(policy.name, policy.hash)),
        (b"x-headgate-rounds", b"%d" % rounds),
        (b"x-headgate-added-ms", b"%.2f" % added_ms),
        (b"x-headgate-id", identity.encode()),
    ]


def off_headers(*, parts: int, identity: str) -> Headers:
    """The headers of an answer that nobody judged because the guard is off."""
    return [
        (b"x-headgate-verdict", b"unjudged"),
        (b"x-headgate-policy", b"off"),
        (b"x-headgate-judged", b"0"),
        (b"x-headgate-unjudged", b"%d" % parts),
        (b"x-headgate-id", identity.encode()),
    ]


@lru_cache(maxsize=64)
def _named(policy: str, digest: str) -> bytes:
    """A policy as a header value: other than printable ASCII becomes `?`."""
    return "".join(char if " " <= char <= "~" else "?" for char in f"{policy}@{digest}").encode()
