"""The neutral form into an OpenAI chat completion request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .neutral import Asked, Called, Format, Manners, Picture, Result, Said, Tool, ToolChoice, Turn, joined, refuse


def write_chat_request(asked: Asked, manners: Manners) -> dict[str, Any]:
    """The body; InputError names what this upstream has no parameter for."""
    if asked.top_k is not None and not manners.extensions:
        raise refuse("top_k", "is not known to this model's upstream: leave it out")
    given = {
        "tools": [_tool(tool) for tool in asked.tools] or None,
        "tool_choice": _choice(asked.choice),
        "parallel_tool_calls": asked.parallel if asked.tools else None,
        "response_format": _format(asked.format),
        manners.max_tokens_field: asked.max_tokens,
        "temperature": asked.temperature,
        "top_p": asked.top_p,
        "top_k": asked.top_k,
        "seed": asked.seed,
        "presence_penalty": asked.presence_penalty,
        "frequency_penalty": asked.frequency_penalty,
        "stop": list(asked.stop) or None,
        "user": asked.user,
    }
    body: dict[str, Any] = {
        "model": asked.model,
        "messages": [message for turn in asked.turns for message in _messages(turn)],
        **{field: value for field, value in given.items() if value is not None},
    }
    if manners.prefill == "vllm":
        body |= {"continue_final_message": True, "add_generation_prompt": False}
    if asked.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def _messages(turn: Turn) -> Iterator[dict[str, Any]]:
    """The messages of a turn: results of tools first, each its own, for they answer what was called before."""
    for item in turn.content:
        if isinstance(item, Result):
            yield {"role": "tool", "tool_call_id": item.id, "content": _returned(item)}
    if turn.role == "assistant":
        yield _spoken(turn)
        return
    said = [item for item in turn.content if isinstance(item, (Said, Picture))]
    if turn.role == "system":
        yield {"role": "system", "content": joined(turn.content)}
    elif len(said) == 1 and isinstance(said[0], Said):
        yield {"role": "user", "content": said[0].text}
    elif said or not turn.content:
        yield {"role": "user", "content": [_part(item) for item in said]}


def _spoken(turn: Turn) -> dict[str, Any]:
    texts = [item.text for item in turn.content if isinstance(item, Said)]
    message: dict[str, Any] = {"role": "assistant", "content": "\n".join(texts) if texts else None}
    calls = [_call(item) for item in turn.content if isinstance(item, Called)]
    if calls:
        message["tool_calls"] = calls
    elif message["content"] is None:
        message["content"] = ""
    return message


def _call(call: Called) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _returned(result: Result) -> str:
    for item in result.content:
        if isinstance(item, Picture):
            raise refuse(item.path, "is an image that a tool returned, which this model's upstream does not take")
    return joined(result.content)


def _part(item: Said | Picture) -> dict[str, Any]:
    if isinstance(item, Said):
        return {"type": "text", "text": item.text}
    return {"type": "image_url", "image_url": {"url": item.address}}


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = tool.schema or {"type": "object", "properties": {}}
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _choice(choice: ToolChoice | None) -> Any:
    if choice is None:
        return None
    if choice.name is not None:
        return {"type": "function", "function": {"name": choice.name}}
    return choice.mode


def _format(wanted: Format | None) -> dict[str, Any] | None:
    if wanted is None:
        return None
    if wanted.schema is None:
        return {"type": "json_object"}
    schema: dict[str, Any] = {"name": wanted.name, "schema": wanted.schema}
    if wanted.strict is not None:
        schema["strict"] = wanted.strict
    return {"type": "json_schema", "json_schema": schema}
