from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.gateway.wire.check import MOST_CHECKS, parse_checks
from headgate.models.content import Image, Text, Video
from headgate.models.errors import InputError


def parse(body: Any) -> Any:
    return parse_checks(json.dumps(body).encode())


def test_a_prompt_is_the_message_that_it_is_everywhere() -> None:
    (one,) = parse({"prompt": "a", "purpose": "t2v"}).items
    assert one.parts == (Text(text="a", path="messages[0].content", purpose="t2v"),)
    assert one.parts == parse({"messages": [{"role": "user", "content": "a"}], "purpose": "t2v"}).items[0].parts


def test_images_and_videos_are_parts_by_their_urls() -> None:
    (one,) = parse({"images": ["data:image/png;base64,AA"], "videos": ["https://example.org/a.mp4"]}).items
    assert one.parts == (
        Image(url="data:image/png;base64,AA", path="images[0]"),
        Video(url="https://example.org/a.mp4", path="videos[0]"),
    )


def test_a_list_is_told_from_a_single_check() -> None:
    assert not parse({"prompt": "a"}).listed
    assert parse([{"prompt": "a"}]).listed


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "prompt"),
        ({"prompt": "a", "messages": []}, "messages"),
        ({"messages": []}, "prompt"),
        ({"prompt": "a", "purpose": "poem"}, "purpose"),
        ({"response": {"content": 3}}, "response.content"),
        ({"response": {}}, "response"),
        ({"response": {"tool_calls": [1]}}, "response.tool_calls[0]"),
        ({"videos": ["a.mp4"]}, "videos[0]"),
        ([{"prompt": "a"}, {}], "[1].prompt"),
        ([{"prompt": "a"}, 3], "[1]"),
        ([], None),
        ([{"prompt": "a"}] * (MOST_CHECKS + 1), None),
        ("a", None),
    ],
)
def test_a_faulty_body_names_its_field(body: Any, param: str | None) -> None:
    with pytest.raises(InputError) as caught:
        parse(body)
    assert caught.value.param == param
