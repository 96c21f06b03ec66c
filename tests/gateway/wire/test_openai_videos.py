from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from headgate.gateway.wire.openai_videos import parse_videos, read_videos
from headgate.models.content import Image, Role, Text, Video
from headgate.models.errors import InputError, UpstreamError


def parsed(**body: Any) -> Any:
    return parse_videos(msgspec.json.encode(body))


def test_the_prompt_is_judged_as_one_for_a_video() -> None:
    asked = parsed(prompt="A red barn in the wind", model="v", seconds="4", size="1280x720")
    assert asked.parts == (Text(text="A red barn in the wind", purpose="t2v", path="prompt"),)
    assert asked.param == "prompt"


@pytest.mark.parametrize("reference", ["data:image/png;base64,AAAA", {"image_url": "data:image/png;base64,AAAA"}])
def test_the_picture_that_a_video_starts_from_is_judged_with_the_prompt(reference: object) -> None:
    (_, picture) = parsed(prompt="Let it move", input_reference=reference).parts
    url = "data:image/png;base64,AAAA"
    assert picture == Image(url=url, purpose="t2v", path="input_reference", context="Let it move")


@pytest.mark.parametrize(
    ("body", "param"),
    [({}, "prompt"), ({"prompt": 3}, "prompt"), ({"prompt": "x", "input_reference": "file_1"}, "input_reference")],
)
def test_what_cannot_be_read_is_refused(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InputError) as caught:
        parsed(**body)
    assert caught.value.param == param


def test_a_job_under_way_passes_with_its_state_alone() -> None:
    job = {"id": "video_1", "object": "video", "status": "queued", "progress": 0, "caption": "words"}
    found = read_videos(msgspec.json.encode(job), prompt="p")
    assert found.parts == ()
    assert json.loads(found.body) == {key: job[key] for key in ("id", "object", "status", "progress")}


def test_finished_videos_are_parts() -> None:
    body = {"data": [{"b64_json": "aGk=", "revised_prompt": "A barn."}, {"url": "https://x.test/1.mp4"}]}
    here = {"role": Role.ASSISTANT, "purpose": "t2v", "context": "p"}
    assert read_videos(msgspec.json.encode(body), prompt="p").parts == (
        Video(data=b"hi", path="response.data[0]", **here),  # type: ignore[arg-type]
        Text(text="A barn.", path="response.data[0].revised_prompt", **here),  # type: ignore[arg-type]
        Video(url="https://x.test/1.mp4", path="response.data[1]", **here),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("raw", [b"[]", b"{", b'{"data": [{"b64_json": "%"}]}'])
def test_an_answer_that_cannot_be_read_is_upstream_s_fault(raw: bytes) -> None:
    with pytest.raises(UpstreamError):
        read_videos(raw, prompt="p")
