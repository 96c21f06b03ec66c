from __future__ import annotations

from typing import Any

import pytest

from headgate.guard.conversation import accompanied, arguments_of, message_of, parts_of
from headgate.models.content import Image, Opaque, Role, Text, Video
from headgate.models.errors import InputError


def test_every_part_of_a_message_is_found_with_its_path() -> None:
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
            {"type": "video_url", "video_url": {"url": "https://example.org/a.mp4"}},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        ]},
        {"role": "assistant", "content": None, "reasoning_content": "Hm.", "refusal": "No.", "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"at": "it"}'}},
            {"id": "2", "type": "custom", "custom": {"name": "say", "input": "hello"}},
        ]},
        {"role": "tool", "tool_call_id": "1", "content": "A cat."},
    ]  # fmt: skip
    parts = parts_of(messages)
    assert [(type(part), part.path, part.role) for part in parts] == [
        (Text, "messages[0].content", Role.SYSTEM),
        (Text, "messages[1].content[0]", Role.USER),
        (Image, "messages[1].content[1]", Role.USER),
        (Video, "messages[1].content[2]", Role.USER),
        (Opaque, "messages[1].content[3]", Role.USER),
        (Text, "messages[2].reasoning", Role.REASONING),
        (Text, "messages[2].refusal", Role.ASSISTANT),
        (Text, "messages[2].tool_calls[0].arguments", Role.TOOL_CALL),
        (Text, "messages[2].tool_calls[1].arguments", Role.TOOL_CALL),
        (Text, "messages[3].content", Role.TOOL_RESULT),
    ]


def test_an_answer_is_judged_in_the_light_of_the_question_before_it() -> None:
    parts = parts_of([message_of("First?"), {"role": "assistant", "content": "Yes."}, message_of("Second?")])
    assert [part.context for part in parts] == ["", "First?", ""]


def test_what_stands_beside_the_content_comes_with_the_purpose_and_a_call_with_its_question() -> None:
    call = {"name": "f", "arguments": "to them"}
    spoken = [message_of("Do it?"), {"role": "assistant", "name": "an odd name", "function_call": call}]
    asked, arguments, name = parts_of(spoken, purpose="t2i")
    assert {part.purpose for part in (asked, arguments, name)} == {"t2i"}
    assert [(part.path, part.context) for part in (arguments, name)] == [
        ("messages[1].function_call.arguments", "Do it?"),
        ("messages[1].name", ""),
    ]


def test_a_name_beside_the_question_is_no_part_of_it() -> None:
    asked = {**message_of("Which?"), "name": "an odd name"}
    assert parts_of([asked, {"role": "assistant", "content": "This."}])[-1].context == "Which?"


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content", "refusal"])
def test_a_text_field_that_holds_a_list_is_read_whole(field: str) -> None:
    (part,) = parts_of([{"role": "assistant", field: [{"text": "one"}, {"text": "two"}]}])
    assert isinstance(part, Text)
    assert (part.path, part.text.split("\n")) == (
        f"messages[0].{field.removesuffix('_content')}",
        ["one", "two"],
    )


def test_items_that_can_be_gone_through_once_are_read_with_what_stands_beside_them() -> None:
    items = iter([{"type": "text", "text": "x", "note": "some words"}])
    assert [part.path for part in parts_of([{"role": "user", "content": items}])] == [
        "messages[0].content[0]",
        "messages[0].content[0].note",
    ]


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"content": "x"}, "messages[0].role"),
        ({"role": "wizard", "content": "x"}, "messages[0].role"),
        ({"role": "user", "content": 7}, "messages[0].content"),
        ({"role": "user", "content": [{"text": "x"}]}, "messages[0].content[0]"),
        ({"role": "user", "content": [{"type": "text", "text": 7}]}, "messages[0].content[0].text"),
        ({"role": "user", "content": [{"type": "image_url", "image_url": {}}]}, "messages[0].content[0].image_url.url"),
        ({"role": "assistant", "tool_calls": 7}, "messages[0].tool_calls"),
        ({"role": "assistant", "tool_calls": [{}]}, "messages[0].tool_calls[0]"),
        ("hello", "messages[0]"),
        (
            {"role": "assistant", "tool_calls": [{"function": {"arguments": {"a": object()}}}]},
            "messages[0].tool_calls[0].function.arguments",
        ),
        ({"role": "user", "content": [{"type": "odd", "a": object()}]}, "messages[0].content[0]"),
        ({"role": "assistant", "audio": object()}, "messages[0].audio"),
        ({"role": "user", "content": "x", "note": object()}, "messages[0].note"),
    ],
)
def test_what_cannot_be_read_is_named(message: Any, param: str) -> None:
    with pytest.raises(InputError) as caught:
        parts_of([message])
    assert caught.value.param == param
    assert param in str(caught.value)


def test_arguments_given_as_an_object_are_judged_as_their_json() -> None:
    assert arguments_of({"function": {"name": "f", "arguments": {"a": 1}}}, "x") == '{"a":1}'


def test_an_image_comes_with_the_words_of_its_own_message() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:,x"}}
    said = parts_of(
        [
            {"role": "user", "content": "Earlier."},
            {"role": "assistant", "content": "Yes?"},
            {"role": "user", "content": ["What is", picture, "it?"]},
        ]
    )
    shown = next(part for part in accompanied(said) if isinstance(part, Image))
    assert shown.context == "What is\nit?"
    assert [part for part in accompanied(said) if not isinstance(part, Image)] == [
        part for part in said if not isinstance(part, Image)
    ]


def test_an_image_beside_a_text_comes_with_all_of_it_and_one_with_words_keeps_them() -> None:
    alone, own = Image(data=b"x", path="images[0]"), Image(data=b"x", path="images[1]", context="mine")
    made = accompanied([Text(text="hi", path="text"), alone, own])
    assert [part.context for part in made] == ["", "hi", "mine"]
    assert accompanied([alone]) == [alone]
