from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.gateway.wire.openai_responses_answer import Answer, Slot, read_body, read_event, said_in
from headgate.gateway.wire.sse import SseParser
from headgate.guard.effects import Channel, Delta
from headgate.models.errors import UpstreamError

from ..openai_script import SEARCH, USAGE, called, events, frame, response, said, thought

OUTPUT = [thought("Let me think."), SEARCH, said("One.", "Two."), called('{"q": 1}'), called("{}", 2)]


def answer() -> Answer:
    return Answer(items={}, texts={}, channels={})


def joined(deltas: list[Delta]) -> dict[Channel, str]:
    found: dict[Channel, str] = {}
    for delta in deltas:
        found[delta.channel] = found.get(delta.channel, "") + delta.text
    return found


def streamed(found: Answer, whole: dict[str, Any], chunk: int = 7) -> list[Delta]:
    return [d for event in events(whole, chunk=chunk) for d in read_event(msgspec.json.encode(event), found)]


def test_everything_that_speaks_in_an_answer_is_judged() -> None:
    citation = {"type": "url_citation", "title": "Bread", "url": "https://x.test", "start_index": 0, "end_index": 1}
    message = said("One.")
    message["content"][0]["annotations"] = [citation]
    message["content"].append({"type": "refusal", "refusal": "No."})
    found = joined(read_body(msgspec.json.encode(response([*OUTPUT, message])), answer()))
    assert found == {
        Channel(0, "reasoning", 0): "Let me think.",
        Channel(0, "reasoning", 1): "how bread is baked",
        Channel(0, "content", 0): "One.",
        Channel(0, "content", 1): "Two.",
        Channel(0, "tool_call", 0): '{"q": 1}',
        Channel(0, "tool_call", 1): "{}",
        Channel(0, "content", 2): "One.",
        Channel(0, "reasoning", 2): "Bread\nhttps://x.test",
        Channel(0, "refusal", 0): "No.",
    }


@settings(deadline=None)
@given(st.integers(1, 30))
def test_a_whole_answer_and_its_stream_hold_the_same(chunk: int) -> None:
    whole = response(OUTPUT)
    one, other = answer(), answer()
    assert joined(read_body(msgspec.json.encode(whole), one)) == joined(streamed(other, whole, chunk))
    assert one.channels == other.channels
    assert one.items == other.items
    assert one.head == other.head
    assert one.usage == other.usage == USAGE
    assert (one.tokens, one.prompt_tokens, one.said) == (5, 10, other.said)
    assert one.over
    assert other.over


@settings(deadline=None)
@given(st.data())
def test_any_split_of_the_bytes_gives_the_same_events(data: st.DataObject) -> None:
    raw = b"".join(frame(event) for event in events(response([said("Grüße, 好的。")])))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))
    parser, found = SseParser(), answer()
    deltas: list[Delta] = []
    for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        for event in parser.feed(raw[start:end]):
            deltas += read_event(event, found)
    assert joined(deltas) == {Channel(): "Grüße, 好的。"}
    assert found.over


def test_a_text_that_no_delta_brought_is_taken_from_the_end() -> None:
    found = answer()
    last = {"type": "response.completed", "sequence_number": 1, "response": response([said("Late."), called("{}")])}
    assert joined(read_event(msgspec.json.encode(last), found)) == {
        Channel(): "Late.",
        Channel(0, "tool_call", 0): "{}",
    }


def test_deltas_are_what_counts_where_the_end_says_another_thing() -> None:
    found = answer()
    whole = response([said("Early.")])
    *begun, _, last = events(whole)
    deltas = [d for event in begun for d in read_event(msgspec.json.encode(event), found)]
    last["response"] = response([said("Quite another.")])
    assert read_event(msgspec.json.encode(last), found) == []
    assert joined(deltas) == {Channel(): "Early."}
    assert found.text(Slot(0, "text")) == "Early."


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "code": "rate_limit_exceeded", "message": "slow down", "param": None, "sequence_number": 1},
        {
            "type": "response.failed",
            "response": response([], status="failed", error={"code": "rate_limit_exceeded", "message": "slow down"}),
        },
        {"error": {"code": "rate_limit_exceeded", "message": "slow down"}},
    ],
)
def test_an_error_of_upstream_is_told_in_the_envelope(event: dict[str, Any]) -> None:
    with pytest.raises(UpstreamError) as caught:
        read_event(msgspec.json.encode(event), answer())
    error = json.loads(caught.value.body or b"")["error"]
    assert error == {"message": "slow down", "type": "server_error", "param": None, "code": "rate_limit_exceeded"}


def test_a_failed_answer_is_an_error_too() -> None:
    raw = msgspec.json.encode(response([], status="failed", error={"code": "x", "message": "m", "type": "t"}))
    with pytest.raises(UpstreamError):
        read_body(raw, answer())


@pytest.mark.parametrize(
    "item",
    [
        {"id": "i", "type": "image_generation_call", "result": "aGk="},
        {"id": "i", "type": "code_interpreter_call", "outputs": [{"type": "image", "url": "https://x.test"}]},
        {"id": "i", "type": "function_call", "name": "say some words", "arguments": "{}"},
        {"id": "i", "type": "message", "content": [{"type": "output_text", "text": {"a": 1}}]},
        {"id": "i", "type": "message", "content": "words"},
        {"id": "i"},
    ],
)
def test_what_cannot_be_judged_is_upstreams_fault(item: dict[str, Any]) -> None:
    with pytest.raises(UpstreamError) as caught:
        read_body(msgspec.json.encode(response([item])), answer())
    assert caught.value.status == 502


@pytest.mark.parametrize(
    "raw",
    [
        b"[]",
        b"{",
        b"\xff",
        b'{"type": "response.output_text.delta", "delta": 5, "output_index": 0}',
        b'{"type": "response.output_text.delta", "delta": "x"}',
        b'{"type": "response.output_text.delta", "delta": "x", "output_index": -1}',
        b'{"type": "response.output_item.added", "output_index": 0, "item": {}}',
        b'{"type": "response.output_item.added", "output_index": 0, "item": {"type": "image_generation_call"}}',
    ],
)
def test_a_broken_event_is_upstreams_fault(raw: bytes) -> None:
    with pytest.raises(UpstreamError):
        read_event(raw, answer())


def test_an_item_cannot_change_its_name_on_the_way() -> None:
    found = answer()
    *begun, done, last = events(response([called("{}")]))
    for event in begun:
        read_event(msgspec.json.encode(event), found)
    done["item"] = {**done["item"], "name": "delete_all"}
    with pytest.raises(UpstreamError, match="two names"):
        read_event(msgspec.json.encode(done), found)
    assert last["type"] == "response.completed"


def test_events_of_other_kinds_say_nothing() -> None:
    for kind in ("response.web_search_call.searching", "response.queued", "response.image_generation_call.x"):
        assert read_event(msgspec.json.encode({"type": kind}), answer()) == []


def test_names_and_marks_of_an_item_are_no_speech() -> None:
    assert said_in({"id": "x", "type": "t", "status": "s", "a": ["b", {"c": "d"}], "some key": 1}) == "some key\nb\nd"
