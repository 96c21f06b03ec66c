"""What is said to a request that reaches no handler, in the dialect that its path belongs to."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ..models.errors import HeadgateError
from .errors import Failure, envelope, failure
from .wire.anthropic_errors import messages_envelope, messages_failure
from .wire.ollama_frames import ollama_failure

OGR: Final = frozenset({"/v1/evaluate", "/v1/heartbeat", "/v1/health"})
"""The routes of OpenGuardrails' runtime API."""
_OGR_WORDS: Final = {401: "unauthorized", 429: "rate_limited", 413: "payload_too_large"}


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request is not served: words for people, and a type and code where the dialect has them.

    `limit` is the bound that was reached, where the dialect tells it.
    """

    status: int
    message: str
    type: str = "invalid_request_error"
    code: str | None = None
    limit: float | None = None


def refusal_body(path: str, refusal: Refusal) -> bytes:
    """The body in the envelope of Anthropic, Ollama, OGR or OpenAI, which serves for every other path."""
    if path.startswith("/v1/messages"):
        kind = "overloaded_error" if refusal.code == "overloaded" else None
        return messages_envelope(refusal.message, status=refusal.status, kind=kind)
    if path.startswith("/api/"):
        return msgspec.json.encode({"error": refusal.message})
    if path in OGR:
        return msgspec.json.encode(_ogr(refusal))
    return envelope(refusal.message, type=refusal.type, code=refusal.code)


def failure_at(path: str, error: HeadgateError) -> Failure:
    """An error as the dialect of a path tells it; OpenAI's serves for those that have none."""
    if path.startswith("/v1/messages"):
        return messages_failure(error)
    return ollama_failure(error) if path.startswith("/api/") else failure(error)


def _ogr(refusal: Refusal) -> dict[str, Any]:
    word = _OGR_WORDS.get(refusal.status) or refusal.code or "invalid_body"
    found: dict[str, Any] = {"error": word}
    if refusal.status != 401:
        found["message"] = refusal.message
    if refusal.limit is not None:
        found["limit"] = refusal.limit
    return found
