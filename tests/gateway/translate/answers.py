"""Neutral answers, for the tests of their writers and readers."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from headgate.gateway.translate.neutral import Begun, CallBegun, CallGrew, Ended, Event, Grew, Spent
from headgate.gateway.translate.read_answer import AnswerReader, Sight

TEXT = st.text(min_size=1, max_size=9)
OBJECTS = st.dictionaries(st.text("abc", min_size=1), st.integers(0, 9), max_size=2)

ANSWER: list[Event] = [
    Begun(id="up1", model="scripted"),
    Grew("reasoning", "Hm."),
    Grew("content", "Water "),
    Grew("content", "is wet."),
    CallBegun(index=0, id="call_a", name="f"),
    CallGrew(0, '{"q":1}'),
    CallBegun(index=1, id="call_b", name="g"),
    Spent(prompt=10, completion=5),
    Ended(reason="tools"),
]
"""All that an answer may hold: a call with arguments, and one without."""


def streamed(sight: Sight[Any], data: list[bytes]) -> list[Event]:
    """What is read of a stream's events."""
    reader = AnswerReader(sight)
    return [event for one in data for event in reader.take(one)] + reader.finish()


def texts(events: list[Event]) -> dict[str, str]:
    """The texts that events bring, by kind."""
    found: dict[str, str] = {}
    for event in events:
        if isinstance(event, Grew):
            found[event.kind] = found.get(event.kind, "") + event.text
    return found


def told(events: list[Event]) -> list[Event]:
    """All that is told beside texts and the head."""
    return [event for event in events if not isinstance(event, (Grew, Begun))]
