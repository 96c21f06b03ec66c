"""Our errors in OpenAI's envelope: what went wrong, in which field, and what to send instead."""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec

from ..models.errors import (
    HeadgateError,
    InputError,
    NotJudged,
    Overloaded,
    UnknownModel,
    UpstreamError,
    UpstreamUnavailable,
)
from .asgi import JSON, Encoded, Headers, TooLarge

_LONGEST_MESSAGE: Final = 2000


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """An error as it goes over the wire."""

    status: int
    body: bytes
    headers: Headers = []
    kind: str = "error"


def envelope(message: str, *, type: str, param: str | None = None, code: str | None = None) -> bytes:
    """OpenAI's error object as JSON."""
    return msgspec.json.encode({"error": {"message": message, "type": type, "param": param, "code": code}})


def failure(error: HeadgateError) -> Failure:
    """The status and body that say what happened; a failed judgement is 503, never an answer."""
    match error:
        case TooLarge():
            body = envelope(str(error), type="invalid_request_error", code="request_too_large")
            return Failure(status=413, body=body, kind="bad_request")
        case Encoded():
            body = envelope(str(error), type="invalid_request_error", code="unsupported_encoding")
            return Failure(status=415, body=body, headers=[(b"accept-encoding", b"identity")], kind="bad_request")
        case UnknownModel():
            body = envelope(str(error), type="invalid_request_error", param="model", code="model_not_found")
            return Failure(status=404, body=body, kind="bad_request")
        case InputError(param=param):
            body = envelope(str(error), type="invalid_request_error", param=param, code="invalid_request")
            return Failure(status=400, body=body, kind="bad_request")
        case UpstreamUnavailable(seconds=seconds):
            body = envelope(str(error), type="upstream_error", code="upstream_unavailable")
            again: Headers = [(b"retry-after", b"%d" % max(1, math.ceil(seconds)))]
            return Failure(status=503, body=body, headers=again, kind="upstream_error")
        case UpstreamError(status=status):
            return Failure(status=status or 502, body=_upstream_body(error), kind="upstream_error")
        case NotJudged(reason=reason):
            body = envelope("the request could not be judged; try again later", type="server_error", code=reason)
            headers: Headers = [(b"retry-after", b"1")] if isinstance(error, Overloaded) else []
            return Failure(status=503, body=body, headers=headers, kind="not_judged")
        case _:
            return internal()


def internal() -> Failure:
    """A fault of ours; what it was is in the log."""
    body = envelope("an internal error; nothing was passed on", type="server_error", code="internal_error")
    return Failure(status=500, body=body)


def json_headers(found: Failure) -> Headers:
    """The headers of an error."""
    return [JSON, *found.headers]


def _upstream_body(error: UpstreamError) -> bytes:
    """Upstream's own error where it has the envelope; else its words alone, never a body that might be an answer."""
    said = _decoded(error.body)
    if isinstance(said, dict) and said.keys() == {"error"} and error.body is not None:
        return error.body
    if isinstance(said, dict) and isinstance(said.get("error"), dict):
        return msgspec.json.encode({"error": said["error"]})
    words = next((said[key] for key in ("error", "message", "detail") if isinstance(said.get(key), str)), None)
    message = f"{error}: {words[:_LONGEST_MESSAGE]}" if words else str(error)
    return envelope(message, type="upstream_error", code="upstream_error")


def _decoded(body: bytes | None) -> dict[str, Any]:
    try:
        said = msgspec.json.decode(body or b"{}")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
