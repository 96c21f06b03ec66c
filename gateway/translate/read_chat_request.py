"""An OpenAI chat completion request into the neutral form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from .fields import flag, items, mapping, needed, number, text, texts, whole
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

DROPPED: Final = frozenset(
    [
        "add_generation_prompt",
        "continue_final_message",
        "include_reasoning",
        "metadata",
        "modalities",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning_effort",
        "safety_identifier",
        "service_tier",
        "store",
        "stream_options",
        "verbosity",
    ]
)
"""Fields that are left out: they steer the account, the cache or how hard a model thinks, or are ours."""
_READ: Final = frozenset(
    [
        "frequency_penalty",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "model",
        "n",
        "parallel_tool_calls",
        "presence_penalty",
        "response_format",
        "seed",
        "stop",
        "stream",
        "temperature",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
        "user",
    ]
)


def read_chat_request(body: Mapping[str, Any]) -> Asked:
    """The request; InputError names the field that cannot be read or has no place in another protocol."""
    refuse_rest(body, _READ | DROPPED)
    if (whole(body, "n") or 1) > 1:
        raise refuse("n", "must be 1: this model's upstream draws one answer at a time")
    bound = whole(body, "max_completion_tokens")
    return Asked(
        model=text(body, "model") or "",
        turns=tuple(_turn(message, f"messages[{index}]") for index, message in enumerate(items(body, "messages"))),
        tools=tuple(tool_of(tool, f"tools[{index}]") for index, tool in enumerate(items(body, "tools"))),
        choice=_choice(body.get("tool_choice")),
        parallel=flag(body, "parallel_tool_calls"),
        format=_format(mapping(body, "response_format")),
        max_tokens=whole(body, "max_tokens") if bound is None else bound,
        temperature=number(body, "temperature"),
        top_p=number(body, "top_p"),
        top_k=whole(body, "top_k"),
        seed=whole(body, "seed"),
        presence_penalty=number(body, "presence_penalty"),
        frequency_penalty=number(body, "frequency_penalty"),
        stop=texts(body, "stop"),
        user=text(body, "user"),
        stream=bool(body.get("stream")),
    )


def tool_of(tool: Mapping[str, Any], path: str) -> Tool:
    """A function as OpenAI and Ollama describe it."""
    if tool.get("type", "function") != "function":
        raise refuse(f"{path}.type", "must be 'function' for this model's upstream")
    function = mapping(tool, "function", path=f"{path}.")
    return Tool(
        name=needed(function, "name", path=f"{path}.function."),
        description=text(function, "description", path=f"{path}.function."),
        schema=mapping(function, "parameters", path=f"{path}.function."),
        strict=flag(function, "strict", path=f"{path}.function."),
    )


def _turn(message: Mapping[str, Any], path: str) -> Turn:
    role = message.get("role")
    match role:
        case "system" | "developer":
            return Turn(role="system", content=tuple(_content(message, path)))
        case "user":
            return Turn(role="user", content=tuple(_content(message, path)))
        case "assistant":
            return Turn(role="assistant", content=tuple(_spoken(message, path)))
        case "tool":
            found = [item for item in _content(message, path) if isinstance(item, (Said, Picture))]
            result = Result(id=needed(message, "tool_call_id", path=f"{path}."), content=tuple(found))
            return Turn(role="user", content=(result,))
    raise refuse(f"{path}.role", "must be one of system, developer, user, assistant, tool for this model's upstream")


def _spoken(message: Mapping[str, Any], path: str) -> Iterator[Content]:
    if message.get("function_call"):
        raise refuse(f"{path}.function_call", "cannot be translated: send 'tool_calls'")
    if thought := text(message, "reasoning_content", path=f"{path}.") or text(message, "reasoning", path=f"{path}."):
        yield Thought(thought)
    yield from _content(message, path)
    if refusal := text(message, "refusal", path=f"{path}."):
        yield Said(refusal)
    for index, call in enumerate(items(message, "tool_calls", path=f"{path}.")):
        where = f"{path}.tool_calls[{index}]"
        function = call.get("function")
        if not isinstance(function, dict):
            raise refuse(where, "must be a call of a function for this model's upstream")
        yield Called(
            id=needed(call, "id", path=f"{where}."),
            name=needed(function, "name", path=f"{where}.function."),
            arguments=needed(function, "arguments", path=f"{where}.function."),
        )


def _content(message: Mapping[str, Any], path: str) -> Iterator[Said | Picture]:
    content = message.get("content")
    if isinstance(content, str):
        yield Said(content)
        return
    for index, item in enumerate(items(message, "content", path=f"{path}.")):
        where = f"{path}.content[{index}]"
        match item.get("type"):
            case "text":
                yield Said(needed(item, "text", path=f"{where}."))
            case "refusal":
                yield Said(needed(item, "refusal", path=f"{where}."))
            case "image_url":
                image = item.get("image_url")
                yield picture(image.get("url") if isinstance(image, dict) else image, f"{where}.image_url")
            case _:
                raise refuse(where, "must be a text or an image for this model's upstream")


def _choice(choice: Any) -> ToolChoice | None:
    if choice is None:
        return None
    match choice:
        case "auto" | "none" | "required":
            return ToolChoice(mode=choice)
        case {"type": "function", "function": {"name": str() as name}}:
            return ToolChoice(mode="required", name=name)
    raise refuse("tool_choice", "must be 'auto', 'none', 'required' or a function for this model's upstream")


def _format(wanted: Mapping[str, Any]) -> Format | None:
    match wanted.get("type", "text"):
        case "text":
            return None
        case "json_object":
            return Format(path="response_format")
        case "json_schema":
            inner = mapping(wanted, "json_schema", path="response_format.")
            return Format(
                path="response_format",
                schema=mapping(inner, "schema", path="response_format.json_schema."),
                name=text(inner, "name", path="response_format.json_schema.") or "answer",
                strict=flag(inner, "strict", path="response_format.json_schema."),
            )
    raise refuse("response_format.type", "must be text, json_object or json_schema")
