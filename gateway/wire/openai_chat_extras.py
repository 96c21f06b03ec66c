"""The texts of a chat request that stand outside of the conversation: tools, schemas, names, and unknown fields.

A model may read them, so they are judged; fields that only steer the sampler or the account are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from ...models.content import Part, Role, Text
from ...models.errors import InputError

_NEVER_READ: Final = frozenset(
    [
        "audio",
        "best_of",
        "frequency_penalty",
        "function_call",
        "ignore_eos",
        "include_reasoning",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "metadata",
        "min_p",
        "min_tokens",
        "modalities",
        "model",
        "n",
        "parallel_tool_calls",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning_effort",
        "repetition_penalty",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "stop_token_ids",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "top_k",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
    ]
)
_TOOLS: Final = ("functions", "tools")
_IN_CONVERSATION: Final = frozenset(
    ["role", "content", "tool_calls", "refusal", "reasoning", "reasoning_content", "audio"]
)
_READ: Final = _IN_CONVERSATION | {"function_call"}
_ITEMS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("text", "input_text", "output_text"), "text"),
    **dict.fromkeys(("image_url", "input_image"), "image_url"),
    "refusal": "refusal",
    "video_url": "video_url",
}
"""What of an item of a content is read as a part, by the item's type; an item of another type is one whole."""
_CALLS: Final = {"function": "arguments", "custom": "input"}
_TEXTS: Final = ("refusal", "reasoning", "reasoning_content")
_SHORT: Final = 64


def extra_parts(body: Mapping[str, Any]) -> Iterator[Part]:
    """The texts outside of the messages' contents, each with its path; InputError where a known field has no text."""
    for index, message in enumerate(body["messages"]):
        yield from _of_message(message, f"messages[{index}]")
    for field in sorted(body.keys() - _NEVER_READ):
        value = body[field]
        if field in _TOOLS and isinstance(value, list):
            for index, item in enumerate(value):
                yield from _text(item, f"{field}[{index}]", Role.SYSTEM)
        else:
            yield from _text(value, field, Role.DOCUMENT)


def prose(value: Any) -> str:
    """All strings and keys within that could be language (spaces, non-ASCII, or long), a line each."""
    found: list[str] = []
    todo = [value]
    while todo:
        node = todo.pop()
        if isinstance(node, str):
            if is_prose(node):
                found.append(node)
        elif isinstance(node, dict):
            todo += [*reversed(node.values()), *reversed(node.keys())]
        elif isinstance(node, list):
            todo += reversed(node)
    return "\n".join(found)


def is_prose(text: str) -> bool:
    """Whether a string could be language rather than a name or a number."""
    return len(text) > _SHORT or not text.isascii() or any(map(str.isspace, text))


def _of_message(message: Mapping[str, Any], path: str) -> Iterator[Part]:
    for field in _TEXTS:
        if not isinstance(message.get(field), (str, type(None))):
            raise InputError(f"'{path}.{field}' must be a string", param=f"{path}.{field}")
    yield from _older_call(message.get("function_call"), f"{path}.function_call")
    if isinstance(content := message.get("content"), list):
        for number, item in enumerate(content):
            yield from _of_item(item, f"{path}.content[{number}]")
    for number, item in enumerate(message.get("tool_calls") or ()):
        yield from call_parts(item, f"{path}.tool_calls[{number}]")
    for field in sorted(message.keys() - _READ):
        yield from _text(message[field], f"{path}.{field}", Role.DOCUMENT)


def call_parts(call: Mapping[str, Any], path: str) -> Iterator[Text]:
    """The texts of a tool call beside its arguments: a tool's name is read by the model, and so may any field be."""
    if "arguments" in call:
        param = f"{path}.arguments"
        raise InputError(f"'{param}' is not where arguments stand: put them into its 'function'", param=param)
    for field in sorted(call):
        value, where = call[field], f"{path}.{field}"
        if field in _CALLS and isinstance(value, Mapping):
            # Of two kinds in one call the first alone is read as the call.
            first = field == next(kind for kind in _CALLS if isinstance(call.get(kind), Mapping))
            yield from _beside(value, where, *([_CALLS[field]] if first else []), role=Role.TOOL_CALL)
        else:
            yield from _text(value, where, Role.TOOL_CALL)


def _older_call(call: Any, path: str) -> Iterator[Part]:
    """The texts of a `function_call`, whatever stands in its place."""
    if not isinstance(call, Mapping):
        yield from _text(call, path, Role.TOOL_CALL)
        return
    arguments = call.get("arguments")
    if arguments is not None:
        text = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
        yield Text(text=text, role=Role.TOOL_CALL, path=f"{path}.arguments")
    yield from _beside(call, path, "arguments", role=Role.TOOL_CALL)


def _of_item(item: Any, path: str) -> Iterator[Part]:
    """The fields of one item of a content that are not read with it."""
    key = _ITEMS.get(item["type"]) if isinstance(item, Mapping) else None
    if key is None:
        return
    yield from _beside(item, path, key, role=Role.DOCUMENT)
    if isinstance(item[key], Mapping):
        yield from _beside(item[key], f"{path}.{key}", "url", role=Role.DOCUMENT)


def _beside(node: Mapping[str, Any], path: str, *read: str, role: Role) -> Iterator[Text]:
    for field in sorted(node.keys() - {*read}):
        yield from _text(node[field], f"{path}.{field}", role)


def _text(value: Any, path: str, role: Role) -> Iterator[Text]:
    if text := prose(value):
        yield Text(text=text, role=role, path=path)
