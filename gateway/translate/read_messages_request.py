"""An Anthropic Messages request into the neutral form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from .fields import items, mapping, needed, number, text, texts, whole
from .neutral import (
    Asked,
    Called,
    Content,
    Format,
    Picture,
    Result,
    Said,
    Thought,
    Tool,
    ToolChoice,
    Turn,
    picture,
    refuse,
    refuse_rest,
)

DROPPED: Final = frozenset(["cache_control", "diagnostics", "service_tier", "speed", "thinking"])
"""Fields that are left out: they steer the account, the cache, or how hard a model thinks."""
_READ: Final = frozenset(
    [
        "max_tokens",
        "messages",
        "metadata",
        "model",
        "output_config",
        "stop_sequences",
        "stream",
        "system",
        "temperature",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
    ]
)
_NO_PLACE: Final = "has no place in the protocol of this model's upstream"


def read_messages_request(body: Mapping[str, Any]) -> Asked:
    """The request; InputError names the field that cannot be read or has no place in another protocol."""
    refuse_rest(body, _READ | DROPPED)
    config = mapping(body, "output_config")
    refuse_rest(config, {"effort", "format"}, path="output_config.")
    choice = mapping(body, "tool_choice")
    system = [Turn(role="system", content=tuple(_blocks(body["system"], "system")))] if body.get("system") else []
    turns = [_turn(message, f"messages[{index}]") for index, message in enumerate(items(body, "messages"))]
    return Asked(
        model=text(body, "model") or "",
        turns=(*system, *turns),
        tools=tuple(_tool(tool, f"tools[{index}]") for index, tool in enumerate(items(body, "tools"))),
        choice=_choice(choice) if choice else None,
        parallel=False if choice.get("disable_parallel_tool_use") else None,
        format=_format(mapping(config, "format", path="output_config.")),
        max_tokens=whole(body, "max_tokens"),
        temperature=number(body, "temperature"),
        top_p=number(body, "top_p"),
        top_k=whole(body, "top_k"),
        stop=texts(body, "stop_sequences"),
        user=text(mapping(body, "metadata"), "user_id", path="metadata."),
        stream=bool(body.get("stream")),
    )


def _turn(message: Mapping[str, Any], path: str) -> Turn:
    role = message.get("role")
    content = tuple(_blocks(message.get("content"), f"{path}.content"))
    match role:
        case "user" | "assistant" | "system":
            return Turn(role=role, content=content)
    raise refuse(f"{path}.role", "must be user, assistant or system")


def _blocks(content: object, path: str) -> Iterator[Content]:
    if isinstance(content, str):
        yield Said(content)
        return
    if not isinstance(content, list):
        raise refuse(path, "must be a string or a list of content blocks")
    for index, block in enumerate(content):
        if not isinstance(block, dict):
            raise refuse(f"{path}[{index}]", "must be an object with a type")
        yield from _block(block, f"{path}[{index}]")


def _block(block: Mapping[str, Any], path: str) -> Iterator[Content]:
    match block.get("type"):
        case "text":
            yield Said(needed(block, "text", path=f"{path}."))
        case "thinking":
            yield Thought(needed(block, "thinking", path=f"{path}."))
        case "redacted_thinking":
            return
        case "image":
            yield _image(mapping(block, "source", path=f"{path}."), f"{path}.source")
        case "tool_use":
            yield Called(
                id=needed(block, "id", path=f"{path}."),
                name=needed(block, "name", path=f"{path}."),
                arguments=msgspec.json.encode(block.get("input") or {}).decode(),
            )
        case "tool_result":
            content = () if block.get("content") is None else tuple(_plain(block["content"], f"{path}.content"))
            yield Result(id=needed(block, "tool_use_id", path=f"{path}."), content=content)
        case "document":
            yield _document(block, path)
        case "search_result":
            told = [text(block, "title", path=f"{path}."), text(block, "source", path=f"{path}.")]
            found = [item.text for item in _plain(block.get("content"), f"{path}.content") if isinstance(item, Said)]
            yield Said("\n".join([line for line in told if line] + found))
        case _:
            raise refuse(path, _NO_PLACE)


def _plain(content: object, path: str) -> Iterator[Said | Picture]:
    """Texts and images, and nothing else."""
    for item in _blocks(content, path):
        if not isinstance(item, (Said, Picture)):
            raise refuse(path, _NO_PLACE)
        yield item


def _document(block: Mapping[str, Any], path: str) -> Said:
    """A document of text, its title and context before it."""
    source = mapping(block, "source", path=f"{path}.")
    match source.get("type"):
        case "text":
            said = needed(source, "data", path=f"{path}.source.")
        case "content":
            found = tuple(_plain(source.get("content"), f"{path}.source.content"))
            if any(isinstance(item, Picture) for item in found):
                raise refuse(path, _NO_PLACE)
            said = "\n".join(item.text for item in found if isinstance(item, Said))
        case _:
            raise refuse(path, f"{_NO_PLACE}: send the document's text")
    told = [text(block, "title", path=f"{path}."), text(block, "context", path=f"{path}.")]
    return Said("\n".join([*(line for line in told if line), said]))


def _image(source: Mapping[str, Any], path: str) -> Picture:
    match source.get("type"):
        case "base64":
            kind, data = needed(source, "media_type", path=f"{path}."), needed(source, "data", path=f"{path}.")
            return Picture(path=path, media_type=kind, data=data)
        case "url":
            return picture(source.get("url"), f"{path}.url")
    raise refuse(path, _NO_PLACE)


def _tool(tool: Mapping[str, Any], path: str) -> Tool:
    if tool.get("type") not in (None, "custom"):
        raise refuse(path, "is a tool that runs at Anthropic's, which this model's upstream does not have")
    return Tool(
        name=needed(tool, "name", path=f"{path}."),
        description=text(tool, "description", path=f"{path}."),
        schema=mapping(tool, "input_schema", path=f"{path}."),
        strict=True if tool.get("strict") is True else None,
    )


def _choice(choice: Mapping[str, Any]) -> ToolChoice:
    match choice.get("type"):
        case "auto" | "none":
            return ToolChoice(mode=choice["type"])
        case "any":
            return ToolChoice(mode="required")
        case "tool":
            return ToolChoice(mode="required", name=needed(choice, "name", path="tool_choice."))
    raise refuse("tool_choice.type", "must be auto, any, tool or none")


def _format(wanted: Mapping[str, Any]) -> Format | None:
    if not wanted:
        return None
    if wanted.get("type") != "json_schema":
        raise refuse("output_config.format.type", "must be json_schema")
    schema = mapping(wanted, "schema", path="output_config.format.")
    return Format(path="output_config.format", schema=schema, strict=True)
