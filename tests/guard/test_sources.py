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
