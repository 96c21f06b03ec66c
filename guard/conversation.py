"""OpenAI-shaped messages to parts: the one reading of a conversation that the gateway, the decorator and the CLI share.

Everything a message holds becomes a part, known or not: what nobody can judge is reported, never skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from ..models.content import Image, Opaque, Part, Purpose, Role, Text, Video
from ..models.errors import InputError
from .beside import texts_beside
from .prose import as_json, words

Message: TypeAlias = Mapping[str, Any]
"""A message of a conversation, as the chat completions API has it."""

ROLES: Mapping[str, Role] = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.TOOL_RESULT,
    "function": Role.TOOL_RESULT,
}
_PLAIN = frozenset(["role", "content"])


def parts_of(messages: Sequence[Message], *, purpose: Purpose = "chat") -> tuple[Part, ...]:
    """The parts of a conversation with their paths (`messages[3].content[1]`); InputError names what cannot be read."""
    parts: list[Part] = []
    question = ""
    tools: dict[str, str] = {}
    for index, message in enumerate(messages):
        path = f"messages[{index}]"
        role = _role(message, path)
        context = question if role in (Role.ASSISTANT, Role.TOOL_RESULT) else ""
        found = [_named(part, message, tools) for part in _message(message, role, path, purpose, context)]
        tools |= _called(message)
        if role is Role.USER:
            question = "\n".join(part.text for part in found if isinstance(part, Text) and part.role is role)
        parts.extend(found)
    return tuple(parts)


def accompanied(parts: Sequence[Part]) -> Sequence[Part]:
    """The parts, each image and video of a user with the words of its message: harm may stand in both together.

    One whose path is that of no message (`images[0]`) gets all words of the user.
    """
    if not any(isinstance(part, (Image, Video)) for part in parts):
        return parts
    return [_accompanied(part, parts) if isinstance(part, (Image, Video)) else part for part in parts]


def _accompanied(part: Image | Video, parts: Sequence[Part]) -> Part:
    if part.context or part.role is not Role.USER:
        return part
    message, dot, _ = part.path.partition(".")
    words = [
        other.text
        for other in parts
        if isinstance(other, Text) and other.role is Role.USER and (not dot or other.path.partition(".")[0] == message)
    ]
    return msgspec.structs.replace(part, context="\n".join(words)) if words else part


def message_of(text: str) -> dict[str, str]:
    """A text as the user message that it is everywhere: a bare prompt has the path `messages[0].content`."""
    return {"role": "user", "content": text}


def with_note(messages: Sequence[Message], note: str) -> list[Message]:
    """The messages with a system note: at the end of the leading system message, for templates that allow only one."""
    first, rest = (messages[0], messages[1:]) if messages else ({}, ())
    if first.get("role") in ("system", "developer"):
        content = first.get("content")
        if isinstance(content, str):
            return [{**first, "content": f"{content}\n\n{note}"}, *rest]
        if isinstance(content, list):
            return [{**first, "content": [*content, {"type": "text", "text": note}]}, *rest]
    return [{"role": "system", "content": note}, *messages]


def _role(message: Mapping[str, Any], path: str) -> Role:
    if not isinstance(message, Mapping):
        raise InputError(f"{path} must be an object with a role and content", param=path)
    name = message.get("role")
    if not isinstance(name, str) or name not in ROLES:
        raise InputError(f"{path}.role must be one of {', '.join(ROLES)}; got {name!r}", param=f"{path}.role")
    return ROLES[name]


def _message(message: Mapping[str, Any], role: Role, path: str, purpose: Purpose, context: str) -> Iterator[Part]:
    content = message.get("content")
    if isinstance(content, str) and message.keys() <= _PLAIN:
        yield Text(text=content, role=role, purpose=purpose, path=f"{path}.content", context=context)
        return
    if not isinstance(content, (str, list, tuple)):
        content = _listed(content, f"{path}.content")
        message = {**message, "content": content}
    yield from _content(content, role, f"{path}.content", purpose, context)
    for key in ("reasoning_content", "reasoning"):
        if reasoning := words(message.get(key), path=f"{path}.{key}"):
            yield Text(text=reasoning, role=Role.REASONING, purpose=purpose, path=f"{path}.reasoning", context=context)
    if refusal := words(message.get("refusal"), path=f"{path}.refusal"):
        yield Text(text=refusal, role=role, purpose=purpose, path=f"{path}.refusal", context=context)
    yield from _tool_calls(message, path, purpose, context)
    if (audio := message.get("audio")) is not None:
        where = f"{path}.audio"
        yield Opaque(type="audio", data=as_json(audio, path=where), role=role, purpose=purpose, path=where)
    for part in texts_beside(message, path):
        own = context if part.role is Role.TOOL_CALL else ""
        yield msgspec.structs.replace(part, purpose=purpose, context=own)


def _listed(content: object, path: str) -> list[object] | None:
    """A content that is neither a text nor a list: items of anything else that can be gone through once."""
    if content is None:
        return None
    if not isinstance(content, Iterable) or isinstance(content, (Mapping, bytes)):
        raise InputError(f"{path} must be a string, a list of parts or null", param=path)
    return list(content)


def _content(
    content: str | Sequence[object] | None, role: Role, path: str, purpose: Purpose, context: str
) -> Iterator[Part]:
    if isinstance(content, str):
        yield Text(text=content, role=role, purpose=purpose, path=path, context=context)
        return
    for index, item in enumerate(content or ()):
        yield _item(item, role, f"{path}[{index}]", purpose, context)


def _item(item: object, role: Role, path: str, purpose: Purpose, context: str) -> Part:
    if isinstance(item, str):
        return Text(text=item, role=role, purpose=purpose, path=path, context=context)
    if not isinstance(item, Mapping) or not isinstance(item.get("type"), str):
        raise InputError(f"{path} must be an object with a type", param=path)
    kind: str = item["type"]
    match kind:
        case "text" | "input_text" | "output_text" | "refusal":
            key = "refusal" if kind == "refusal" else "text"
            text = item.get(key)
            if not isinstance(text, str):
                raise InputError(f"{path}.{key} must be a string", param=f"{path}.{key}")
            return Text(text=text, role=role, purpose=purpose, path=path, context=context)
        case "image_url" | "input_image":
            return Image(url=_url(item.get("image_url"), f"{path}.image_url"), role=role, purpose=purpose, path=path)
        case "video_url":
            return Video(url=_url(item.get("video_url"), f"{path}.video_url"), role=role, purpose=purpose, path=path)
        case _:
            return Opaque(type=kind, data=as_json(item, path=path), role=role, purpose=purpose, path=path)


def _tool_calls(message: Mapping[str, Any], path: str, purpose: Purpose, context: str) -> Iterator[Part]:
    calls = message.get("tool_calls") or ()
    if not isinstance(calls, Sequence) or isinstance(calls, str):
        raise InputError(f"{path}.tool_calls must be a list", param=f"{path}.tool_calls")
    for index, call in enumerate(calls):
        where = f"{path}.tool_calls[{index}]"
        arguments = arguments_of(call, where)
        yield Text(
            text=arguments,
            role=Role.TOOL_CALL,
            purpose=purpose,
            path=f"{where}.arguments",
            context=context,
            tool=tool_of(call),
        )


def tool_of(call: object) -> str:
    """The name of the tool that a call is for; empty where it says none."""
    if isinstance(call, Mapping):
        for kind in ("function", "custom"):
            body = call.get(kind)
            if isinstance(body, Mapping) and isinstance(name := body.get("name"), str):
                return name
    return ""


def _called(message: Message) -> dict[str, str]:
    """The tools that a message calls, by the ids of the calls."""
    calls = message.get("tool_calls") or ()
    ids = ((call.get("id"), tool_of(call)) for call in calls if isinstance(call, Mapping))
    return {identity: name for identity, name in ids if isinstance(identity, str) and name}


def _named(part: Part, message: Message, tools: Mapping[str, str]) -> Part:
    """A tool's result with the tool's name: the message's own, or that of the call which it answers."""
    if not isinstance(part, Text) or part.role is not Role.TOOL_RESULT:
        return part
    name = message.get("name") or tools.get(str(message.get("tool_call_id")), "")
    return msgspec.structs.replace(part, tool=name) if isinstance(name, str) and name else part


def arguments_of(call: object, path: str) -> str:
    """The arguments of a tool call as text, for function and custom calls; InputError names what cannot be read."""
    if isinstance(call, Mapping):
        for kind, key in (("function", "arguments"), ("custom", "input")):
            body = call.get(kind)
            if isinstance(body, Mapping):
                found = body.get(key, "")
                return found if isinstance(found, str) else as_json(found, path=f"{path}.{kind}.{key}").decode()
    raise InputError(f"{path} must be an object with a function", param=path)


def _url(value: object, path: str) -> str:
    url = value.get("url") if isinstance(value, Mapping) else value
    if not isinstance(url, str):
        raise InputError(f"{path}.url must be a string", param=f"{path}.url")
    return url
