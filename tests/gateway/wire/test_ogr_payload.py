from __future__ import annotations

from typing import Any

import pytest

from headgate.gateway.wire.ogr_payload import Leaf, Payload, read_request, read_response
from headgate.models.content import Opaque, Role
from headgate.models.errors import InputError

CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
CHAT: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "Hello."}]},
        {"role": "assistant", "content": None, "reasoning_content": "Let me see.", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "1", "content": "Fetched."},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "description": "Reads a whole file."}}],
    "timing": {"received_at": "some time of the day"},
}


def placed(found: Payload) -> dict[str, str | None]:
    """Every place with the string that stands there."""
    return {leaf.path: leaf.text for leaves in found.leaves.values() for leaf in leaves}


def test_a_chat_request_is_read_as_everywhere_and_placed_where_its_strings_stand() -> None:
    found = read_request(CHAT, "openai.chat")
    assert placed(found) == {
        "payload.messages.0.content.0.text": "Hello.",
        "payload.messages.1.reasoning_content": "Let me see.",
        "payload.messages.1.tool_calls.0.function.arguments": '{"a": 1}',
        "payload.messages.2.content": "Fetched.",
        "payload.tools.0": None,
    }
    assert [part.role for part in found.parts][-2:] == [Role.TOOL_RESULT, Role.SYSTEM]
    assert read_request(CHAT, "canonical") == found


def test_every_choice_of_a_chat_answer_is_read_and_its_old_call_too() -> None:
    choices = [
        {"message": {"role": "assistant", "content": "One.", "tool_calls": [CALL]}},
        {"message": {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}}},
    ]
    found = read_response({"choices": choices}, "openai.chat")
    assert len(found.responses) == 2
    assert {path: leaf.path for path, (leaf,) in found.leaves.items()} == {
        "response[0].content": "payload.choices.0.message.content",
        "response[0].tool_calls[0].arguments": "payload.choices.0.message.tool_calls.0.function.arguments",
        "response[1].tool_calls[0].arguments": "payload.choices.1.message.function_call.arguments",
    }


def test_what_an_answer_holds_beside_text_is_reported() -> None:
    message = {"role": "assistant", "content": "Hear this.", "audio": {"id": "a", "data": "AAAA"}}
    found = read_response({"choices": [{"message": message}]}, "openai.chat")
    (audio,) = found.made
    assert isinstance(audio, Opaque)
    assert found.leaves[audio.path] == (Leaf(path="payload.choices.0.message.audio"),)


def test_a_canonical_answer_has_its_text_reasoning_and_calls() -> None:
    call = {"id": "1", "name": "bash", "arguments": {"command": "ls"}}
    found = read_response({"text": "Done.", "reasoning": "Hm.", "tool_calls": [call]}, "canonical")
    assert found.responses[0]["content"] == "Done."
    assert placed(found) == {
        "payload.text": "Done.",
        "payload.reasoning": "Hm.",
        "payload.tool_calls.0.arguments": None,
    }


def test_blocks_of_an_answer_join_and_keep_their_places() -> None:
    content = [
        {"type": "thinking", "thinking": "Hm."},
        {"type": "text", "text": "One. "},
        {"type": "text", "text": "Two."},
        {"type": "tool_use", "id": "1", "name": "f", "input": {"a": "b"}},
        {"type": "redacted_thinking", "data": "AAAA"},
    ]
    found = read_response({"role": "assistant", "content": content}, "anthropic.messages")
    assert found.responses[0]["content"] == "One. Two."
    assert found.responses[0]["reasoning"] == "Hm."
    assert [leaf.path for leaf in found.leaves["response[0].content"]] == [
        "payload.content.1.text",
        "payload.content.2.text",
    ]
    assert found.leaves["response[0].tool_calls[0].arguments"] == (Leaf(path="payload.content.3.input"),)
    assert [part.path for part in found.made] == ["content[4]"]


@pytest.mark.parametrize("protocol", ["openai.chat", "canonical", "anthropic.messages", "openai.responses"])
def test_a_request_without_a_conversation_cannot_be_read(protocol: Any) -> None:
    with pytest.raises(InputError):
        read_request({"model": "m"}, protocol)


@pytest.mark.parametrize(
    ("payload", "protocol"),
    [
        ({}, "openai.chat"),
        ({"choices": [{}]}, "openai.chat"),
        ({"choices": [{"message": {"tool_calls": [1]}}]}, "openai.chat"),
        ({"tool_calls": 1}, "canonical"),
        ({}, "anthropic.messages"),
        ({"output": [1]}, "openai.responses"),
    ],
)
def test_an_answer_that_cannot_be_read_is_an_input_error(payload: Any, protocol: Any) -> None:
    with pytest.raises(InputError):
        read_response(payload, protocol)


@pytest.mark.parametrize("call", ["print it", ["f", "{}"]])
def test_an_old_call_that_is_no_object_is_refused_by_its_path(call: Any) -> None:
    payload = {"choices": [{"message": {"role": "assistant", "content": "Hi", "function_call": call}}]}
    with pytest.raises(InputError, match=r"payload\.choices\.0\.message\.function_call"):
        read_response(payload, "openai.chat")
