"""Our errors in Anthropic's envelope, whole or inside a stream."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ...guard.effects import Finish
from ...models.errors import HeadgateError, Overloaded, UpstreamError
from ..errors import Failure, failure, internal

_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def messages_envelope(message: str, *, status: int, kind: str | None = None) -> bytes:
    """Anthropic's error object as JSON; its type is that of the status where `kind` does not name another."""
    fallback = "api_error" if status >= 500 else "invalid_request_error"
    error = {"type": kind or _TYPES.get(status, fallback), "message": message}
    return msgspec.json.encode({"type": "error", "error": error})


def messages_failure(error: HeadgateError | None) -> Failure:
    """The status and body that say what happened; None is a fault of ours."""
    found = internal() if error is None else failure(error)
    kind = "overloaded_error" if isinstance(error, Overloaded) else None
    said = _said(found.body)
    if isinstance(error, UpstreamError) and isinstance(said.get("type"), str) and said["type"] in _KNOWN:
        kind = said["type"]
    message = said.get("message")
    words = message if isinstance(message, str) and message else str(error or "an internal error")
    body = messages_envelope(words, status=found.status, kind=kind)
    return Failure(status=found.status, body=body, headers=found.headers, kind=found.kind)


def messages_blocked(finish: Finish) -> Failure:
    """A refusal as an error, for policies that want it so."""
    return Failure(status=400, body=messages_envelope(finish.message or "", status=400), kind="blocked")


def error_event(found: Failure) -> bytes:
    """The error inside a stream that has begun."""
    return b"event: error\ndata: " + found.body + b"\n\n"


_KNOWN: Final = frozenset([*_TYPES.values(), "api_error"])


def _said(body: bytes) -> dict[str, Any]:
    """What stands in OpenAI's envelope, in which errors come here: upstream's own words among them."""
    found = msgspec.json.decode(body)["error"]
    return found if isinstance(found, dict) else {"message": found}
