from __future__ import annotations

from typing import Any

import pytest

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
from headgate.gateway.translate.read_ollama_request import read_ollama_request
from headgate.gateway.translate.write_ollama_request import write_ollama_request
from headgate.models.errors import InputError

PNG = "iVBORw0KGgo="


def body(*turns: Turn, **more: Any) -> dict[str, Any]:
    return write_ollama_request(Asked(model="m", turns=turns, **more), Manners())


def turn(role: Any, *content: Content) -> Turn:
    return Turn(role=role, content=content)


def test_what_is_written_is_read_the_same() -> None:
    image = Picture(path="messages[1].images[0]", data=PNG, media_type="image/png")
    asked = Asked(
        model="m",
        turns=(
            turn("system", Said("Be kind.")),
            turn("user", Said("Hi"), image),
            turn("assistant", Thought("Hm."), Said("Look."), Called(id="call_2_0", name="f", arguments='{"q":1}')),
            turn("user", Result(id="call_2_0", content=(Said("42"),))),
        ),
        tools=(Tool(name="f", description="d", schema={"type": "object"}),),
        format=Format(path="format", schema={"a": 1}, strict=True),
        max_tokens=5,
        temperature=0.5,
        stop=("END",),
        stream=True,
    )
    assert read_ollama_request(write_ollama_request(asked, Manners())) == asked


def test_results_bear_the_name_of_their_tool() -> None:
    found = body(
        turn("assistant", Called(id="c", name="f", arguments="{}")),
        turn("user", Result(id="c", content=(Said("42"),)), Said("And?")),
    )
    assert found["messages"][1:] == [
        {"role": "tool", "content": "42", "tool_name": "f"},
        {"role": "user", "content": "And?"},
    ]
    assert found["stream"] is False
    assert "options" not in found


def test_who_wants_no_tools_gets_none_and_none_can_be_forced() -> None:
    tools = (Tool(name="f"),)
    assert "tools" not in body(tools=tools, choice=ToolChoice(mode="none"))
    assert body(tools=tools, choice=ToolChoice())["tools"][0]["function"]["name"] == "f"
    with pytest.raises(InputError, match="tool_choice"):
        body(tools=tools, choice=ToolChoice(mode="required"))


def test_images_are_not_fetched() -> None:
    with pytest.raises(InputError) as caught:
        body(turn("user", Picture(path="messages[0].content[1].image_url", url="https://x")))
    assert caught.value.param == "messages[0].content[1].image_url"


def test_any_json_is_a_word() -> None:
    assert body(format=Format(path="response_format"))["format"] == "json"
