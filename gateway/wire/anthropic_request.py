"""An Anthropic Messages request: checked, and taken apart into what is to be judged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from ...models.content import Opaque, Part, Role, Text
from ...models.errors import InputError
from .anthropic_blocks import Place, content_parts, readable
from .dialect import Request
from .json_body import decode_object
from .openai_chat_request import MOST_PARTS

_ROLES: Final = {"user": Role.USER, "assistant": Role.ASSISTANT, "system": Role.SYSTEM}
_MESSAGES: Final = '[{"role": "user", "content": "…"}]'
_NEVER_READ: Final = frozenset(
    [
        "cache_control",
        "container",
        "diagnostics",
        "inference_geo",
        "max_tokens",
        "mcp_servers",
        "messages",
        "metadata",
        "model",
        "service_tier",
        "speed",
        "stop_sequences",
        "stream",
        "system",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
    ]
)


def parse_messages(raw: bytes) -> Request:
    """The request in `raw`; raises InputError that names the field and the remedy."""
    body = decode_object(raw)
    parts = (*_system(body), *_conversation(body), *_others(body))
    if len(parts) > MOST_PARTS:
        raise InputError(f"the request has more than {MOST_PARTS} parts: send fewer messages", param="messages")
    stream = body.get("stream")
    if not isinstance(stream, (bool, type(None))):
        raise InputError("'stream' must be true or false", param="stream")
    return Request(body=body, parts=parts, stream=bool(stream))


def _system(body: dict[str, Any]) -> Iterator[Part]:
    if body.get("system") is not None:
        yield from content_parts(body["system"], Place(path="system", role=Role.SYSTEM))


def _conversation(body: dict[str, Any]) -> Iterator[Part]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        state = "is missing: send" if messages is None else "must be a list with at least one message:"
        raise InputError(f"'messages' {state} {_MESSAGES}", param="messages")
    question = ""
    for index, message in enumerate(messages):
        path = f"messages[{index}]"
        role = _role(message, path)
        found = list(content_parts(message.get("content"), Place(path=f"{path}.content", role=role, context=question)))
        said = [part.text for part in found if isinstance(part, Text) and part.role is Role.USER]
        if said:
            question = "\n".join(said)
        for part in found:
            # A question answers none; only what was answered has one.
            asked = part.role in (Role.USER, Role.SYSTEM, Role.DOCUMENT)
            yield msgspec.structs.replace(part, context="") if asked and part.context else part
        yield from _beside(message, path)


def _role(message: object, path: str) -> Role:
    if not isinstance(message, dict):
        raise InputError(f"'{path}' must be an object with 'role' and 'content'", param=path)
    name = message.get("role")
    if not isinstance(name, str) or name not in _ROLES:
        raise InputError(f"'{path}.role' must be one of {', '.join(_ROLES)}", param=f"{path}.role")
    return _ROLES[name]


def _beside(message: dict[str, Any], path: str) -> Iterator[Part]:
    for field in sorted(message.keys() - {"role", "content"}):
        if found := readable(message[field]):
            yield Text(text=found, role=Role.DOCUMENT, path=f"{path}.{field}")


def _others(body: dict[str, Any]) -> Iterator[Part]:
    tools = body.get("tools")
    if isinstance(tools, list):
        for index, tool in enumerate(tools):
            if found := readable(tool):
                yield Text(text=found, role=Role.SYSTEM, path=f"tools[{index}]")
    elif found := readable(tools):
        yield Text(text=found, role=Role.SYSTEM, path="tools")
    if body.get("mcp_servers"):
        # Their tools run at Anthropic's, and nobody here sees what they return. Their tokens are no content.
        yield Opaque(type="mcp_servers", role=Role.DOCUMENT, path="mcp_servers")
    for field in sorted(body.keys() - _NEVER_READ):
        if found := readable(body[field]):
            yield Text(text=found, role=Role.DOCUMENT, path=field)
