from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headgate.gateway.wire.openai_chat_request import MOST_PARTS, parse_chat
from headgate.models.content import Image, Opaque, Role, Text
from headgate.models.errors import InputError


def parse(*messages: dict[str, Any], **more: Any) -> Any:
    return parse_chat(msgspec.json.encode({"model": "m", "messages": messages, **more}))


def test_every_part_of_a_conversation_has_its_path() -> None:
    chat = parse(
        {"role": "system", "content": "Be kind."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": "http://x/i"}}],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "1", "content": "rain"},
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}]},
    )
    assert [(type(part), part.path, part.role) for part in chat.parts] == [
        (Text, "messages[0].content", Role.SYSTEM),
        (Text, "messages[1].content[0]", Role.USER),
        (Image, "messages[1].content[1]", Role.USER),
        (Text, "messages[2].tool_calls[0].arguments", Role.TOOL_CALL),
        (Text, "messages[3].content", Role.TOOL_RESULT),
        (Opaque, "messages[4].content[0]", Role.USER),
    ]


def test_the_flags_of_a_request_are_read() -> None:
    chat = parse({"role": "user", "content": "x"}, stream=True, stream_options={"include_usage": True}, n=3)
    assert (chat.stream, chat.include_usage, chat.n) == (True, True, 3)
    chat = parse({"role": "user", "content": "x"}, stream=None, stream_options=None, n=None)
    assert (chat.stream, chat.include_usage, chat.n) == (False, False, 1)


def test_an_answer_in_the_history_may_have_no_content() -> None:
    assert parse({"role": "assistant", "content": None}, {"role": "assistant"}).parts == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"stream": 1},
        {"stream_options": []},
        {"n": 1.5},
        {"n": 129},
        {"n": True},
        {"audio": {"voice": "x"}},
        {"modalities": ["text", "audio"]},
    ],
)
def test_wrong_flags_name_their_field(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        parse({"role": "user", "content": "x"}, **wrong)
    assert caught.value.param == next(iter(wrong))


def test_the_number_of_parts_is_bounded() -> None:
    with pytest.raises(InputError, match=f"more than {MOST_PARTS}"):
        parse(*[{"role": "user", "content": "x"}] * (MOST_PARTS + 1))
