from __future__ import annotations

from typing import Any

import pytest

from headgate.gateway.translate.neutral import Called, Format, Picture, Result, Said, Thought
from headgate.gateway.translate.read_ollama_request import DROPPED, DROPPED_OPTIONS, read_ollama_request
from headgate.models.errors import InputError

PNG = "iVBORw0KGgo="


def call(name: str) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": {"q": 1}}}


def test_results_find_the_calls_that_they_answer() -> None:
    asked = read_ollama_request(
        {
            "model": "m",
            "messages": [
                {"role": "user", "content": "Hi", "images": [PNG]},
                {"role": "assistant", "content": "", "thinking": "Hm.", "tool_calls": [call("f"), call("g")]},
                {"role": "tool", "tool_name": "g", "content": "2"},
                {"role": "tool", "content": "1"},
            ],
        }
    )
    user, assistant, second, first = asked.turns
    assert user.content == (Said("Hi"), Picture(path="messages[0].images[0]", data=PNG, media_type="image/png"))
    assert assistant.content == (
        Thought("Hm."),
        Called(id="call_1_0", name="f", arguments='{"q":1}'),
        Called(id="call_1_1", name="g", arguments='{"q":1}'),
    )
    assert second.content == (Result(id="call_1_1", content=(Said("2"),)),)
    assert first.content == (Result(id="call_1_0", content=(Said("1"),)),)


def test_it_streams_unless_told_not_to_and_no_bound_is_none() -> None:
    body: dict[str, Any] = {"model": "m", "messages": [], "options": {"num_predict": -1, "top_k": 3, "stop": ["END"]}}
    asked = read_ollama_request(body)
    assert (asked.stream, asked.max_tokens, asked.top_k, asked.stop) == (True, None, 3, ("END",))
    assert read_ollama_request({**body, "stream": False}).stream is False


@pytest.mark.parametrize(
    ("given", "found"),
    [("", None), ("json", Format(path="format")), ({"a": 1}, Format(path="format", schema={"a": 1}, strict=True))],
)
def test_a_format_is_json_or_a_schema(given: Any, found: Format | None) -> None:
    assert read_ollama_request({"model": "m", "messages": [], "format": given}).format == found


def test_what_is_about_the_machine_is_left_out() -> None:
    options = dict.fromkeys(DROPPED_OPTIONS, 1)
    assert read_ollama_request({"messages": [], "options": options, **dict.fromkeys(DROPPED, 1)}).turns == ()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"options": {"mirostat": 2}}, "options.mirostat"),
        ({"logprobs": True}, "logprobs"),
        ({"format": 3}, "format"),
        ({"messages": [{"role": "tool", "content": "1"}]}, "messages[0]"),
        ({"messages": [{"role": "bot", "content": "1"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "images": ["aGk="]}]}, "messages[0].images[0]"),
    ],
)
def test_what_has_no_place_elsewhere_is_refused_by_its_name(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InputError) as caught:
        read_ollama_request({"model": "m", "messages": [], **body})
    assert caught.value.param == param
