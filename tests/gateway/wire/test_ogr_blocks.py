from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.gateway.wire.ogr_blocks import block_request, block_response
from headgate.models.content import Image, Opaque, Role, Text
from headgate.models.errors import InputError

ANTHROPIC: dict[str, Any] = {
    "model": "m",
    "max_tokens": 10,
    "system": [{"type": "text", "text": "Be kind."}],
    "messages": [
        {"role": "user", "content": "Hello."},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}}]},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "Fetched."}]},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                {"type": "document", "source": {"type": "base64", "data": "AAAA"}},
            ],
        },
    ],
    "tools": [{"name": "f", "description": "Reads a whole file."}],
}
RESPONSES: dict[str, Any] = {
    "instructions": "Be kind.",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "Hello."}]},
        {"type": "function_call", "name": "f", "arguments": '{"a": 1}'},
        {"type": "function_call_output", "output": "Fetched."},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
    ],
}


def texts(body: dict[str, Any]) -> list[tuple[str, Role, str]]:
    return [(one.part.path, one.part.role, one.text) for one in block_request(body) if isinstance(one.part, Text)]


def test_anthropics_blocks_are_taken_apart_in_their_roles() -> None:
    assert texts(ANTHROPIC) == [
        ("system[0].text", Role.SYSTEM, "Be kind."),
        ("messages[0].content", Role.USER, "Hello."),
        ("messages[1].content[0].input", Role.TOOL_CALL, '{"a":1}'),
        ("messages[2].content[0].content[0].text", Role.TOOL_RESULT, "Fetched."),
        ("tools[0]", Role.SYSTEM, "Reads a whole file."),
    ]


def test_what_is_no_text_is_kept_as_what_it_is() -> None:
    image, document = [one.part for one in block_request(ANTHROPIC) if not isinstance(one.part, Text)]
    assert isinstance(image, Image)
    assert image.url == "data:image/png;base64,AAAA"
    assert isinstance(document, Opaque)
    assert document.type == "document"


def test_the_items_of_responses_are_taken_apart_in_their_roles() -> None:
    assert texts(RESPONSES) == [
        ("instructions", Role.SYSTEM, "Be kind."),
        ("input[0].content[0].text", Role.USER, "Hello."),
        ("input[1].arguments", Role.TOOL_CALL, '{"a": 1}'),
        ("input[2].output", Role.TOOL_RESULT, "Fetched."),
        ("input[3].summary[0].text", Role.REASONING, "Hm."),
    ]
    assert texts({"input": "Hello."}) == [("input", Role.USER, "Hello.")]


def test_an_answer_is_judged_in_the_light_of_the_question() -> None:
    body = {"messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]}
    assert [one.part.context for one in block_request(body)] == ["", "Why?"]


def test_the_output_of_responses_is_read_item_by_item() -> None:
    output = [
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Done."}]},
        {"type": "image_generation_call", "result": "AAAA"},
    ]
    text, image = block_response({"output": output})
    assert (text.part.path, text.text) == ("output[0].content[0].text", "Done.")
    assert isinstance(image.part, Opaque)


KEYS = st.sampled_from(["type", "text", "content", "role", "input"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.text(max_size=3) | st.sampled_from(["text", "tool_use", "tool_result", "user"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(VALUES)
def test_any_conversation_is_read_or_an_input_error(value: Any) -> None:
    for body in ({"messages": value}, {"input": [value]}, {"messages": [{"role": "user", "content": value}]}):
        try:
            found = list(block_request(body))
        except InputError:
            continue
        assert all(one.part.path for one in found)


@pytest.mark.parametrize("body", [{}, {"messages": 1}, {"messages": [1]}, {"messages": [{"role": "x"}]}])
def test_a_body_without_a_conversation_is_an_input_error(body: Any) -> None:
    with pytest.raises(InputError):
        list(block_request(body))
