from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from headgate.gateway.wire.openai_images import parse_images, read_images
from headgate.models.content import Image, Role, Text
from headgate.models.errors import InputError, UpstreamError


def parsed(**body: Any) -> Any:
    return parse_images(msgspec.json.encode(body))


def test_the_prompt_is_judged_as_one_for_an_image() -> None:
    asked = parsed(prompt="A red barn", model="i", size="1024x1024", user="some one")
    assert asked.parts == (Text(text="A red barn", purpose="t2i", path="prompt"),)
    assert asked.param == "prompt"


def test_language_in_a_field_that_is_not_known_is_judged_too() -> None:
    parts = parsed(prompt="A barn", negative_prompt="no people in it").parts
    assert parts[1] == Text(text="no people in it", role=Role.DOCUMENT, path="negative_prompt")


@pytest.mark.parametrize(("body", "param"), [({}, "prompt"), ({"prompt": ""}, "prompt"), ({"prompt": ["x"]}, "prompt")])
def test_a_prompt_that_is_no_text_is_refused(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InputError) as caught:
        parsed(**body)
    assert caught.value.param == param


def test_a_stream_of_partial_images_is_refused_with_the_remedy() -> None:
    with pytest.raises(InputError, match="leave out 'stream'"):
        parsed(prompt="A barn", stream=True)


def test_images_and_revised_prompts_are_parts_and_unknown_fields_are_left_out() -> None:
    body = {
        "created": 5,
        "data": [{"b64_json": "aGk=", "revised_prompt": "A barn.", "caption": "x"}, {"url": "https://x.test/1.png"}],
        "usage": {"total_tokens": 3},
        "note": "words",
    }
    found = read_images(msgspec.json.encode(body), prompt="A red barn")
    here = {"role": Role.ASSISTANT, "purpose": "t2i", "context": "A red barn"}
    assert found.parts == (
        Image(data=b"hi", path="response.data[0]", **here),
        Text(text="A barn.", path="response.data[0].revised_prompt", **here),
        Image(url="https://x.test/1.png", path="response.data[1]", **here),
    )
    assert json.loads(found.body) == {
        "created": 5,
        "data": [{"b64_json": "aGk=", "revised_prompt": "A barn."}, {"url": "https://x.test/1.png"}],
        "usage": {"total_tokens": 3},
    }


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"data": 5}', b'{"data": [{"b64_json": "not base64!"}]}', b"\xff"])
def test_an_answer_without_images_is_upstreams_fault(raw: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        read_images(raw, prompt="A red barn")
    assert caught.value.status == 502
