"""Each route that takes a body: a good one around a text, and the shape of its errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from headgate.gateway.refusals import OGR


class Route(msgspec.Struct, frozen=True):
    """A route, the body that asks it about a text, and whether it streams."""

    path: str
    body: Callable[[str], dict[str, Any]]


def _chat(text: str) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}]}


def _event(text: str) -> dict[str, Any]:
    who = {"agent_id": "", "agent_type": "", "agent_workspace": "", "agent_user": ""}
    return {"kind": "step/request", "step_id": "1", **who, "llm_protocol": "openai.chat", "payload": _chat(text)}


def _guardrail(text: str) -> dict[str, Any]:
    return {"input_type": "request", "texts": [text]}


ROUTES = (
    Route("/v1/chat/completions", _chat),
    Route("/v1/completions", lambda text: {"model": "m", "prompt": text}),
    Route("/v1/responses", lambda text: {"model": "m", "input": text}),
    Route("/v1/embeddings", lambda text: {"model": "m", "input": text}),
    Route("/v1/images/generations", lambda text: {"model": "m", "prompt": text}),
    Route("/v1/videos", lambda text: {"model": "m", "prompt": text}),
    Route("/v1/messages", lambda text: {**_chat(text), "max_tokens": 9}),
    Route("/v1/messages/count_tokens", _chat),
    Route("/api/chat", _chat),
    Route("/v1/moderations", lambda text: {"input": text}),
    Route("/v1/check", lambda text: {"prompt": text}),
    Route("/beta/litellm_basic_guardrail_api", _guardrail),
    Route("/v1/evaluate", _event),
    Route("/v1/heartbeat", lambda text: {"integration": text}),
)
PATHS = [route.path for route in ROUTES]
JUDGING = tuple(route for route in ROUTES if route.path != "/v1/heartbeat")
"""The routes that judge what they are sent."""


def in_envelope(path: str, raw: bytes) -> bool:
    """Whether an error's body is what this path's clients read."""
    body = json.loads(raw)
    if path.startswith("/v1/messages"):
        said = body.get("error")
        return body.keys() == {"type", "error"} and body["type"] == "error" and _texts(said, "type", "message")
    if path.startswith("/api/"):
        return body.keys() == {"error"} and _texts(body, "error")
    if path in OGR:
        return _texts(body, "error")
    said = body.get("error")
    keys = {"message", "type", "param", "code"}
    return body.keys() == {"error"} and keys <= said.keys() and _texts(said, "message", "type")


def _texts(body: Any, *keys: str) -> bool:
    return all(isinstance(body[key], str) and body[key] for key in keys)
