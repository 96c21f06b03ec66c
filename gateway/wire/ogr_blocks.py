"""Bodies made of typed blocks (Anthropic's messages, OpenAI's responses), taken apart with the path of every string.

A block of a type that nobody here knows is reported as such, and never skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from ...guard.conversation import ROLES
from ...guard.prose import prose
from ...models.content import Image, Opaque, Part, Role, Text
from ...models.errors import InputError

_NEVER_READ: Final = frozenset(
    [
        "background",
        "id",
        "include",
        "max_output_tokens",
        "max_tokens",
        "metadata",
        "model",
        "previous_response_id",
        "prompt_cache_key",
        "reasoning",
        "safety_identifier",
        "service_tier",
        "stop_sequences",
        "store",
        "stream",
        "temperature",
        "thinking",
        "tool_choice",
        "top_k",
        "top_p",
        "truncation",
        "user",
    ]
)
_TEXTS: Final = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
_IMAGES: Final = frozenset(["image", "input_image", "image_url"])
_CALLS: Final = {
    "tool_use": "input",
    "server_tool_use": "input",
    "mcp_tool_use": "input",
    "function_call": "arguments",
    "custom_tool_call": "input",
    "mcp_call": "arguments",
}
_RESULTS: Final = {
    "tool_result": "content",
    "mcp_tool_result": "content",
    "function_call_output": "output",
    "custom_tool_call_output": "output",
}
_THOUGHTS: Final = {"thinking": "thinking", "reasoning_text": "text", "summary_text": "text"}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A part with the type of its block; `leaf` is the string at its path, None where that is no string."""

    part: Part
    kind: str
    leaf: str | None = None

    @property
    def text(self) -> str:
        """What a text says; empty for anything else."""
        return self.part.text if isinstance(self.part, Text) else ""


def block_request(body: Mapping[str, Any]) -> Iterator[Found]:
    """Everything that a model would read of a request; InputError where it holds no conversation."""
    turns = "messages" if "messages" in body else "input"
    if not isinstance(body.get(turns), (str, list)):
        raise InputError("the payload must have 'messages', or 'input'", param="payload")
    question = ""
    for key in ("system", "instructions"):
        yield from _node(body.get(key), key, Role.SYSTEM, "")
    if isinstance(body[turns], str):
        yield from _node(body[turns], turns, Role.USER, "")
    else:
        for index, turn in enumerate(body[turns]):
            found = list(_turn(turn, f"{turns}[{index}]", question))
            asked = [one.text for one in found if one.part.role is Role.USER and one.text]
            question = "\n".join(asked) or question
            yield from found
    for key in sorted(body.keys() - _NEVER_READ - {"system", "instructions", turns}):
        yield from _aside(body[key], key)


def block_response(body: Mapping[str, Any]) -> Iterator[Found]:
    """Everything that an answer says; InputError where it has neither content nor output."""
    key = "content" if "content" in body else "output"
    if not isinstance(body.get(key), (str, list)):
        raise InputError("the payload must have 'content', or 'output'", param="payload")
    yield from _node(body[key], key, Role.ASSISTANT, "")


def _turn(turn: Any, path: str, question: str) -> Iterator[Found]:
    if not isinstance(turn, dict):
        raise InputError(f"'{path}' must be an object", param=f"payload.{path}")
    role = turn.get("role")
    if role is not None and (not isinstance(role, str) or role not in ROLES):
        raise InputError(f"'{path}.role' must be one of {', '.join(ROLES)}", param=f"payload.{path}.role")
    if role is None:
        yield from _block(turn, path, Role.USER, question)
        return
    spoken = ROLES[role]
    yield from _node(turn.get("content"), f"{path}.content", spoken, question if spoken is Role.ASSISTANT else "")


def _node(node: Any, path: str, role: Role, context: str) -> Iterator[Found]:
    """A string, or a list of blocks and strings."""
    if isinstance(node, str):
        kind = "reasoning" if role is Role.REASONING else "text"
        yield Found(part=Text(text=node, role=role, path=path, context=context), kind=kind, leaf=node)
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _node(item, f"{path}[{index}]", role, context)
    elif isinstance(node, dict):
        yield from _block(node, path, role, context)
    elif node is not None:
        raise InputError(f"'{path}' must be a string or a list of blocks", param=f"payload.{path}")


def _block(block: Mapping[str, Any], path: str, role: Role, context: str) -> Iterator[Found]:
    kind = block.get("type")
    if not isinstance(kind, str):
        raise InputError(f"'{path}.type' must be a string", param=f"payload.{path}.type")
    if kind in _TEXTS and isinstance(block.get(_TEXTS[kind]), str):
        yield from _node(block[_TEXTS[kind]], f"{path}.{_TEXTS[kind]}", role, context)
    elif kind in _THOUGHTS and isinstance(block.get(_THOUGHTS[kind]), str):
        yield from _node(block[_THOUGHTS[kind]], f"{path}.{_THOUGHTS[kind]}", Role.REASONING, context)
    elif kind in _CALLS:
        yield _call(block.get(_CALLS[kind]), f"{path}.{_CALLS[kind]}", context)
    elif kind in _RESULTS:
        yield from _node(block.get(_RESULTS[kind]), f"{path}.{_RESULTS[kind]}", Role.TOOL_RESULT, context)
    elif kind == "message":
        yield from _node(block.get("content"), f"{path}.content", ROLES.get(str(block.get("role")), role), context)
    elif kind == "reasoning":
        for key in ("summary", "content"):
            yield from _node(block.get(key), f"{path}.{key}", Role.REASONING, context)
    elif kind in _IMAGES and (url := _url(block)):
        yield Found(part=Image(url=url, role=role, path=path), kind="image")
    else:
        yield Found(part=Opaque(type=kind, data=msgspec.json.encode(block), role=role, path=path), kind=kind)


def _call(arguments: Any, path: str, context: str) -> Found:
    """A tool call's arguments, judged whole; of an object no string is the whole, so nothing in it can be masked."""
    text = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
    leaf = arguments if isinstance(arguments, str) else None
    return Found(part=Text(text=text, role=Role.TOOL_CALL, path=path, context=context), kind="tool_call", leaf=leaf)


def _aside(value: Any, path: str) -> Iterator[Found]:
    """What stands outside of the conversation: tools as the system's words, anything else as a document."""
    if path == "tools" and isinstance(value, list):
        for index, tool in enumerate(value):
            if text := prose(tool):
                yield Found(part=Text(text=text, role=Role.SYSTEM, path=f"tools[{index}]"), kind="tool")
    elif text := prose(value):
        leaf = value if isinstance(value, str) else None
        yield Found(part=Text(text=text, role=Role.DOCUMENT, path=path), kind="document", leaf=leaf)


def _url(block: Mapping[str, Any]) -> str:
    """The image's URL, a data URL where the block holds the bytes."""
    source = block.get("source")
    if isinstance(source, dict) and isinstance(source.get("data"), str):
        return f"data:{source.get('media_type', 'image/png')};base64,{source['data']}"
    if isinstance(source, dict) and isinstance(source.get("url"), str):
        return str(source["url"])
    given = block.get("image_url")
    url = given.get("url") if isinstance(given, dict) else given
    return url if isinstance(url, str) else ""
