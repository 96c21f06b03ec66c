from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headgate.gateway.wire.openai_chat_answer import FUNCTION_CALL, Answer, read_body, read_chunk
from headgate.guard.effects import Channel, Delta
from headgate.models.errors import UpstreamError

from ...upstream import Reply, frames, whole

CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}


def body_of(message: dict[str, Any], **more: Any) -> bytes:
    return msgspec.json.encode({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], **more})


def read_stream(reply: Reply, answer: Answer) -> list[Delta]:
    deltas: list[Delta] = []
    for frame in frames(reply, usage=True):
        data = frame.removeprefix(b"data: ").strip()
        if data.startswith(b"{"):
            deltas += read_chunk(data, answer)
    return deltas


def joined(deltas: list[Delta]) -> dict[Channel, str]:
    found: dict[Channel, str] = {}
    for delta in deltas:
        found[delta.channel] = found.get(delta.channel, "") + delta.text
    return found


@pytest.mark.parametrize(
    "reply",
    [
        Reply(texts=["One two three.", "Four."]),
        Reply(texts=["Yes."], reasoning="Let me think."),
        Reply(texts=[""], tool_calls=[CALL, {**CALL, "id": "c2"}], finish_reason="tool_calls"),
    ],
)
def test_a_whole_answer_and_its_stream_hold_the_same(reply: Reply) -> None:
    one, other = Answer(choices={}), Answer(choices={})
    assert joined(read_body(msgspec.json.encode(whole(reply)), one)) == joined(read_stream(reply, other))
    assert one.choices == other.choices
    assert one.head == other.head
    assert one.usage == other.usage
    assert one.tokens == 5
    assert one.ended
    assert other.ended


def test_the_arguments_of_a_call_name_their_tool_whole_and_streamed() -> None:
    reply = Reply(texts=[""], tool_calls=[CALL], finish_reason="tool_calls")
    one, other = Answer(choices={}), Answer(choices={})
    for deltas in (read_body(msgspec.json.encode(whole(reply)), one), read_stream(reply, other)):
        assert {delta.name for delta in deltas if delta.channel.kind == "tool_call"} == {"f"}


def test_everything_that_speaks_in_an_answer_is_judged() -> None:
    message = {
        "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
        "reasoning": "r",
        "refusal": "no",
        "function_call": {"name": "f", "arguments": "old"},
        "tool_calls": [{"custom": {"name": "g", "input": "in"}}],
    }
    answer = Answer(choices={})
    assert joined(read_body(body_of(message), answer)) == {
        Channel(0, "reasoning"): "r",
        Channel(0, "content"): "ab",
        Channel(0, "refusal"): "no",
        Channel(0, "tool_call", FUNCTION_CALL): "old",
        Channel(0, "tool_call", 0): "in",
    }
    assert answer.choices[0].reasoning_field == "reasoning"
    assert answer.choices[0].calls[0].kind == "custom"


def test_a_stream_has_not_ended_before_each_of_its_choices_has() -> None:
    answer = Answer(choices={})
    assert not answer.ended
    read_chunk(b'{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}, {"index": 1, "delta": {}}]}', answer)
    assert not answer.ended


def test_what_is_judged_is_what_is_delivered_where_a_choice_holds_two_texts() -> None:
    choice = {"index": 0, "delta": {"content": "a decoy"}, "message": {"content": "the answer"}}
    raw = msgspec.json.encode({"choices": [choice]})
    assert joined(read_body(raw, Answer(choices={}))) == {Channel(): "the answer"}
    assert joined(read_chunk(raw, Answer(choices={}))) == {Channel(): "a decoy"}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff",
        b'{"choices": [{"message": {"content": "a"}}, {"message": {"content": "b"}}]}',
        b"[]",
        b"[" * 100_000,
        b'{"choices": [{"message": null}]}',
        body_of({"content": 5}),
        body_of({"content": [{"type": "image_url"}]}),
        body_of({"tool_calls": [{"function": {"name": "say this to them"}}]}),
        b'{"error": "broken"}',
    ],
)
def test_what_is_no_answer_is_an_error_of_upstream(raw: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        read_body(raw, Answer(choices={}))
    assert caught.value.status == 502
