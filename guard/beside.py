"""The texts of a message beside its content and the arguments of its calls: older calls, names, unknown fields.

A model may read any of them, so they are judged wherever a message comes from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..models.content import Role, Text
from ..models.errors import InputError
from .prose import as_json, is_prose, prose

_READ: Final = frozenset(
    ["role", "content", "tool_calls", "refusal", "reasoning", "reasoning_content", "audio", "function_call"]
)
_ITEMS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("text", "input_text", "output_text"), "text"),
    **dict.fromkeys(("image_url", "input_image"), "image_url"),
    "refusal": "refusal",
    "video_url": "video_url",
}
"""What of an item of a content is read as a part, by the item's type; an item of another type is one whole."""
_CALLS: Final = {"function": "arguments", "custom": "input"}


def texts_beside(message: Mapping[str, Any], path: str) -> Iterator[Text]:
    """The texts that `parts_of` does not read as the message's own, each with its path; InputError names bad ones."""
    yield from _older_call(message.get("function_call"), f"{path}.function_call")
    if isinstance(content := message.get("content"), (list, tuple)):
        for number, item in enumerate(content):
            yield from _of_item(item, f"{path}.content[{number}]")
    for number, call in enumerate(message.get("tool_calls") or ()):
        yield from call_parts(call, f"{path}.tool_calls[{number}]")
    for field in sorted(message.keys() - _READ, key=str):
        yield from _text(message[field], _within(path, field), Role.DOCUMENT)


def call_parts(call: Mapping[str, Any], path: str) -> Iterator[Text]:
    """The texts of a tool call beside its arguments: a tool's name is read by the model, and so may any field be."""
    if "arguments" in call:
        param = f"{path}.arguments"
        raise InputError(f"'{param}' is not where arguments stand: put them into its 'function'", param=param)
    for field in sorted(call, key=str):
        value, where = call[field], _within(path, field)
        if field in _CALLS and isinstance(value, Mapping):
            # Of two kinds in one call the first alone is read as the call.
            first = field == next(kind for kind in _CALLS if isinstance(call.get(kind), Mapping))
            yield from _beside(value, where, *([_CALLS[field]] if first else []), role=Role.TOOL_CALL)
        else:
            yield from _text(value, where, Role.TOOL_CALL)


def _older_call(call: Any, path: str) -> Iterator[Text]:
    """The texts of a `function_call`, whatever stands in its place."""
    if isinstance(call, str) and call:
        yield Text(text=call, role=Role.TOOL_CALL, path=path)
        return
    if not isinstance(call, Mapping):
        yield from _text(call, path, Role.TOOL_CALL)
        return
    arguments, where = call.get("arguments"), f"{path}.arguments"
    if arguments is not None:
        text = arguments if isinstance(arguments, str) else as_json(arguments, path=where).decode()
        name = call.get("name")
        yield Text(text=text, role=Role.TOOL_CALL, path=where, tool=name if isinstance(name, str) else "")
    yield from _beside(call, path, "arguments", role=Role.TOOL_CALL)


def _of_item(item: Any, path: str) -> Iterator[Text]:
    """The fields of one item of a content that are not read with it."""
    key = _ITEMS.get(item["type"]) if isinstance(item, Mapping) else None
    if key is None:
        return
    yield from _beside(item, path, key, role=Role.DOCUMENT)
    if isinstance(item[key], Mapping):
        yield from _beside(item[key], f"{path}.{key}", "url", role=Role.DOCUMENT)


def _beside(node: Mapping[str, Any], path: str, *read: str, role: Role) -> Iterator[Text]:
    for field in sorted(node.keys() - {*read}, key=str):
        yield from _text(node[field], _within(path, field), role)


def _within(path: str, field: Any) -> str:
    """The path of a field; InputError where its name could be language, which paths would carry into records."""
    if is_prose(str(field)):
        fault = "has a name with spaces, beyond ASCII or of more than 64 characters"
        raise InputError(f"a field of '{path}' {fault}: rename it, or put the text into its content", param=path)
    return f"{path}.{field}"


def _text(value: Any, path: str, role: Role) -> Iterator[Text]:
    if value is not None and (text := prose(value, path=path)):
        yield Text(text=text, role=role, path=path)
