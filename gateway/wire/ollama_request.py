"""An Ollama chat request: checked, and taken apart into what is to be judged."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from ...guard.beside import call_parts
from ...guard.conversation import ROLES
from ...guard.prose import prose
from ...models.content import Image, Part, Role, Text
from ...models.errors import InputError
from .dialect import Request
from .json_body import decode_object
from .openai_chat_request import MOST_PARTS

_MESSAGES: Final = '[{"role": "user", "content": "…"}]'
_IN_CONVERSATION: Final = frozenset(["content", "images", "role", "thinking", "tool_calls"])
_NEVER_READ: Final = frozenset(
    [
        "keep_alive",
        "logprobs",
        "messages",
        "model",
        "options",
        "shift",
        "stream",
        "think",
        "tools",
        "top_logprobs",
        "truncate",
    ]
)


def parse_ollama(raw: bytes) -> Request:
    """The request in `raw`; InputError names the field and the remedy. Ollama streams unless told not to."""
    body = decode_object(raw)
    parts = (*_conversation(body), *_others(body))
    if len(parts) > MOST_PARTS:
        raise InputError(f"the request has more than {MOST_PARTS} parts: send fewer messages", param="messages")
    stream = body.get("stream")
    if not isinstance(stream, (bool, type(None))):
        raise InputError("'stream' must be true or false", param="stream")
    if not isinstance(body.get("options"), (dict, type(None))):
        raise InputError("'options' must be an object such as {\"temperature\": 0.7}", param="options")
    return Request(body=body, parts=parts, stream=stream is not False)


def _conversation(body: dict[str, Any]) -> Iterator[Part]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        state = "is missing: send" if messages is None else "must be a list with at least one message:"
        raise InputError(f"'messages' {state} {_MESSAGES}", param="messages")
    question = ""
    for index, message in enumerate(messages):
        path = f"messages[{index}]"
        role = _role(message, path)
        yield from _message(message, role, path, question if role in (Role.ASSISTANT, Role.TOOL_RESULT) else "")
        if role is Role.USER:
            question = message.get("content") or ""


def _role(message: object, path: str) -> Role:
    if not isinstance(message, dict):
        raise InputError(f"'{path}' must be an object with 'role' and 'content'", param=path)
    name = message.get("role")
    if not isinstance(name, str) or name not in ROLES:
        raise InputError(f"'{path}.role' must be one of {', '.join(ROLES)}", param=f"{path}.role")
    return ROLES[name]


def _message(message: dict[str, Any], role: Role, path: str, context: str) -> Iterator[Part]:
    for field, who in (("content", role), ("thinking", Role.REASONING)):
        text = message.get(field)
        if not isinstance(text, (str, type(None))):
            raise InputError(f"'{path}.{field}' must be a string", param=f"{path}.{field}")
        if text or (text is not None and field == "content"):
            yield Text(text=text, role=who, path=f"{path}.{field}", context=context)
    for number, image in enumerate(_list(message, "images", path)):
        where = f"{path}.images[{number}]"
        yield Image(data=_decoded(image, where), role=role, path=where, context=context)
    for number, call in enumerate(_list(message, "tool_calls", path)):
        yield from _call(call, f"{path}.tool_calls[{number}]", context)
    for field in sorted(message.keys() - _IN_CONVERSATION):
        if found := prose(message[field]):
            yield Text(text=found, role=Role.DOCUMENT, path=f"{path}.{field}")


def _call(call: object, path: str, context: str) -> Iterator[Part]:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(call, dict) or not isinstance(function, dict):
        raise InputError(f"'{path}' must be an object with a 'function'", param=path)
    if "arguments" in function:
        arguments = function["arguments"]
        text = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
        yield Text(text=text, role=Role.TOOL_CALL, path=f"{path}.function.arguments", context=context)
    yield from call_parts(call, path)


def _others(body: dict[str, Any]) -> Iterator[Part]:
    tools = body.get("tools")
    for index, tool in enumerate(tools if isinstance(tools, list) else ()):
        if found := prose(tool):
            yield Text(text=found, role=Role.SYSTEM, path=f"tools[{index}]")
    for field in sorted(body.keys() - (_NEVER_READ if isinstance(tools, list) else _NEVER_READ - {"tools"})):
        if found := prose(body[field]):
            yield Text(text=found, role=Role.DOCUMENT, path=field)


def _list(message: dict[str, Any], field: str, path: str) -> list[Any]:
    found = message.get(field)
    if not isinstance(found, (list, type(None))):
        raise InputError(f"'{path}.{field}' must be a list", param=f"{path}.{field}")
    return found or []


def _decoded(image: object, path: str) -> bytes:
    try:
        return base64.b64decode(str(image) if isinstance(image, str) else b"?", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(f"'{path}' must be an image in base64", param=path) from error
