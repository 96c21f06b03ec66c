from __future__ import annotations

from typing import Any

import pytest

from headgate.gateway.wire.openai_responses_items import item_parts
from headgate.models.content import Image, Opaque, Part, Role, Text
from headgate.models.errors import InputError


def parts(item: Any) -> list[Part]:
    return list(item_parts(item, "input[2]", question="Why?"))


def test_a_message_is_read_with_and_without_its_type() -> None:
    for item in ({"role": "user", "content": "Hello."}, {"type": "message", "role": "user", "content": "Hello."}):
        assert parts(item) == [Text(text="Hello.", path="input[2].content")]


def test_parts_of_a_message_have_their_own_paths_and_kinds() -> None:
    content = [
        {"type": "input_text", "text": "Look."},
        {"type": "input_image", "image_url": "https://x.test/a.png"},
        {"type": "input_image", "file_id": "file_1"},
        {"type": "input_file", "file_data": "…"},
    ]
    text, image, stored, file = parts({"role": "user", "content": content})
    assert text == Text(text="Look.", path="input[2].content[0]")
    assert image == Image(url="https://x.test/a.png", path="input[2].content[1]")
    assert isinstance(stored, Opaque)
    assert (stored.type, stored.path) == ("input_image", "input[2].content[2]")
    assert isinstance(file, Opaque)
    assert file.type == "input_file"


def test_an_earlier_answer_belongs_to_its_question() -> None:
    (part,) = parts({"role": "assistant", "content": [{"type": "output_text", "text": "So.", "annotations": []}]})
    assert part == Text(text="So.", role=Role.ASSISTANT, path="input[2].content[0]", context="Why?")


@pytest.mark.parametrize(
    ("item", "role", "path", "text"),
    [
        ({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}, "tool_call", "arguments", "{}"),
        ({"type": "custom_tool_call", "call_id": "c", "name": "f", "input": "ls"}, "tool_call", "input", "ls"),
        ({"type": "function_call_output", "call_id": "c", "output": "42"}, "tool_result", "output", "42"),
        (
            {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "42"}]},
            "tool_result",
            "output[0]",
            "42",
        ),
        (
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
            "reasoning",
            "summary[0]",
            "Hm.",
        ),
        (
            {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]},
            "reasoning",
            "content[0]",
            "Hm.",
        ),
    ],
)
def test_calls_outputs_and_reasoning_are_judged_as_such(item: Any, role: str, path: str, text: str) -> None:
    assert parts(item) == [Text(text=text, role=Role(role), path=f"input[2].{path}", context="Why?")]


def test_a_screenshot_is_an_image() -> None:
    item = {"type": "computer_call_output", "output": {"type": "computer_screenshot", "image_url": "data:image/png;,"}}
    assert parts(item) == [Image(url="data:image/png;,", role=Role.TOOL_RESULT, path="input[2].output")]


@pytest.mark.parametrize(
    ("item", "kind", "path"),
    [
        ({"type": "item_reference", "id": "msg_1"}, "item_reference", "input[2].id"),
        ({"id": "msg_1"}, "item_reference", "input[2].id"),
        ({"type": "reasoning", "summary": [], "encrypted_content": "x"}, "encrypted_reasoning", ".encrypted_content"),
        ({"type": "image_generation_call", "id": "i", "result": "aGk="}, "image_generation_call", "input[2]"),
        ({"type": "compaction", "encrypted_content": "x"}, "compaction", "input[2]"),
    ],
)
def test_what_nobody_can_read_is_a_part_all_the_same(item: Any, kind: str, path: str) -> None:
    (part,) = parts(item)
    assert isinstance(part, Opaque)
    assert part.type == kind
    assert part.path.endswith(path)


def test_language_anywhere_in_an_item_is_judged() -> None:
    call = {"type": "web_search_call", "id": "w", "action": {"type": "search", "query": "how to bake bread"}}
    assert parts(call) == [Text(text="how to bake bread", role=Role.TOOL_CALL, path="input[2]", context="Why?")]
    message = {"role": "user", "content": "Hello.", "name": "some long words here"}
    assert parts(message)[1] == Text(text="some long words here", role=Role.DOCUMENT, path="input[2].name")


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ("words", "input[2]"),
        ({"type": 5}, "input[2].type"),
        ({"role": "nobody", "content": "x"}, "input[2].role"),
        ({"type": "message", "content": "x"}, "input[2].role"),
        ({"role": "user"}, "input[2].content"),
        ({"role": "user", "content": [5]}, "input[2].content[0]"),
        ({"role": "user", "content": [{"type": "input_text"}]}, "input[2].content[0].text"),
        ({"type": "function_call", "arguments": {}}, "input[2].arguments"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_path(item: Any, param: str) -> None:
    with pytest.raises(InputError) as caught:
        parts(item)
    assert caught.value.param == param
