"""The `x-headgate-*` headers: what was decided about an exchange, on every guarded answer."""

from __future__ import annotations

from ..policies.compiled import CompiledPolicy
from ..policies.verdict import Verdict
from .asgi import Headers


def verdict_headers(verdict: Verdict, *, identity: str, added_ms: float) -> Headers:
    """The headers once the verdict is known; `added_ms` is the guard's own time, without upstream's."""
    return [
        (b"x-headgate-verdict", verdict.action.value.encode()),
        (b"x-headgate-policy", _ascii(f"{verdict.policy}@{verdict.policy_hash}")),
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
        (b"x-headgate-policy", _ascii(f"{policy.name}@{policy.hash}")),
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


def _ascii(text: str) -> bytes:
    """A header value: other than printable ASCII becomes `?`."""
    return "".join(char if " " <= char <= "~" else "?" for char in text).encode()
