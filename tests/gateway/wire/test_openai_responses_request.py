from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headgate.gateway.wire.openai_chat_request import MOST_PARTS
from headgate.gateway.wire.openai_responses_request import ResponsesRequest, parse_responses
from headgate.models.content import Opaque, Role, Text
from headgate.models.errors import InputError


def parsed(**body: Any) -> ResponsesRequest:
    return parse_responses(msgspec.json.encode({"model": "m", **body}))


def test_a_text_and_its_instructions_are_two_parts() -> None:
    asked = parsed(input="Hello.", instructions="Be kind.", stream=True)
    assert asked.parts == (
        Text(text="Be kind.", role=Role.SYSTEM, path="instructions"),
        Text(text="Hello.", path="input"),
    )
    assert asked.stream
    assert asked.instructions == "Be kind."


def test_items_answer_the_question_before_them() -> None:
    asked = parsed(
        input=[
            {"role": "user", "content": "Why?"},
            {"role": "assistant", "content": "So."},
            {"type": "function_call_output", "call_id": "c", "output": "42"},
        ]
    )
    assert [(part.path, part.context) for part in asked.parts] == [
        ("input[0].content", ""),
        ("input[1].content", "Why?"),
        ("input[2].output", "Why?"),
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [("previous_response_id", "resp_1"), ("conversation", {"id": "conv_1"}), ("prompt", {"id": "pmpt_1"})],
)
def test_what_upstream_keeps_is_reported_as_unseen(field: str, value: Any) -> None:
    parts = parsed(**{field: value}).parts
    assert [(part.path, type(part)) for part in parts] == [(field, Opaque)]


def test_variables_of_a_stored_prompt_are_judged() -> None:
    parts = parsed(prompt={"id": "p", "variables": {"city": "New York City"}}).parts
    assert parts[1] == Text(text="New York City", path="prompt.variables")


def test_tools_speak_and_what_upstream_runs_itself_is_reported() -> None:
    tools = [
        {"type": "function", "name": "f", "description": "Looks things up.", "parameters": {}},
        {"type": "web_search"},
    ]
    parts = parsed(input="Hello.", tools=tools).parts[1:]
    assert parts[0] == Text(text="Looks things up.", role=Role.SYSTEM, path="tools[0]")
    assert isinstance(parts[1], Opaque)
    assert (parts[1].type, parts[1].path) == ("web_search", "tools[1].type")


def test_a_schema_and_an_unknown_field_are_read_for_language() -> None:
    text = {"format": {"type": "json_schema", "schema": {"description": "A list of towns"}}}
    parts = parsed(input="Hello.", text=text, extra="more words here", user="a person here").parts[1:]
    assert [(part.path, part.role) for part in parts] == [("extra", Role.DOCUMENT), ("text", Role.DOCUMENT)]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": 5}, "input"),
        ({"input": "x", "instructions": 5}, "instructions"),
        ({"input": "x", "stream": "yes"}, "stream"),
        ({"input": "x", "background": True}, "background"),
        ({"input": "x", "tools": {}}, "tools"),
        ({"input": "x", "tools": [{}]}, "tools[0]"),
        ({"input": "x", "tools": [{"type": "image_generation"}]}, "tools[0]"),
        ({"input": ["x"]}, "input[0]"),
        ({"input": [{"role": "user", "content": "x"}] * (MOST_PARTS + 1)}, "input"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_its_field(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InputError) as caught:
        parsed(**body)
    assert caught.value.param == param
