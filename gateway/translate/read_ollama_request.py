"""An Ollama chat request into the neutral form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from .fields import items, mapping, needed, number, text, texts, whole
from .neutral import Asked, Called, Content, Format, Picture, Result, Said, Thought, Turn, refuse, refuse_rest
from .read_chat_request import tool_of

DROPPED: Final = frozenset(["keep_alive", "shift", "think", "truncate"])
"""Fields that are left out: they steer Ollama's server, or how hard a model thinks."""
DROPPED_OPTIONS: Final = frozenset(
    [
        "f16_kv",
        "low_vram",
        "main_gpu",
        "num_batch",
        "num_ctx",
        "num_gpu",
        "num_keep",
        "num_thread",
        "numa",
        "use_mlock",
        "use_mmap",
        "vocab_only",
    ]
)
"""Options that are about the machine."""
_READ: Final = frozenset(["format", "messages", "model", "options", "stream", "tools"])
_OPTIONS: Final = frozenset(
    [
        "frequency_penalty",
        "num_predict",
        "presence_penalty",
        "seed",
        "stop",
        "temperature",
        "top_k",
        "top_p",
    ]
)
_BASE64_OF: Final = (("iVBOR", "image/png"), ("/9j/", "image/jpeg"), ("R0lGOD", "image/gif"), ("UklGR", "image/webp"))


def read_ollama_request(body: Mapping[str, Any]) -> Asked:
    """The request; InputError names the field that cannot be read or has no place in another protocol."""
    refuse_rest(body, _READ | DROPPED)
    options = mapping(body, "options")
    refuse_rest(options, _OPTIONS | DROPPED_OPTIONS, path="options.")
    bound = whole(options, "num_predict", path="options.")
    return Asked(
        model=text(body, "model") or "",
        turns=tuple(_turns(items(body, "messages"))),
        tools=tuple(tool_of(tool, f"tools[{index}]") for index, tool in enumerate(items(body, "tools"))),
        format=_format(body.get("format")),
        max_tokens=bound if bound is not None and bound >= 0 else None,
        temperature=number(options, "temperature", path="options."),
        top_p=number(options, "top_p", path="options."),
        top_k=whole(options, "top_k", path="options."),
        seed=whole(options, "seed", path="options."),
        presence_penalty=number(options, "presence_penalty", path="options."),
        frequency_penalty=number(options, "frequency_penalty", path="options."),
        stop=texts(options, "stop", path="options."),
        stream=body.get("stream") is not False,
    )


def _turns(messages: list[dict[str, Any]]) -> Iterator[Turn]:
    """The turns; calls, which have no ids here, get one each, and results are theirs by name, else in their order."""
    waiting: list[Called] = []
    for index, message in enumerate(messages):
        path = f"messages[{index}]"
        match message.get("role"):
            case "system" | "developer":
                yield Turn(role="system", content=tuple(_said(message, path)))
            case "user":
                yield Turn(role="user", content=tuple(_said(message, path)))
            case "assistant":
                calls = [
                    _call(call, f"{path}.tool_calls[{number}]", f"call_{index}_{number}")
                    for number, call in enumerate(items(message, "tool_calls", path=f"{path}."))
                ]
                waiting += calls
                yield Turn(role="assistant", content=(*_said(message, path), *calls))
            case "tool":
                call = _answered(message, waiting, path)
                waiting.remove(call)
                content = tuple(item for item in _said(message, path) if isinstance(item, (Said, Picture)))
                yield Turn(role="user", content=(Result(id=call.id, content=content),))
            case _:
                raise refuse(f"{path}.role", "must be one of system, developer, user, assistant, tool")


def _answered(message: Mapping[str, Any], waiting: list[Called], path: str) -> Called:
    name = text(message, "tool_name", path=f"{path}.")
    id = text(message, "tool_call_id", path=f"{path}.")
    found = next((call for call in waiting if call.id == id), None) if id else None
    named = (call for call in waiting if name is None or call.name == name)
    found = found or next(named, None)
    if found is None:
        raise refuse(path, "is the result of a tool that was not called before")
    return found


def _said(message: Mapping[str, Any], path: str) -> Iterator[Content]:
    if thought := text(message, "thinking", path=f"{path}."):
        yield Thought(thought)
    said = text(message, "content", path=f"{path}.")
    if said:
        yield Said(said)
    images = message.get("images")
    for place, image in enumerate(images if isinstance(images, list) else ()):
        where = f"{path}.images[{place}]"
        if not isinstance(image, str):
            raise refuse(where, "must be an image in base64")
        kind = next((kind for start, kind in _BASE64_OF if image.startswith(start)), None)
        if kind is None:
            raise refuse(where, "must be a PNG, JPEG, GIF or WebP image for this model's upstream")
        yield Picture(path=where, data=image, media_type=kind)


def _call(call: Mapping[str, Any], path: str, id: str) -> Called:
    function = mapping(call, "function", path=f"{path}.")
    arguments = function.get("arguments")
    encoded = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments or {}).decode()
    name = needed(function, "name", path=f"{path}.function.")
    return Called(id=text(call, "id", path=f"{path}.") or id, name=name, arguments=encoded)


def _format(wanted: Any) -> Format | None:
    if wanted in (None, ""):
        return None
    if wanted == "json":
        return Format(path="format")
    if isinstance(wanted, dict):
        return Format(path="format", schema=wanted, strict=True)
    raise refuse("format", 'must be "json" or a JSON Schema')
