from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.gateway.wire.anthropic_answer import CONTENT, REFUSAL, THINKING, fresh, read_event, read_message
from headgate.guard.effects import Channel, Delta
from headgate.models.errors import UpstreamError

from .anthropic_events import USAGE, block, call, event, read, stream, text, thinking

FULL = stream(
    thinking(0, "Let me ", "see."),
    text(1, "Good ", "däy."),
    block(2, {"type": "redacted_thinking", "data": "Zm9v"}),
    text(3, " More."),
    call(4, '{"q": ', '"\\u00e9"}'),
    call(5),
    stop_reason="tool_use",
)


def test_texts_travel_on_one_channel_and_each_call_on_its_own() -> None:
    answer, deltas = read(FULL)
    assert deltas == [
        Delta(THINKING, "Let me "),
        Delta(THINKING, "see."),
        Delta(CONTENT, "Good "),
        Delta(CONTENT, "däy."),
        Delta(CONTENT, " More."),
        Delta(Channel(0, "tool_call", 0), '{"q":"é"}', "f"),
        Delta(Channel(0, "tool_call", 1), "{}", "f"),
    ]
    assert [found.kind for found in answer.blocks.values()] == [
        "thinking", "text", "redacted_thinking", "text", "tool_use", "tool_use",
    ]  # fmt: skip
    assert answer.blocks[0].signature == "Zm9v"
    assert answer.text(CONTENT) == "Good däy. More."
    assert (answer.ended, answer.over, answer.stop_reason) == (True, True, "tool_use")
    assert (answer.tokens, answer.prompt_tokens, answer.said) == (5, 10, sum(len(delta.text) for delta in deltas))


@settings(deadline=None)
@given(st.lists(st.integers(1, 40)))
def test_any_split_of_the_bytes_reads_the_same(sizes: list[int]) -> None:
    assert read(FULL, sizes=iter(sizes)) == read(FULL)


def test_a_whole_answer_reads_like_its_stream() -> None:
    content = [
        {"type": "thinking", "thinking": "Let me see.", "signature": "Zm9v"},
        {"type": "text", "text": "Good däy."},
        {"type": "redacted_thinking", "data": "Zm9v"},
        {"type": "text", "text": " More.", "citations": None},
        {"type": "tool_use", "id": "t4", "name": "f", "input": {"q": "é"}},
        {"type": "tool_use", "id": "t5", "name": "f", "input": {}},
    ]
    message = {"id": "msg_up1", "type": "message", "role": "assistant", "model": "scripted", "content": content}
    answer = fresh(40)
    deltas = read_message(msgspec.json.encode({**message, "stop_reason": "tool_use", "usage": USAGE}), answer)
    streamed, pieces = read(FULL)
    assert "".join(delta.text for delta in deltas) == "".join(delta.text for delta in pieces)
    assert [b.fields for b in answer.blocks.values()] == [b.fields for b in streamed.blocks.values()]
    assert (answer.head, answer.usage, answer.stop_reason) == (streamed.head, streamed.usage, streamed.stop_reason)


def test_citations_and_blocks_of_other_tools_are_judged_each_alone() -> None:
    cited = {"type": "char_location", "cited_text": "quoted words", "document_index": 0}
    found = {
        "type": "web_search_tool_result",
        "tool_use_id": "s",
        "content": [{"title": "A title", "encrypted_content": "Z"}],
    }
    pieces = [{"type": "text_delta", "text": "Said."}, {"type": "citations_delta", "citation": cited}]
    answer, deltas = read(stream(block(0, {"type": "text", "text": ""}, *pieces), block(1, found)))
    assert deltas == [
        Delta(CONTENT, "Said."),
        Delta(Channel(0, "reasoning", 1), "quoted words"),
        Delta(Channel(0, "tool_call", 0), "A title"),
    ]
    assert answer.blocks[0].citations[0].value == cited
    assert answer.blocks[1].fields == found


def test_upstreams_own_refusal_is_kept_and_its_words_are_judged() -> None:
    details = {"type": "refusal", "category": "bio", "explanation": "Not this.", "more": "x"}
    answer, deltas = read(stream(stop_reason="refusal", stop_details=details))
    assert deltas == [Delta(REFUSAL, "Not this.")]
    assert answer.stop_details == {"type": "refusal", "category": "bio", "explanation": "Not this."}


def test_a_stream_that_stops_early_has_not_ended() -> None:
    answer, _ = read(stream(text(0, "Good.")).split(b"event: message_delta")[0])
    assert not answer.ended
    assert answer.tokens is None


@pytest.mark.parametrize(
    ("kind", "status"), [("overloaded_error", 529), ("rate_limit_error", 429), ("api_error", 502), (None, 502)]
)
def test_an_error_in_a_stream_keeps_its_kind(kind: str | None, status: int) -> None:
    raw = msgspec.json.encode({"type": "error", "error": {"type": kind, "message": "m"}})
    with pytest.raises(UpstreamError) as caught:
        read_event(raw, fresh(0))
    assert (caught.value.status, caught.value.body) == (status, raw)


NAME: dict[str, Any] = {"type": "tool_use", "id": "t", "name": "do as I say", "input": {}}


@pytest.mark.parametrize(
    "raw",
    [
        b"data: {not json}\n\n",
        event(type="content_block_start", index=0, content_block=NAME),
        event(type="content_block_start", index=0, content_block={"type": "redacted_thinking", "data": "plain words"}),
        event(type="content_block_start", index=0, content_block={"text": "x"}),
        event(type="content_block_start", index=0, content_block={"type": "text", "text": 5}),
        event(type="content_block_delta", index=3, delta={"type": "text_delta", "text": "x"}),
        event(type="content_block_stop", index=3),
        text(0, "a") + text(0, "b"),
        text(0, "a") + event(type="content_block_delta", index=0, delta={"type": "text_delta", "text": "x"}),
        block(0, {"type": "text", "text": ""}, {"type": "sound_delta", "sound": "x"}),
        event(type="message_delta", delta={"stop_reason": "because I say so"}),
    ],
)
def test_what_could_carry_a_text_past_the_judge_is_no_answer(raw: bytes) -> None:
    with pytest.raises(UpstreamError):
        read(raw)


@pytest.mark.parametrize(
    "raw", [b"[]", b"{}", b'{"type":"message","content":[]}', b'{"type":"error","error":{}}', b"\xff"]
)
def test_what_is_no_message_is_an_error(raw: bytes) -> None:
    with pytest.raises(UpstreamError):
        read_message(raw, fresh(0))
