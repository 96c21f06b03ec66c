"""An OpenAI Responses request into the neutral form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from .fields import flag, items, mapping, needed, number, text, whole
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
        "include",
        "max_tool_calls",
        "metadata",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning",
        "safety_identifier",
        "service_tier",
        "store",
        "stream_options",
        "truncation",
    ]
)
"""Fields that are left out: they steer the account, the cache, or how hard a model thinks; nothing is stored."""
_READ: Final = frozenset(
    [
        "input",
        "instructions",
        "max_output_tokens",
        "model",
        "parallel_tool_calls",
        "seed",
        "stream",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
        "user",
    ]
)
_TEXTS: Final = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
_NO_PLACE: Final = "has no place in the protocol of this model's upstream"


def read_responses_request(body: Mapping[str, Any]) -> Asked:
    """The request; InputError names the field that cannot be read or has no place in another protocol.

    What upstream would take from its own store (`previous_response_id` and the like) is nowhere, so it is refused.
    """
    refuse_rest(body, _READ | DROPPED)
    wanted = mapping(body, "text")
    refuse_rest(wanted, {"format", "verbosity"}, path="text.")
    instructions = text(body, "instructions")
    system = [Turn(role="system", content=(Said(instructions),))] if instructions else []
    return Asked(
        model=text(body, "model") or "",
        turns=(*system, *_turns(body.get("input"))),
        tools=tuple(_tool(tool, f"tools[{index}]") for index, tool in enumerate(items(body, "tools"))),
        choice=_choice(body.get("tool_choice")),
        parallel=flag(body, "parallel_tool_calls"),
        format=_format(mapping(wanted, "format", path="text.")),
        max_tokens=whole(body, "max_output_tokens"),
        temperature=number(body, "temperature"),
        top_p=number(body, "top_p"),
        top_k=whole(body, "top_k"),
        seed=whole(body, "seed"),
        user=text(body, "user"),
        stream=bool(body.get("stream")),
    )


def _turns(given: Any) -> list[Turn]:
    """One turn for each message; calls join the assistant's turn before them, results the user's."""
    if isinstance(given, str):
        return [Turn(role="user", content=(Said(given),))]
    if not isinstance(given, list):
        raise refuse("input", "must be a string or a list of items")
    turns: list[Turn] = []
    for index, item in enumerate(given):
        path = f"input[{index}]"
        if not isinstance(item, dict):
            raise refuse(path, "must be an object with a type")
        turn = _item(item, path)
        if not turn.content and item.get("type") == "reasoning":
            continue
        if turns and turns[-1].role == turn.role and _joins(turn):
            turns[-1] = Turn(role=turn.role, content=(*turns[-1].content, *turn.content))
        else:
            turns.append(turn)
    return turns


def _joins(turn: Turn) -> bool:
    return isinstance(turn.content[0] if turn.content else None, (Called, Result))


def _item(item: Mapping[str, Any], path: str) -> Turn:
    match item.get("type", "message" if "role" in item else "item_reference"):
        case "message":
            role = item.get("role")
            content = tuple(_content(item.get("content"), f"{path}.content"))
            match role:
                case "system" | "developer":
                    return Turn(role="system", content=content)
                case "user" | "assistant":
                    return Turn(role=role, content=content)
            raise refuse(f"{path}.role", "must be user, assistant, system or developer")
        case "function_call":
            call = Called(
                id=needed(item, "call_id", path=f"{path}."),
                name=needed(item, "name", path=f"{path}."),
                arguments=needed(item, "arguments", path=f"{path}."),
            )
            return Turn(role="assistant", content=(call,))
        case "function_call_output":
            output = tuple(_content(item.get("output"), f"{path}.output"))
            return Turn(role="user", content=(Result(id=needed(item, "call_id", path=f"{path}."), content=output),))
        case "reasoning":
            return Turn(role="assistant", content=tuple(_thoughts(item, path)))
    raise refuse(path, _NO_PLACE)


def _thoughts(item: Mapping[str, Any], path: str) -> Iterator[Content]:
    for part in items(item, "content", path=f"{path}."):
        yield Thought(needed(part, "text", path=f"{path}.content."))


def _content(content: Any, path: str) -> Iterator[Said | Picture]:
    if isinstance(content, str):
        yield Said(content)
        return
    if not isinstance(content, list):
        raise refuse(path, "must be a string or a list of parts")
    for index, part in enumerate(content):
        where = f"{path}[{index}]"
        kind = part.get("type") if isinstance(part, dict) else None
        if isinstance(kind, str) and kind in _TEXTS:
            yield Said(needed(part, _TEXTS[kind], path=f"{where}."))
        elif kind == "input_image" and part.get("image_url"):
            yield picture(part["image_url"], f"{where}.image_url")
        else:
            raise refuse(where, _NO_PLACE)


def _tool(tool: Mapping[str, Any], path: str) -> Tool:
    if tool.get("type") != "function":
        raise refuse(path, "must be a function: this model's upstream has no other tools")
    return Tool(
        name=needed(tool, "name", path=f"{path}."),
        description=text(tool, "description", path=f"{path}."),
        schema=mapping(tool, "parameters", path=f"{path}."),
        strict=flag(tool, "strict", path=f"{path}."),
    )


def _choice(choice: Any) -> ToolChoice | None:
    if choice is None:
        return None
    match choice:
        case "auto" | "none" | "required":
            return ToolChoice(mode=choice)
        case {"type": "function", "name": str() as name}:
            return ToolChoice(mode="required", name=name)
    raise refuse("tool_choice", "must be 'auto', 'none', 'required' or a function for this model's upstream")


def _format(wanted: Mapping[str, Any]) -> Format | None:
    match wanted.get("type", "text"):
        case "text":
            return None
        case "json_object":
            return Format(path="text.format")
        case "json_schema":
            schema = mapping(wanted, "schema", path="text.format.")
            name = text(wanted, "name", path="text.format.") or "answer"
            strict = flag(wanted, "strict", path="text.format.")
            return Format(path="text.format", schema=schema, name=name, strict=strict)
    raise refuse("text.format.type", "must be text, json_object or json_schema")
