from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.gateway.translate.neutral import Begun, Ended, Event, Grew, Spent
from headgate.gateway.translate.write_responses_answer import ResponsesAnswerWriter
from headgate.gateway.wire.openai_responses_dialect import RESPONSES
from headgate.guard.effects import Delta

from .answers import ANSWER


def read(data: list[bytes]) -> tuple[Any, dict[str, str]]:
    """The dialect's own reading of events: its answer, and the texts by kind."""
    answer = RESPONSES.answer(0)
    found: dict[str, str] = {}
    for one in data:
        for delta in RESPONSES.read_event(one, answer):
            assert isinstance(delta, Delta)
            found[delta.channel.kind] = found.get(delta.channel.kind, "") + delta.text
    return answer, found


def test_an_answer_is_read_as_it_was_written() -> None:
    answer, found = read(ResponsesAnswerWriter("x").events(ANSWER))
    assert found == {"reasoning": "Hm.", "content": "Water is wet.", "tool_call": '{"q":1}{}'}
    assert [item["type"] for item in answer.items.values()] == [
        "reasoning",
        "message",
        "function_call",
        "function_call",
    ]
    assert [answer.items[2]["call_id"], answer.items[2]["name"]] == ["call_a", "f"]
    assert (answer.over, answer.tokens, answer.prompt_tokens) == (True, 5, 10)


def test_whole_it_is_what_the_stream_ends_with() -> None:
    streamed = json.loads(ResponsesAnswerWriter("x").events(ANSWER)[-1])["response"]
    whole = json.loads(ResponsesAnswerWriter("x").whole(ANSWER))
    assert whole["output"] == streamed["output"]
    assert whole["status"] == "completed"
    assert RESPONSES.read(json.dumps(whole).encode(), RESPONSES.answer(0))


def test_events_are_numbered_and_items_have_names_of_their_own() -> None:
    found = [json.loads(data) for data in ResponsesAnswerWriter("x").events(ANSWER)]
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    names = [event["item"]["id"] for event in found if event["type"] == "response.output_item.added"]
    assert len(set(names)) == len(names) == 4
    done = [event["item"]["id"] for event in found if event["type"] == "response.output_item.done"]
    assert done == names


@pytest.mark.parametrize(
    ("reason", "status", "details"),
    [
        ("stop", "completed", None),
        ("length", "incomplete", {"reason": "max_output_tokens"}),
        ("refusal", "incomplete", {"reason": "content_filter"}),
    ],
)
def test_why_it_ended_and_what_it_took(reason: Any, status: str, details: Any) -> None:
    spent = Spent(prompt=3, completion=2, cached=1, reasoning=1)
    events: list[Event] = [Begun(id="", model="m"), Grew("refusal", "No."), spent, Ended(reason=reason)]
    body = json.loads(ResponsesAnswerWriter("x").whole(events))
    assert (body["status"], body["incomplete_details"], body["usage"]["total_tokens"]) == (status, details, 5)
    assert body["output"][0]["content"] == [{"type": "refusal", "refusal": "No."}]
