from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.translate.neutral import (
    Asked,
    Called,
    Content,
    Format,
    Manners,
    Picture,
    Result,
    Said,
    Thought,
    Tool,
    ToolChoice,
    Turn,
)
from headgate.gateway.translate.read_messages_request import read_messages_request
from headgate.gateway.translate.write_messages_request import write_messages_request
from headgate.models.errors import InputError

TEXT = st.text(min_size=1, max_size=9).filter(str.strip)
SAYS = st.builds(Said, TEXT)


def body(*turns: Turn, **more: Any) -> dict[str, Any]:
    return write_messages_request(Asked(model="m", turns=turns, **more), Manners(max_tokens=77))


def turn(role: Any, *content: Content) -> Turn:
    return Turn(role=role, content=content)


@given(st.lists(st.tuples(SAYS, SAYS), min_size=1, max_size=3), st.none() | TEXT)
def test_what_is_written_is_read_the_same(pairs: list[tuple[Said, Said]], system: str | None) -> None:
    turns = [turn("system", Said(system))] if system else []
    turns += [turn(role, said) for pair in pairs for role, said in zip(("user", "assistant"), pair, strict=True)]
    asked = Asked(model="m", turns=tuple(turns), max_tokens=5, choice=None, stop=("END",))
    assert read_messages_request(write_messages_request(asked, Manners())) == asked


def test_one_speaker_after_another_and_nothing_empty() -> None:
    call = Called(id="t", name="f", arguments='{"q": 1}')
    found = body(
        turn("system", Said("a")),
        turn("user", Said("Hi")),
        turn("user", Said(""), Picture(path="p", url="https://x")),
        turn("assistant", Thought("Hm."), Said(" "), call),
        turn("user", Result(id="t", content=(Said("42"),))),
        turn("user", Said("And?")),
        turn("system", Said("b")),
    )
    assert [block["text"] for block in found["system"]] == ["a", "b"]
    assert [message["role"] for message in found["messages"]] == ["user", "assistant", "user"]
    assert found["messages"][0]["content"][1]["source"] == {"type": "url", "url": "https://x"}
    assert found["messages"][1]["content"] == [{"type": "tool_use", "id": "t", "name": "f", "input": {"q": 1}}]
    assert [block["type"] for block in found["messages"][2]["content"]] == ["tool_result", "text"]
    assert found["max_tokens"] == 77


@pytest.mark.parametrize(
    ("choice", "parallel", "found"),
    [
        (None, None, None),
        (ToolChoice(mode="required"), None, {"type": "any"}),
        (ToolChoice(mode="required", name="f"), None, {"type": "tool", "name": "f"}),
        (ToolChoice(mode="none"), False, {"type": "none"}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
    ],
)
def test_how_tools_are_chosen(choice: Any, parallel: Any, found: Any) -> None:
    tools = (Tool(name="f", description="d", strict=True),)
    written = body(tools=tools, choice=choice, parallel=parallel)
    assert written.get("tool_choice") == found
    assert written["tools"] == [{"name": "f", "description": "d", "input_schema": {"type": "object"}, "strict": True}]
    assert "tool_choice" not in body(choice=choice, parallel=parallel)


def test_what_anthropic_has_no_parameter_for_is_refused() -> None:
    with pytest.raises(InputError, match="frequency_penalty"):
        body(frequency_penalty=0.5)
    with pytest.raises(InputError) as caught:
        body(format=Format(path="response_format"))
    assert caught.value.param == "response_format"
    schema = {"type": "object"}
    assert body(format=Format(path="p", schema=schema))["output_config"]["format"]["schema"] == schema
