from __future__ import annotations

from typing import Any

import pytest

from headgate.gateway.translate.neutral import Called, Format, Picture, Result, Said, Thought, ToolChoice, Turn
from headgate.gateway.translate.read_responses_request import DROPPED, read_responses_request
from headgate.models.errors import InputError


def turns(*items: Any) -> tuple[Turn, ...]:
    return read_responses_request({"model": "m", "input": list(items)}).turns


def test_a_text_is_a_question_and_instructions_come_before_it() -> None:
    asked = read_responses_request({"model": "m", "instructions": "Be kind.", "input": "Hi"})
    assert asked.turns == (Turn(role="system", content=(Said("Be kind."),)), Turn(role="user", content=(Said("Hi"),)))


def test_calls_of_one_answer_are_one_turn_and_so_are_their_results() -> None:
    call = {"type": "function_call", "name": "f", "arguments": "{}"}
    output = {"type": "function_call_output", "output": "42"}
    found = turns(
        {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
        {"type": "reasoning", "summary": [], "encrypted_content": "Zg=="},
        {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]},
        {**call, "call_id": "1"},
        {**call, "call_id": "2"},
        {**output, "call_id": "1"},
        {**output, "call_id": "2"},
        {"role": "user", "content": "And?"},
    )
    assert [turn.role for turn in found] == ["user", "assistant", "user", "user"]
    assert found[1].content == (
        Thought("Hm."), Called(id="1", name="f", arguments="{}"), Called(id="2", name="f", arguments="{}"),
    )  # fmt: skip
    assert found[2].content == (Result(id="1", content=(Said("42"),)), Result(id="2", content=(Said("42"),)))


def test_images_tools_and_formats_are_read() -> None:
    image = {"type": "input_image", "image_url": "https://x/y.png", "detail": "low"}
    ((said,),) = [turn.content for turn in turns({"role": "user", "content": [image]})]
    assert said == Picture(path="input[0].content[0].image_url", url="https://x/y.png")
    asked = read_responses_request(
        {
            "model": "m",
            "input": "Hi",
            "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
            "tool_choice": {"type": "function", "name": "f"},
            "text": {"verbosity": "low", "format": {"type": "json_schema", "name": "x", "schema": {"a": 1}}},
            "max_output_tokens": 5,
        }
    )
    assert (asked.tools[0].schema, asked.choice) == ({"type": "object"}, ToolChoice(mode="required", name="f"))
    assert (asked.format, asked.max_tokens) == (Format(path="text.format", schema={"a": 1}, name="x"), 5)


def test_what_steers_the_account_is_left_out() -> None:
    assert read_responses_request({"model": "m", "input": "Hi", **dict.fromkeys(DROPPED, "x")}).model == "m"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"previous_response_id": "r"}, "previous_response_id"),
        ({"conversation": "c"}, "conversation"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"tools": [{"type": "web_search"}]}, "tools[0]"),
        ({"input": [{"id": "msg_1"}]}, "input[0]"),
        ({"input": [{"type": "computer_call"}]}, "input[0]"),
        ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, "input[0].content[0]"),
        ({"input": [{"role": "bot", "content": "x"}]}, "input[0].role"),
        ({"input": None}, "input"),
        ({"text": {"format": {"type": "grammar"}}}, "text.format.type"),
        ({"tool_choice": {"type": "file_search"}}, "tool_choice"),
    ],
)
def test_what_has_no_place_elsewhere_is_refused_by_its_name(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InputError) as caught:
        read_responses_request({"model": "m", "input": "Hi", **body})
    assert caught.value.param == param
