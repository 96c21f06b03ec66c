"""The neutral form into an Ollama chat request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .neutral import Asked, Called, Manners, Picture, Result, Thought, Tool, Turn, joined, object_of, refuse


def write_ollama_request(asked: Asked, manners: Manners) -> dict[str, Any]:
    """The body; InputError names what Ollama has no parameter for. `user` and `parallel_tool_calls` are left out."""
    choice = asked.choice
    if choice is not None and choice.mode == "required":
        raise refuse("tool_choice", "must be 'auto' or 'none' for this model's upstream")
    tools = asked.tools if choice is None or choice.mode != "none" else ()
    options = {
        "temperature": asked.temperature,
        "top_p": asked.top_p,
        "top_k": asked.top_k,
        "num_predict": asked.max_tokens,
        "seed": asked.seed,
        "presence_penalty": asked.presence_penalty,
        "frequency_penalty": asked.frequency_penalty,
        "stop": list(asked.stop) or None,
    }
    body: dict[str, Any] = {"model": asked.model, "messages": list(_messages(asked.turns)), "stream": asked.stream}
    if tools:
        body["tools"] = [_tool(tool) for tool in tools]
    if asked.format is not None:
        body["format"] = "json" if asked.format.schema is None else asked.format.schema
    if given := {name: value for name, value in options.items() if value is not None}:
        body["options"] = given
    return body


def _messages(turns: tuple[Turn, ...]) -> Iterator[dict[str, Any]]:
    names: dict[str, str] = {}
    for turn in turns:
        for item in turn.content:
            if isinstance(item, Called):
                names[item.id] = item.name
            elif isinstance(item, Result):
                pictures = [piece for piece in item.content if isinstance(piece, Picture)]
                named = {"tool_name": names[item.id]} if item.id in names else {}
                yield {"role": "tool", "content": joined(item.content), **named, **_images(pictures)}
        if turn.role == "assistant" or any(not isinstance(item, Result) for item in turn.content) or not turn.content:
            yield _message(turn)


def _message(turn: Turn) -> dict[str, Any]:
    message: dict[str, Any] = {"role": turn.role, "content": joined(turn.content)}
    if thoughts := [item.text for item in turn.content if isinstance(item, Thought)]:
        message["thinking"] = "\n".join(thoughts)
    message |= _images([item for item in turn.content if isinstance(item, Picture)])
    calls = [item for item in turn.content if isinstance(item, Called)]
    if calls:
        message["tool_calls"] = [
            {"function": {"name": call.name, "arguments": object_of(call.arguments)}} for call in calls
        ]
    return message


def _images(pictures: list[Picture]) -> dict[str, Any]:
    for picture in pictures:
        if picture.url is not None:
            raise refuse(picture.path, "must be a data URL for this model's upstream, which fetches no images")
    return {"images": [picture.data for picture in pictures]} if pictures else {}


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = tool.schema or {"type": "object", "properties": {}}
    return {"type": "function", "function": function}
