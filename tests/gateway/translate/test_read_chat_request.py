from __future__ import annotations

from typing import Any

import pytest

from headgate.gateway.translate.neutral import Called, Format, Picture, Result, Said, Thought, ToolChoice, Turn
from headgate.gateway.translate.read_chat_request import DROPPED, read_chat_request
from headgate.models.errors import InputError

CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}


def turn(message: dict[str, Any]) -> Turn:
    (found,) = read_chat_request({"model": "m", "messages": [message]}).turns
    return found


def test_every_role_is_a_turn() -> None:
    assert turn({"role": "developer", "content": "Be kind."}) == Turn(role="system", content=(Said("Be kind."),))
    parts = [{"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {"url": "https://x/y.png"}}]
    image = Picture(path="messages[0].content[1].image_url", url="https://x/y.png")
    assert turn({"role": "user", "content": parts}) == Turn(role="user", content=(Said("Hi"), image))
    spoken = turn({"role": "assistant", "content": None, "reasoning_content": "Hm.", "tool_calls": [CALL]})
    assert spoken.content == (Thought("Hm."), Called(id="c", name="f", arguments='{"a":1}'))
    result = turn({"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "42"}]})
    assert result == Turn(role="user", content=(Result(id="c", content=(Said("42"),)),))


def test_sampling_and_tools_are_read() -> None:
    found = read_chat_request(
        {
            "model": "m",
            "messages": [],
            "max_tokens": 5,
            "max_completion_tokens": 7,
            "stop": "END",
            "tools": [{"type": "function", "function": {"name": "f", "strict": True}}],
            "tool_choice": {"type": "function", "function": {"name": "f"}},
            "parallel_tool_calls": False,
            "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
            "stream": True,
        }
    )
    assert (found.max_tokens, found.stop, found.parallel, found.stream) == (7, ("END",), False, True)
    assert (found.tools[0].name, found.tools[0].strict) == ("f", True)
    assert found.choice == ToolChoice(mode="required", name="f")
    assert found.format == Format(path="response_format", schema={"type": "object"}, name="x")


def test_what_steers_the_account_is_left_out() -> None:
    assert read_chat_request({"model": "m", "messages": [], **dict.fromkeys(DROPPED, "x")}).model == "m"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"logit_bias": {"1": 2}}, "logit_bias"),
        ({"n": 2}, "n"),
        ({"functions": [{}]}, "functions"),
        ({"tools": [{"type": "custom", "custom": {"name": "f"}}]}, "tools[0].type"),
        ({"tool_choice": "never"}, "tool_choice"),
        ({"response_format": {"type": "grammar"}}, "response_format.type"),
        ({"messages": [{"role": "function", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "assistant", "function_call": {"name": "f"}}]}, "messages[0].function_call"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"id": "c"}]}]}, "messages[0].tool_calls[0]"),
    ],
)
def test_what_has_no_place_elsewhere_is_refused_by_its_name(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InputError) as caught:
        read_chat_request({"model": "m", "messages": [], **body})
    assert caught.value.param == param
