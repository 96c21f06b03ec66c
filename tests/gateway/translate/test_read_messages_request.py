from __future__ import annotations

from typing import Any

import pytest

from headgate.gateway.translate.neutral import Called, Content, Format, Picture, Result, Said, Thought, ToolChoice
from headgate.gateway.translate.read_messages_request import DROPPED, read_messages_request
from headgate.models.errors import InputError

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}


def content(*blocks: Any, role: str = "user") -> tuple[Content, ...]:
    (turn,) = read_messages_request({"model": "m", "messages": [{"role": role, "content": list(blocks)}]}).turns
    return turn.content


def test_blocks_are_what_they_say() -> None:
    picture = Picture(path="messages[0].content[1].source", media_type="image/png", data="aGk=")
    assert content({"type": "text", "text": "Hi"}, IMAGE) == (Said("Hi"), picture)
    called = {"type": "tool_use", "id": "t", "name": "f", "input": {"q": 1}}
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "Zg=="}
    sealed = {"type": "redacted_thinking", "data": "Zg=="}
    found = content(thought, sealed, called, role="assistant")
    assert found == (Thought("Hm."), Called(id="t", name="f", arguments='{"q":1}'))
    result = {"type": "tool_result", "tool_use_id": "t", "content": "42", "is_error": False}
    assert content(result) == (Result(id="t", content=(Said("42"),)),)
    assert content({"type": "tool_result", "tool_use_id": "t"}) == (Result(id="t", content=()),)


def test_documents_of_text_and_search_results_are_texts() -> None:
    source = {"type": "text", "media_type": "text/plain", "data": "Water is wet."}
    assert content({"type": "document", "title": "Facts", "source": source}) == (Said("Facts\nWater is wet."),)
    blocks = {"type": "content", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
    assert content({"type": "document", "source": blocks}) == (Said("a\nb"),)
    found = {"type": "search_result", "title": "T", "source": "S", "content": [{"type": "text", "text": "x"}]}
    assert content(found) == (Said("T\nS\nx"),)


def test_system_tools_and_bounds_are_read() -> None:
    asked = read_messages_request(
        {
            "model": "m",
            "messages": [],
            "system": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}],
            "tools": [{"name": "f", "description": "d", "input_schema": {"type": "object"}}],
            "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
            "stop_sequences": ["END"],
            "metadata": {"user_id": "u"},
            "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}},
            "max_tokens": 5,
            "top_k": 3,
        }
    )
    assert asked.turns[0].content == (Said("Be kind."),)
    assert (asked.tools[0].name, asked.choice, asked.parallel) == ("f", ToolChoice(mode="required", name="f"), False)
    assert (asked.stop, asked.user, asked.max_tokens, asked.top_k) == (("END",), "u", 5, 3)
    assert asked.format == Format(path="output_config.format", schema={"type": "object"}, strict=True)


@pytest.mark.parametrize(("kind", "mode"), [("auto", "auto"), ("any", "required"), ("none", "none")])
def test_how_tools_are_chosen(kind: str, mode: Any) -> None:
    body = {"model": "m", "messages": [], "tool_choice": {"type": kind}}
    assert read_messages_request(body).choice == ToolChoice(mode=mode)


def test_what_steers_the_account_is_left_out() -> None:
    assert read_messages_request({"model": "m", "messages": [], **dict.fromkeys(DROPPED, "x")}).model == "m"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"mcp_servers": [{}]}, "mcp_servers"),
        ({"inference_geo": "eu"}, "inference_geo"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0]"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "container_upload"}]}]}, "messages[0].content[0]"),
        (
            {"messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "url"}}]}]},
            "messages[0].content[0]",
        ),
        ({"tool_choice": {"type": "never"}}, "tool_choice.type"),
    ],
)
def test_what_has_no_place_elsewhere_is_refused_by_its_name(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InputError) as caught:
        read_messages_request({"model": "m", "messages": [], **body})
    assert caught.value.param == param
