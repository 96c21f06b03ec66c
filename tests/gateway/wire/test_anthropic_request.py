from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.gateway.wire.anthropic_request import parse_messages
from headgate.gateway.wire.dialect import Request
from headgate.models.content import Role, Text
from headgate.models.errors import InputError

ASK: list[Any] = [{"role": "user", "content": "Hello"}]


def parse(**body: Any) -> Request:
    return parse_messages(msgspec.json.encode({"model": "m", "max_tokens": 9, "messages": ASK, **body}))


def paths(request: Request) -> list[str]:
    return [part.path for part in request.parts]


def test_system_messages_and_tools_are_parts_in_the_order_a_model_reads_them() -> None:
    request = parse(
        system=[{"type": "text", "text": "Be brief."}],
        messages=[*ASK, {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]}, *ASK],
        tools=[{"name": "f", "description": "Finds a thing.", "input_schema": {"type": "object"}}],
        metadata={"user_id": "u 1"},
    )
    assert paths(request) == [
        "system[0].text",
        "messages[0].content",
        "messages[1].content[0].text",
        "messages[2].content",
        "tools[0]",
    ]
    assert [part.role for part in request.parts][-1] is Role.SYSTEM
    assert not request.stream
    assert parse(system="Be brief.", stream=True).stream


def test_an_answer_and_a_result_carry_the_question_that_they_answer() -> None:
    call = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t", "content": "four"}
    request = parse(
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "Two and"}, {"type": "text", "text": "two?"}]},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result, {"type": "text", "text": "Sure?"}]},
        ]
    )
    assert [part.context for part in request.parts] == ["", "", "Two and\ntwo?", "Two and\ntwo?", ""]


def test_a_field_that_nobody_knows_is_read_and_a_server_elsewhere_is_reported() -> None:
    request = parse(output_config={"format": {"description": "some words"}}, mcp_servers=[{"url": "https://x"}])
    assert paths(request)[1:] == ["mcp_servers", "output_config"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": ["x"]}, "messages[0]"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"stream": "yes"}, "stream"),
        ({"system": 7}, "system"),
    ],
)
def test_what_cannot_be_read_is_named(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(**body)
    assert caught.value.param == param


_KEYS = ["type", "text", "source", "content", "input"]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None)
@given(content=_JSON, system=_JSON)
def test_any_json_is_read_or_refused_with_a_field(content: Any, system: Any) -> None:
    found: list[str | None] = []
    try:
        found += paths(parse(messages=[{"role": "user", "content": content}], system=system))
    except InputError as error:
        found.append(error.param)
    assert all(found)


@settings(deadline=None)
@given(st.text(min_size=1))
def test_no_text_of_a_message_is_lost(text: str) -> None:
    (part,) = parse(messages=[{"role": "user", "content": [{"type": "text", "text": text}]}]).parts
    assert isinstance(part, Text)
    assert part.text == text
