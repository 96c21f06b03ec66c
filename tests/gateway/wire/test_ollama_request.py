from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headgate.gateway.wire.ollama_request import parse_ollama
from headgate.models.content import Image, Role, Text
from headgate.models.errors import InputError

CALL = {"function": {"name": "f", "arguments": {"q": 1}}}


def parse(messages: Any, **body: Any) -> Any:
    return parse_ollama(msgspec.json.encode({"model": "m", "messages": messages, **body}))


def test_messages_images_thinking_and_calls_are_parts() -> None:
    request = parse(
        [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is it?", "images": ["AAEC"]},
            {"role": "assistant", "content": "", "thinking": "hm", "tool_calls": [CALL]},
            {"role": "tool", "content": "four", "tool_name": "f"},
        ],
        tools=[{"type": "function", "function": {"name": "f", "description": "Finds a thing."}}],
        format={"description": "some words"},
        options={"stop": ["two words"]},
    )
    assert [part.path for part in request.parts] == [
        "messages[0].content",
        "messages[1].content",
        "messages[1].images[0]",
        "messages[2].content",
        "messages[2].thinking",
        "messages[2].tool_calls[0].function.arguments",
        "messages[3].content",
        "tools[0]",
        "format",
    ]
    image, result = request.parts[2], request.parts[6]
    assert isinstance(image, Image)
    assert image.data == b"\x00\x01\x02"
    assert isinstance(result, Text)
    assert (result.role, result.context) == (Role.TOOL_RESULT, "What is it?")


def test_it_streams_unless_told_not_to() -> None:
    ask = [{"role": "user", "content": "x"}]
    assert parse(ask).stream
    assert parse(ask, stream=None).stream
    assert not parse(ask, stream=False).stream


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": None}, "messages"),
        ({"messages": ["x"]}, "messages[0]"),
        ({"messages": [{"role": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 1}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "images": "x"}]}, "messages[0].images"),
        ({"messages": [{"role": "user", "images": ["?"]}]}, "messages[0].images[0]"),
        ({"messages": [{"role": "user", "images": [1]}]}, "messages[0].images[0]"),
        ({"messages": [{"role": "assistant", "tool_calls": [1]}]}, "messages[0].tool_calls[0]"),
        ({"messages": [{"role": "user", "content": "x"}], "stream": 1}, "stream"),
        ({"messages": [{"role": "user", "content": "x"}], "options": []}, "options"),
    ],
)
def test_what_cannot_be_read_is_named(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(**body)
    assert caught.value.param == param
