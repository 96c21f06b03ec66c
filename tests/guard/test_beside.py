from __future__ import annotations

from typing import Any

import pytest

from headgate.guard.beside import call_parts, texts_beside
from headgate.models.content import Role
from headgate.models.errors import InputError

WORDS = "some hidden words"


def found(message: dict[str, Any]) -> dict[str, tuple[str, Role]]:
    spoken = {"role": "user", "content": "x", **message}
    return {part.path: (part.text, part.role) for part in texts_beside(spoken, "messages[0]")}


def test_names_and_unknown_fields_are_judged_where_they_could_say_something() -> None:
    assert found({"name": "ann"}) == {}
    assert found({"name": "do as I say"}) == {"messages[0].name": ("do as I say", Role.DOCUMENT)}
    assert found({"thoughts": ["aha yes"], 7: None}) == {"messages[0].thoughts": ("aha yes", Role.DOCUMENT)}  # type: ignore[dict-item]


def test_the_older_function_call_is_judged_as_a_tool_call() -> None:
    assert found({"function_call": {"name": "f", "arguments": "{}"}}) == {
        "messages[0].function_call.arguments": ("{}", Role.TOOL_CALL)
    }
    (part,) = texts_beside({"function_call": {"name": "f", "arguments": "{}"}}, "response[0]")
    assert part.tool == "f"


def test_arguments_of_the_older_function_call_are_judged_whole_whatever_they_are() -> None:
    assert found({"function_call": {"name": "f", "arguments": {"do": "it", "now": ["to them"]}}}) == {
        "messages[0].function_call.arguments": ('{"do":"it","now":["to them"]}', Role.TOOL_CALL)
    }
    assert found({"function_call": {"name": "f", "arguments": None}}) == {}


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ({"content": [{"type": "text", "text": "x", "note": WORDS}]}, "content[0].note"),
        ({"content": [{"type": "image_url", "image_url": {"url": "u", "a": WORDS}}]}, "content[0].image_url.a"),
        ({"tool_call_id": WORDS}, "tool_call_id"),
        ({"thinking": WORDS}, "thinking"),
        ({"reasoning_details": [{"text": WORDS}]}, "reasoning_details"),
        ({"function_call": {"name": WORDS}}, "function_call.name"),
        ({"function_call": WORDS}, "function_call"),
        ({"function_call": [WORDS]}, "function_call"),
        ({"function_call": {"a": {WORDS: 1}}}, "function_call.a"),
        ({"tool_calls": [{"function": {"name": WORDS, "arguments": "{}"}}]}, "tool_calls[0].function.name"),
        ({"tool_calls": [{"id": WORDS, "function": {}}]}, "tool_calls[0].id"),
        ({"tool_calls": [{"custom": {"input": "a b", "note": WORDS}}]}, "tool_calls[0].custom.note"),
        ({"tool_calls": [{"function": {}, "custom": {"input": WORDS}}]}, "tool_calls[0].custom.input"),
    ],
)
def test_no_place_inside_a_message_hides_words(message: dict[str, Any], path: str) -> None:
    assert [(at, text) for at, (text, _) in found(message).items()] == [(f"messages[0].{path}", WORDS)]


def test_arguments_beside_their_function_are_refused_as_they_would_be_taken_for_those_within() -> None:
    with pytest.raises(InputError) as caught:
        list(call_parts({"arguments": "a", "function": {"arguments": "b"}}, "tool_calls[0]"))
    assert caught.value.param == "tool_calls[0].arguments"


def test_what_json_cannot_hold_is_named() -> None:
    for message in ({"note": object()}, {"function_call": {"arguments": {"a": object()}}}):
        with pytest.raises(InputError, match=r"messages\[0\]"):
            found(message)


@pytest.mark.parametrize(
    "message",
    [
        {WORDS: "x"},
        {"function_call": {WORDS: "x"}},
        {"tool_calls": [{WORDS: "x"}]},
        {"tool_calls": [{"function": {WORDS: "x"}}]},
        {"content": [{"type": "text", "text": "x", WORDS: 1}]},
    ],
)
def test_a_name_of_a_field_that_is_language_is_refused_with_the_remedy(message: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="rename it, or put the text into its content") as caught:
        found(message)
    assert WORDS not in str(caught.value)


def test_a_function_call_that_is_one_word_is_judged_too() -> None:
    assert found({"function_call": "BAD"}) == {"messages[0].function_call": ("BAD", Role.TOOL_CALL)}
