from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headgate.gateway.wire.openai_completions_request import CompletionsRequest, parse_completions, prompts_of
from headgate.models.content import Opaque, Role, Text
from headgate.models.errors import InputError


def parsed(**body: Any) -> CompletionsRequest:
    return parse_completions(msgspec.json.encode({"model": "m", **body}))


def test_each_prompt_is_a_part_and_each_is_completed_n_times() -> None:
    asked = parsed(prompt=["One", "Two"], n=3, echo=True)
    assert [(part.path, getattr(part, "text", "")) for part in asked.parts] == [
        ("prompt[0]", "One"),
        ("prompt[1]", "Two"),
    ]
    assert (asked.n, asked.each, asked.echo) == (6, 3, True)
    assert [asked.prompt_of(choice) for choice in range(6)] == ["One"] * 3 + ["Two"] * 3


def test_token_ids_are_parts_that_nobody_can_read() -> None:
    asked = parsed(prompt=[1, 2])
    assert asked.parts == (Opaque(type="token_ids", data=b"[1,2]", path="prompt"),)
    assert (asked.n, asked.prompt_of(0)) == (1, "")
    assert [part.path for part in parsed(prompt=[[1], [2, 3]]).parts] == ["prompt[0]", "prompt[1]"]
    assert prompts_of([[1], [2, 3]]) == [[1], [2, 3]]


def test_a_suffix_and_unknown_language_are_judged_and_the_prompt_is_the_question() -> None:
    parts = parsed(prompt="One", suffix="the end", extra="some more words", user="some body").parts
    assert parts == (
        Text(text="the end", path="suffix"),
        Text(text="One", path="prompt"),
        Text(text="some more words", role=Role.DOCUMENT, path="extra"),
    )


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": {}}, "prompt"),
        ({"prompt": [True]}, "prompt"),
        ({"prompt": "x", "n": 0}, "n"),
        ({"prompt": "x", "best_of": 1000}, "best_of"),
        ({"prompt": "x", "stream": 1}, "stream"),
        ({"prompt": "x", "echo": "yes"}, "echo"),
        ({"prompt": "x", "suffix": 5}, "suffix"),
        ({"prompt": "x", "stream_options": []}, "stream_options"),
        ({"prompt": ["x"] * 5000}, "prompt"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_field(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InputError) as caught:
        parsed(**body)
    assert caught.value.param == param
