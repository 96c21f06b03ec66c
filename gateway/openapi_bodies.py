"""JSON Schemas of what the gateway reads: each refuses only what the route's own reader refuses.

What else a body may hold is upstream's business, so nothing is closed but where our own reader is.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias, get_args

from ..guard.conversation import ROLES
from ..models.content import Purpose
from .wire.openai_chat_request import MOST_CHOICES

Schema: TypeAlias = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
FLAG: Final[Schema] = {"type": ["boolean", "null"]}
OBJECT: Final[Schema] = {"type": "object"}
_COUNT: Final[Schema] = {"type": ["integer", "null"], "minimum": 1, "maximum": MOST_CHOICES}
_TOKENS: Final[Schema] = {"type": "array", "items": {"type": "integer"}, "minItems": 1}
_TEXTS: Final[Schema] = {
    "anyOf": [TEXT, _TOKENS, {"type": "array", "minItems": 1, "items": {"anyOf": [TEXT, _TOKENS]}}]
}
_OPTIONS: Final[Schema] = {"type": ["object", "null"], "properties": {"include_usage": FLAG}}
_WEB: Final[Schema] = {"type": "array", "items": {"type": "string", "pattern": "^(https://|http://|data:)"}}


def listed(items: Schema, *, least: int = 1) -> Schema:
    """A list of at least so many of these."""
    return {"type": "array", "items": items, "minItems": least}


def _object(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": properties}


def _messages(*roles: str, content: Schema, **more: Schema) -> Schema:
    return listed(_object(("role",), role={"enum": list(roles)}, content=content, **more))


_PART: Final = {"anyOf": [TEXT, _object(("type",), type=TEXT)]}
_CONTENT: Final[Schema] = {"anyOf": [TEXT, {"type": "null"}, {"type": "array", "items": _PART}]}
_CALLS: Final[Schema] = {"type": ["array", "null"], "items": OBJECT}
_CHAT: Final = _messages(*ROLES, content=_CONTENT, tool_calls=_CALLS)
_BLOCK: Final = _object(("type",), type=TEXT)
_SAID: Final[Schema] = {"anyOf": [TEXT, {"type": "array", "items": _BLOCK}]}
_CLAUDE: Final = _object(
    ("messages",),
    messages=_messages("user", "assistant", "system", content=_SAID),
    system={"anyOf": [*_SAID["anyOf"], {"type": "null"}]},
    stream=FLAG,
)
_OLLAMA: Final = _object(
    ("messages",),
    messages=_messages(*ROLES, content={"type": ["string", "null"]}, tool_calls=_CALLS),
    stream=FLAG,
    options={"type": ["object", "null"]},
)
_CHECK: Final[Schema] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "prompt": {"type": ["string", "null"]},
        "messages": {"type": ["array", "null"], "items": OBJECT},
        "response": {"type": ["string", "object", "null"]},
        "purpose": {"enum": list(get_args(Purpose))},
        "images": _WEB,
        "videos": _WEB,
    },
}
_EVENT: Final = _object(
    ("kind", "step_id", "agent_id", "agent_type", "agent_workspace", "agent_user", "llm_protocol", "payload"),
    kind={"enum": ["step/request", "step/response"]},
    step_id={"type": "string", "minLength": 1, "maxLength": 128},
    agent_id={"type": "string", "maxLength": 255},
    agent_type={"type": "string", "maxLength": 64},
    agent_workspace={"type": "string", "maxLength": 255},
    agent_user={"type": "string", "maxLength": 255},
    llm_protocol={"enum": ["openai.chat", "openai.responses", "anthropic.messages", "canonical"]},
    payload=OBJECT,
)
_GUARDRAIL: Final = _object(
    ("input_type",),
    input_type={"enum": ["request", "response"]},
    texts={"type": ["array", "null"], "items": TEXT},
    images={"type": ["array", "null"], "items": TEXT},
    tool_calls=_CALLS,
    structured_messages=_CALLS,
)

BODIES: Final[dict[str, Schema]] = {
    "/v1/chat/completions": _object(("messages",), messages=_CHAT, stream=FLAG, stream_options=_OPTIONS, n=_COUNT),
    "/v1/completions": _object(("prompt",), prompt=_TEXTS, stream=FLAG, stream_options=_OPTIONS, n=_COUNT, echo=FLAG),
    "/v1/responses": _object(
        input={"anyOf": [TEXT, {"type": "array", "items": OBJECT}]},
        instructions={"type": ["string", "null"]},
        stream=FLAG,
        tools={"type": ["array", "null"], "items": _object(("type",), type=TEXT)},
    ),
    "/v1/embeddings": _object(("input",), input=_TEXTS),
    "/v1/images/generations": _object(("prompt",), prompt={"type": "string", "minLength": 1}),
    "/v1/videos": _object(("prompt",), prompt={"type": "string", "minLength": 1}),
    "/v1/messages": _CLAUDE,
    "/v1/messages/count_tokens": _CLAUDE,
    "/api/chat": _OLLAMA,
    "/v1/moderations": _object(
        ("input",), input={"anyOf": [TEXT, listed({"anyOf": [TEXT, OBJECT]})]}, model={"type": ["string", "null"]}
    ),
    "/v1/check": {"anyOf": [_CHECK, listed(_CHECK)]},
    "/beta/litellm_basic_guardrail_api": _GUARDRAIL,
    "/v1/evaluate": _EVENT,
    "/v1/heartbeat": {
        "type": "object",
        "anyOf": [
            _object(("integration",), integration={"type": "string", "minLength": 1}),
            _object(("agent_id",), agent_id={"type": "string", "minLength": 1}),
        ],
    },
}
"""The body of each `POST` route."""
