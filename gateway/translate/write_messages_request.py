"""The neutral form into an Anthropic Messages request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from .neutral import (
    Asked,
    Called,
    Content,
    Format,
    Manners,
    Picture,
    Result,
    Said,
    Tool,
    ToolChoice,
    Turn,
    object_of,
    refuse,
)

_PENALTIES: Final = ("presence_penalty", "frequency_penalty")
_KINDS: Final = {"auto": "auto", "none": "none", "required": "any"}


def write_messages_request(asked: Asked, manners: Manners) -> dict[str, Any]:
    """The body; InputError names what Anthropic has no parameter for. `seed` is only a wish, and is left out."""
    for field in _PENALTIES:
        if getattr(asked, field):
            raise refuse(field, "is not known to this model's upstream: leave it out")
    system = [_text(item) for turn in asked.turns if turn.role == "system" for item in turn.content if _spoken(item)]
    given = {
        "system": system or None,
        "tools": [_tool(tool) for tool in asked.tools] or None,
        "tool_choice": _choice(asked),
        "output_config": _format(asked.format),
        "temperature": asked.temperature,
        "top_p": asked.top_p,
        "top_k": asked.top_k,
        "stop_sequences": list(asked.stop) or None,
        "metadata": {"user_id": asked.user} if asked.user is not None else None,
        "stream": True if asked.stream else None,
    }
    return {
        "model": asked.model,
        "max_tokens": manners.max_tokens if asked.max_tokens is None else asked.max_tokens,
        "messages": list(_messages(asked.turns)),
        **{field: value for field, value in given.items() if value is not None},
    }


def _messages(turns: tuple[Turn, ...]) -> Iterator[dict[str, Any]]:
    """User and assistant in turn: what one of them says in several messages is joined, as results of tools must be."""
    role, content = "", list[dict[str, Any]]()
    for turn in turns:
        blocks = [block for item in turn.content for block in _blocks(item)]
        if turn.role == "system" or not blocks:
            continue
        if turn.role != role and content:
            yield {"role": role, "content": content}
            content = []
        role = turn.role
        content += blocks
    if content:
        yield {"role": role, "content": content}


def _blocks(item: Content) -> Iterator[dict[str, Any]]:
    """A block; none for an empty text, which is refused, nor for thinking, which only its own model may bring back."""
    match item:
        case Said() if _spoken(item):
            yield _text(item)
        case Picture():
            yield _image(item)
        case Called(id=id, name=name, arguments=arguments):
            yield {"type": "tool_use", "id": id, "name": name, "input": object_of(arguments)}
        case Result(id=id, content=content):
            inner = [block for piece in content for block in _blocks(piece)]
            yield {"type": "tool_result", "tool_use_id": id, "content": inner}


def _spoken(item: Content) -> bool:
    return isinstance(item, Said) and bool(item.text.strip())


def _text(item: Content) -> dict[str, Any]:
    assert isinstance(item, Said)
    return {"type": "text", "text": item.text}


def _image(image: Picture) -> dict[str, Any]:
    if image.url is not None:
        return {"type": "image", "source": {"type": "url", "url": image.url}}
    return {"type": "image", "source": {"type": "base64", "media_type": image.media_type, "data": image.data}}


def _tool(tool: Tool) -> dict[str, Any]:
    found: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        found["description"] = tool.description
    found["input_schema"] = {"type": "object", **tool.schema}
    if tool.strict:
        found["strict"] = True
    return found


def _choice(asked: Asked) -> dict[str, Any] | None:
    choice = asked.choice
    if not asked.tools or (choice is None and asked.parallel is not False):
        return None
    choice = choice or ToolChoice()
    found: dict[str, Any] = {"type": _KINDS[choice.mode]}
    if choice.name is not None:
        found = {"type": "tool", "name": choice.name}
    if asked.parallel is False and found["type"] != "none":
        found["disable_parallel_tool_use"] = True
    return found


def _format(wanted: Format | None) -> dict[str, Any] | None:
    if wanted is None:
        return None
    if wanted.schema is None:
        raise refuse(wanted.path, "must name a JSON Schema for this model's upstream: json_object is not known to it")
    return {"format": {"type": "json_schema", "schema": wanted.schema}}
