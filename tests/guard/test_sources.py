from __future__ import annotations

import pytest

from headgate.guard.effects import Channel, Delta, End, Event, Generate
from headgate.guard.sources import AsyncGiven, Given, events_of
from headgate.models.errors import InputError

MESSAGE = {
    "reasoning_content": "Hm.",
    "content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}],
    "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}],
}
EVENTS: list[Event] = [
    Delta(Channel(0, "reasoning"), "Hm."),
    Delta(Channel(0), "AB"),
    Delta(Channel(0, "tool_call", 0), "{}", "f"),
    Delta(Channel(1), "plain"),
    End(),
]


def test_a_message_and_a_text_become_the_events_of_two_choices() -> None:
    assert events_of([MESSAGE, "plain"]) == EVENTS


@pytest.mark.parametrize("content", [7, [{"type": "text", "text": 7}], [{"type": "image_url"}], ["words"]])
def test_a_content_that_is_no_text_is_named(content: object) -> None:
    with pytest.raises(InputError, match=r"response\[0\]\.content"):
        events_of([{"content": content}])


def test_what_stands_beside_the_texts_of_an_answer_is_said_at_its_place() -> None:
    call = {"custom": {"input": "do it"}, "function": {"name": "f", "arguments": "{}"}}
    message = {
        "content": [{"type": "text", "text": "A", "note": "a hidden note"}],
        "function_call": {"name": "g", "arguments": "to them"},
        "tool_calls": [call],
        "reasoning_details": [{"text": "how to do it"}],
    }
    said = [(one.channel, one.text, one.name) for one in events_of(["x", message])[1:] if isinstance(one, Delta)]
    assert [(channel.path, channel.kind, text, name) for channel, text, name in said] == [
        ("response[1].content", "content", "A", ""),
        ("response[1].tool_calls[0].arguments", "tool_call", "{}", "f"),
        ("response[1].function_call.arguments", "tool_call", "to them", "g"),
        ("response[1].content[0].note", "other", "a hidden note", ""),
        ("response[1].tool_calls[0].custom.input", "tool_call", "do it", ""),
        ("response[1].reasoning_details", "other", "how to do it", ""),
    ]


def test_reasoning_under_both_its_names_is_read_once_where_it_is_the_same() -> None:
    said = {"reasoning": "Hm.", "reasoning_content": "Hm."}
    assert events_of([said])[0] == Delta(Channel(0, "reasoning"), "Hm.")
    assert events_of([{**said, "reasoning": "No."}])[0] == Delta(Channel(0, "reasoning"), "Hm.\nNo.")


def test_an_answer_that_speaks_aloud_is_named() -> None:
    with pytest.raises(InputError, match=r"response\[0\]\.audio"):
        events_of([{"content": "x", "audio": {"data": "AAAA"}}])


async def test_given_answers_are_read_in_order_and_dropped_on_cancel() -> None:
    given, awaited = Given([MESSAGE, "plain"]), AsyncGiven([MESSAGE, "plain"])
    given.generate(Generate(round=1))
    await awaited.generate(Generate(round=1))
    assert [given.read() for _ in EVENTS] == EVENTS
    assert [await awaited.read() for _ in EVENTS] == EVENTS
    for source in (Given(["x"]),):
        source.cancel()
        with pytest.raises(IndexError):
            source.read()
