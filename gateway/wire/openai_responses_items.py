"""The items of a Responses request as parts: messages, calls and their outputs, reasoning, files, references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from ...guard.conversation import ROLES
from ...guard.prose import prose
from ...models.content import Image, Opaque, Part, Role, Text
from ...models.errors import InputError

TEXTS: Final = {
    "text": "text",
    "input_text": "text",
    "output_text": "text",
    "summary_text": "text",
    "reasoning_text": "text",
    "refusal": "refusal",
}
"""Types of content that hold a text, and the field that holds it."""
_CALLS: Final = {"function_call": "arguments", "custom_tool_call": "input"}
_OUTPUTS: Final = frozenset(["function_call_output", "custom_tool_call_output", "computer_call_output"])
_IMAGES: Final = frozenset(["input_image", "computer_screenshot"])
# What names, orders or marks an item, and is never read as language.
_STRUCTURAL: Final = frozenset(["call_id", "id", "phase", "role", "status", "type"])


def item_parts(item: Any, path: str, *, question: str) -> Iterator[Part]:
    """Everything an item holds, with paths such as `input[2].content[0]`; InputError names what cannot be read.

    `question` is the user's text that calls, their outputs and answers belong to.
    """
    if not isinstance(item, Mapping):
        raise InputError(f"'{path}' must be an object with a type", param=path)
    kind = item.get("type", "message" if "role" in item else "item_reference")
    if not isinstance(kind, str):
        raise InputError(f"'{path}.type' must be a string", param=f"{path}.type")
    if kind == "message":
        role = role_of(item, path)
        context = question if role is Role.ASSISTANT else ""
        yield from _content(item.get("content"), role, f"{path}.content", context)
        yield from _rest(item, path, {"content"})
    elif kind in _CALLS:
        field = _CALLS[kind]
        yield _plain(item.get(field), Role.TOOL_CALL, f"{path}.{field}", question)
        yield from _rest(item, path, {field})
    elif kind in _OUTPUTS:
        yield from _content(item.get("output"), Role.TOOL_RESULT, f"{path}.output", question)
        yield from _rest(item, path, {"output"})
    elif kind == "reasoning":
        yield from _reasoning(item, path, question)
    elif kind == "item_reference":
        yield Opaque(type=kind, data=_bytes(item), path=f"{path}.id")
    else:
        yield from _other(kind, item, path, question)


def role_of(item: Mapping[str, Any], path: str) -> Role:
    """Who speaks in a message."""
    name = item.get("role")
    if not isinstance(name, str) or name not in ROLES:
        raise InputError(f"'{path}.role' must be one of user, assistant, system, developer", param=f"{path}.role")
    return ROLES[name]


def _content(content: Any, role: Role, path: str, context: str) -> Iterator[Part]:
    if isinstance(content, str):
        yield Text(text=content, role=role, path=path, context=context)
    elif isinstance(content, list):
        for index, piece in enumerate(content):
            yield from _piece(piece, role, f"{path}[{index}]", context)
    elif isinstance(content, Mapping):
        yield from _piece(content, role, path, context)
    else:
        raise InputError(f"'{path}' must be a string or a list of parts", param=path)


def _piece(piece: Any, role: Role, path: str, context: str) -> Iterator[Part]:
    if not isinstance(piece, Mapping) or not isinstance(piece.get("type"), str):
        raise InputError(f"'{path}' must be an object with a type", param=path)
    kind = piece["type"]
    if kind in TEXTS:
        text = piece.get(TEXTS[kind])
        if not isinstance(text, str):
            raise InputError(f"'{path}.{TEXTS[kind]}' must be a string", param=f"{path}.{TEXTS[kind]}")
        yield Text(text=text, role=role, path=path, context=context)
        yield from _rest(piece, path, {TEXTS[kind], "logprobs"})
    elif kind in _IMAGES and isinstance(piece.get("image_url"), str):
        yield Image(url=piece["image_url"], role=role, path=path)
    else:
        yield Opaque(type=kind, data=_bytes(piece), role=role, path=path)


def _reasoning(item: Mapping[str, Any], path: str, question: str) -> Iterator[Part]:
    for field in ("summary", "content"):
        if item.get(field):
            yield from _content(item[field], Role.REASONING, f"{path}.{field}", question)
    if item.get("encrypted_content") is not None:
        kind = "encrypted_reasoning"
        yield Opaque(type=kind, data=_bytes(item), role=Role.REASONING, path=f"{path}.encrypted_content")
    yield from _rest(item, path, {"summary", "content", "encrypted_content"})


def _other(kind: str, item: Mapping[str, Any], path: str, question: str) -> Iterator[Part]:
    """An item of a kind that has no reading of its own: its language is judged, its images are told."""
    if isinstance(item.get("result"), str) or kind == "compaction":
        yield Opaque(type=kind, data=_bytes(item), role=Role.ASSISTANT, path=path)
        return
    role = Role.TOOL_RESULT if kind.endswith("_output") else Role.TOOL_CALL
    if text := prose({key: value for key, value in item.items() if key not in _STRUCTURAL}):
        yield Text(text=text, role=role, path=path, context=question)


def _rest(item: Mapping[str, Any], path: str, read: set[str]) -> Iterator[Part]:
    for field in sorted(item.keys() - read - _STRUCTURAL):
        if text := prose(item[field]):
            yield Text(text=text, role=Role.DOCUMENT, path=f"{path}.{field}")


def _plain(value: Any, role: Role, path: str, context: str) -> Text:
    if not isinstance(value, str):
        raise InputError(f"'{path}' must be a string", param=path)
    return Text(text=value, role=role, path=path, context=context)


def _bytes(item: Any) -> bytes:
    return msgspec.json.encode(item)
