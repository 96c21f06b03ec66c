from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.translate.neutral import Begun, Ended, Event, Grew, Spent, added_up
from headgate.gateway.translate.read_answer import AnswerReader
from headgate.gateway.translate.see_messages import SEE_MESSAGES
from headgate.gateway.translate.write_messages_answer import MessagesAnswerWriter

from .answers import ANSWER, TEXT, streamed, texts, told


def test_an_answer_is_read_as_it_was_written() -> None:
    read = streamed(SEE_MESSAGES, MessagesAnswerWriter("x").events(ANSWER))
    # A call without arguments has an empty object for them here.
    assert (texts(read), read[0]) == (texts(ANSWER), ANSWER[0])
    assert [call.id for call in added_up(read).calls.values()] == ["call_a", "call_b"]
    assert told(read)[-2:] == told(ANSWER)[-2:]
    whole = AnswerReader(SEE_MESSAGES).whole(MessagesAnswerWriter("x").whole(ANSWER))
    assert added_up(whole) == added_up(read)


@given(st.lists(st.tuples(st.sampled_from(["content", "reasoning"]), TEXT), max_size=5))
def test_whatever_is_said_comes_through(pieces: list[tuple[Any, str]]) -> None:
    events: list[Event] = [Begun(id="", model="m"), *(Grew(*piece) for piece in pieces), Ended(reason="end")]
    assert texts(streamed(SEE_MESSAGES, MessagesAnswerWriter("x").events(events))) == texts(events)


def test_each_block_is_closed_before_the_next_begins() -> None:
    found = [json.loads(data) for data in MessagesAnswerWriter("x").events(ANSWER)]
    blocks = [(event["type"].rpartition("_")[2], event["index"]) for event in found if "block" in event["type"]]
    steps = [step for step in blocks if step[0] != "delta"]
    assert steps == [(word, index) for index in range(4) for word in ("start", "stop")]
    assert (found[0]["type"], found[-1]["type"]) == ("message_start", "message_stop")


@pytest.mark.parametrize(
    ("ended", "found"),
    [
        (Ended(reason="end"), ("end_turn", None)),
        (Ended(reason="stop", sequence="END"), ("stop_sequence", "END")),
        (Ended(reason="length"), ("max_tokens", None)),
        (Ended(reason="refusal"), ("refusal", None)),
    ],
)
def test_why_it_ended_and_what_it_took(ended: Ended, found: Any) -> None:
    spent = Spent(prompt=12, completion=6, cached=4, written=5)
    body = json.loads(MessagesAnswerWriter("x").whole([Begun(id="", model="m"), spent, ended]))
    assert (body["id"], body["stop_reason"], body["stop_sequence"]) == ("msg_x", *found)
    assert body["usage"] == {
        "input_tokens": 3, "output_tokens": 6, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 5,
    }  # fmt: skip


def test_a_model_that_refuses_has_the_stop_reason_for_it() -> None:
    events: list[Event] = [Begun(id="", model="m"), Grew("refusal", "No."), Ended(reason="end")]
    assert json.loads(MessagesAnswerWriter("x").whole(events))["stop_reason"] == "refusal"
    *_, end, _ = MessagesAnswerWriter("x").events(events)
    assert json.loads(end)["delta"]["stop_reason"] == "refusal"
