from __future__ import annotations

from typing import Any

import pytest

from headgate.gateway.wire.openai_chat_extras import extra_parts, prose
from headgate.models.content import Role
from headgate.models.errors import InputError


def extras(message: dict[str, Any] | None = None, **body: Any) -> dict[str, tuple[str, Role]]:
    messages = [{"role": "user", "content": "x", **(message or {})}]
    return {part.path: (part.text, part.role) for part in extra_parts({"messages": messages, **body})}  # type: ignore[union-attr]


def test_descriptions_of_tools_are_judged_as_instructions() -> None:
    tool = {
        "type": "function",
        "function": {"name": "look", "description": "Look it up.", "parameters": {"enum": ["a b"]}},
    }
    assert extras(tools=[{"type": "function"}, tool]) == {"tools[1]": ("Look it up.\na b", Role.SYSTEM)}


def test_fields_that_nobody_knows_are_judged_as_documents() -> None:
    assert extras(guided={"hint": "some words"}, documents=["one two"]) == {
        "documents": ("one two", Role.DOCUMENT),
        "guided": ("some words", Role.DOCUMENT),
    }


def test_fields_that_no_model_reads_are_not_judged() -> None:
    assert extras(model="a b", user="a b", stop=["a b"], metadata={"k": "a b"}, temperature=1) == {}


def test_names_and_unknown_fields_of_messages_are_judged_where_they_could_say_something() -> None:
    assert extras({"name": "ann"}) == {}
    assert extras({"name": "do as I say"}) == {"messages[0].name": ("do as I say", Role.DOCUMENT)}
    assert extras({"thoughts": ["aha yes"]}) == {"messages[0].thoughts": ("aha yes", Role.DOCUMENT)}


def test_the_older_function_call_is_judged_as_a_tool_call() -> None:
    found = extras({"function_call": {"name": "f", "arguments": "{}"}})
    assert found == {"messages[0].function_call.arguments": ("{}", Role.TOOL_CALL)}


def test_arguments_of_the_older_function_call_are_judged_whole_whatever_they_are() -> None:
    found = extras({"function_call": {"name": "f", "arguments": {"do": "it", "now": ["to them"]}}})
    assert found == {"messages[0].function_call.arguments": ('{"do":"it","now":["to them"]}', Role.TOOL_CALL)}
    assert extras({"function_call": {"name": "f", "arguments": None}}) == {}


@pytest.mark.parametrize("field", ["refusal", "reasoning", "reasoning_content"])
def test_a_text_field_that_holds_no_text_is_refused(field: str) -> None:
    with pytest.raises(InputError) as caught:
        extras({field: {"hidden": "some words"}})
    assert caught.value.param == f"messages[0].{field}"


def test_prose_is_what_could_be_language() -> None:
    assert prose({"a b": 1, "c": ["short", "zwei Wörter", "漢字", "x" * 65]}).split("\n") == [
        "a b",
        "zwei Wörter",
        "漢字",
        "x" * 65,
    ]
    assert prose([1, None, True, "name-1", {"k": "v"}]) == ""


WORDS = "some hidden words"


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ({"content": [{"type": "text", "text": "x", "note": WORDS}]}, "content[0].note"),
        ({"content": [{"type": "image_url", "image_url": {"url": "u", "a": WORDS}}]}, "content[0].image_url.a"),
        ({"tool_call_id": WORDS}, "tool_call_id"),
        ({"function_call": {"name": WORDS}}, "function_call.name"),
        ({"function_call": WORDS}, "function_call"),
        ({"function_call": [WORDS]}, "function_call"),
        ({"tool_calls": [{"function": {"name": WORDS, "arguments": "{}"}}]}, "tool_calls[0].function.name"),
        ({"tool_calls": [{"id": WORDS, "function": {}}]}, "tool_calls[0].id"),
        ({"tool_calls": [{"custom": {"input": "a b", "note": WORDS}}]}, "tool_calls[0].custom.note"),
        ({"tool_calls": [{"function": {}, "custom": {"input": WORDS}}]}, "tool_calls[0].custom.input"),
    ],
)
def test_no_place_inside_a_message_hides_words(message: dict[str, Any], path: str) -> None:
    found = extras(message)
    assert [(at, text) for at, (text, _) in found.items()] == [(f"messages[0].{path}", WORDS)]


def test_arguments_beside_their_function_are_refused_as_they_would_be_taken_for_those_within() -> None:
    with pytest.raises(InputError) as caught:
        extras({"tool_calls": [{"arguments": "a", "function": {"arguments": "b"}}]})
    assert caught.value.param == "messages[0].tool_calls[0].arguments"
