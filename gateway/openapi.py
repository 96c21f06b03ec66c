"""What the gateway serves, as OpenAPI 3.1: its routes take raw bodies, so that nothing can be derived from them."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Any, Final

import msgspec

from .openapi_bodies import BODIES, FLAG, OBJECT, TEXT, Schema, listed
from .refusals import OGR

_EVENTS: Final = "text/event-stream"
_LINES: Final = "application/x-ndjson"


class _Served(msgspec.Struct, frozen=True, kw_only=True):
    """One route: what it is for, the fields of its answer, and how it streams if it does."""

    method: str = "post"
    summary: str
    answer: Schema = {}
    streams: str | None = None
    plain: str | None = None
    statuses: tuple[int, ...] = ()


def _has(*required: str, **properties: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": properties}


_CHOICES: Final = _has("choices", choices=listed(OBJECT), usage={"type": ["object", "null"]})
_REASON: Final[Schema] = {"type": ["string", "null"]}
_BLOCKS: Final = _has("content", "stop_reason", content=listed(OBJECT, least=0), stop_reason=_REASON)
_VERDICT: Final = _has("action", "coverage", "policy", "policy_hash", action=TEXT, coverage=OBJECT, policy=TEXT)
_STATE: Final = _has("status", "version", status={"enum": ["ok", "error"]}, version=TEXT)

_SERVED: Final[dict[str, _Served]] = {
    "/v1/chat/completions": _Served(
        summary="A chat completion under guard",
        streams=_EVENTS,
        answer=_CHOICES,
    ),
    "/v1/completions": _Served(summary="Text completions under guard", streams=_EVENTS, answer=_CHOICES),
    "/v1/responses": _Served(
        summary="A response under guard",
        streams=_EVENTS,
        answer=_has("output", "status", output=listed(OBJECT, least=0), status=TEXT),
    ),
    "/v1/embeddings": _Served(summary="Embeddings of judged texts", answer=_has("data", data=listed(OBJECT, least=0))),
    "/v1/images/generations": _Served(
        summary="Images from a judged prompt", answer=_has("data", data=listed(OBJECT, least=0))
    ),
    "/v1/videos": _Served(summary="A video from a judged prompt", answer=OBJECT),
    "/v1/messages": _Served(
        summary="An Anthropic message under guard",
        streams=_EVENTS,
        answer=_has(
            "content", "stop_reason", content=listed(OBJECT, least=0), stop_reason={"type": ["string", "null"]}
        ),
    ),
    "/v1/messages/count_tokens": _Served(
        summary="How many tokens a judged request has", answer=_has("input_tokens", input_tokens={"type": "integer"})
    ),
    "/api/chat": _Served(
        summary="An Ollama chat under guard", streams=_LINES, answer=_has("message", "done", message=OBJECT, done=FLAG)
    ),
    "/v1/moderations": _Served(
        summary="OpenAI's moderation from local models", answer=_has("results", results=listed(OBJECT))
    ),
    "/v1/check": _Served(
        summary="The verdict about a text, an answer or a conversation",
        answer={"anyOf": [_VERDICT, {"type": "array", "items": _VERDICT}]},
    ),
    "/beta/litellm_basic_guardrail_api": _Served(
        summary="LiteLLM's generic guardrail API",
        answer=_has("action", action={"enum": ["NONE", "BLOCKED", "GUARDRAIL_INTERVENED"]}),
    ),
    "/v1/evaluate": _Served(
        summary="OpenGuardrails: one event, one verdict",
        answer=_has("decision", decision={"enum": ["allow", "block"]}),
    ),
    "/v1/heartbeat": _Served(summary="OpenGuardrails: an integration lives", answer=_has("ok", ok={"type": "boolean"})),
    "/v1/health": _Served(
        method="get", summary="OpenGuardrails: events can be decided", answer=_STATE, statuses=(503,)
    ),
    "/v1/models": _Served(method="get", summary="Upstream's models", answer=OBJECT),
    "/livez": _Served(method="get", summary="The process lives", plain="text/plain"),
    "/readyz": _Served(
        method="get",
        summary="The models are loaded and judge right",
        answer=_has("ready", "policy", ready={"type": "boolean"}, policy=OBJECT),
        statuses=(503,),
    ),
    "/metrics": _Served(method="get", summary="Prometheus metrics", plain="text/plain"),
    "/openapi.json": _Served(method="get", summary="This description", answer=_has("openapi", "paths")),
}
_ALONE: Final = frozenset({"/livez", "/readyz", "/metrics", "/openapi.json", "/v1/health"})
"""What takes no key and can only succeed, or say 503 in the words of its own."""


@cache
def document() -> bytes:
    """The description as JSON."""
    paths = {path: {served.method: _operation(path, served)} for path, served in _SERVED.items()}
    key = {"type": "http", "scheme": "bearer", "description": "Upstream's key, or one that `headgate keys` made."}
    found = {
        "openapi": "3.1.0",
        "info": {"title": "Headgate", "version": version("headgate"), "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {"securitySchemes": {"key": key}, "schemas": _errors()},
        "security": [{}, {"key": []}],
    }
    return msgspec.json.encode(found)


def _operation(path: str, served: _Served) -> dict[str, Any]:
    content = {served.plain: {"schema": TEXT}} if served.plain else {"application/json": {"schema": served.answer}}
    if served.streams is not None:
        content[served.streams] = {"schema": _has("data", data=TEXT) if served.streams == _EVENTS else {}}
    responses: dict[str, Any] = {"200": {"description": "The answer, or a refusal in its shape.", "content": content}}
    responses |= {str(status): {"description": "Not now.", "content": content} for status in served.statuses}
    if path not in _ALONE:
        schema = {"$ref": f"#/components/schemas/{_error_of(path)}"}
        failed = {"description": "Why not.", "content": {"application/json": {"schema": schema}}}
        responses |= {"4XX": failed, "5XX": failed}
    found: dict[str, Any] = {"summary": served.summary, "responses": responses}
    if path in BODIES:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": BODIES[path]}}}
    return found


def _error_of(path: str) -> str:
    if path.startswith("/v1/messages"):
        return "AnthropicError"
    if path.startswith("/api/"):
        return "OllamaError"
    return "OgrError" if path in OGR else "OpenAIError"


def _errors() -> dict[str, Schema]:
    said = _has("message", "type", "param", "code", message=TEXT, type=TEXT)
    return {
        "OpenAIError": _has("error", error=said),
        "AnthropicError": _has(
            "type", "error", type={"const": "error"}, error=_has("type", "message", type=TEXT, message=TEXT)
        ),
        "OllamaError": _has("error", error=TEXT),
        "OgrError": _has("error", error=TEXT),
    }
