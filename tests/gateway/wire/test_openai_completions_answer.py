from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.gateway.wire.openai_completions_answer import Answer, read_body, read_chunk
from headgate.gateway.wire.sse import SseParser
from headgate.guard.effects import Channel, Delta
from headgate.models.errors import UpstreamError

from ..openai_script import completions


def answer() -> Answer:
    return Answer(choices={})


def joined(deltas: list[Delta]) -> dict[Channel, str]:
    found: dict[Channel, str] = {}
    for delta in deltas:
        found[delta.channel] = found.get(delta.channel, "") + delta.text
    return found


@settings(deadline=None)
@given(st.data())
def test_a_whole_answer_and_any_split_of_its_stream_hold_the_same(data: st.DataObject) -> None:
    texts = ["One two three.", "好的。"]
    one, other = answer(), answer()
    whole = joined(read_body(completions(*texts).raw or b"", one))
    raw = completions(*texts, stream=True).raw or b""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))
    parser = SseParser()
    deltas: list[Delta] = []
    for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        for event in parser.feed(raw[start:end]):
            deltas += read_chunk(event, other)
    assert whole == joined(deltas) == {Channel(0): texts[0], Channel(1): texts[1]}
    assert one.head == other.head
    assert one.usage == other.usage
    assert (one.tokens, one.prompt_tokens, one.said) == (5, 10, other.said)
    assert one.over
    assert other.over
    assert other.ended


def test_a_stream_without_its_end_mark_has_ended_when_all_choices_have() -> None:
    found = answer()
    read_chunk(b'{"choices": [{"index": 0, "text": "a"}]}', found)
    assert not found.ended
    read_chunk(b'{"choices": [{"index": 0, "text": "", "finish_reason": "length"}]}', found)
    assert found.ended
    assert not found.over


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b"\xff",
        b"{}",
        b'{"choices": []}',
        b'{"choices": [{"index": 0}, {"index": 0}]}',
        b'{"choices": [{"index": 0, "text": 5}]}',
        b'{"error": {"message": "m"}, "choices": [{"text": "a"}]}',
    ],
)
def test_what_is_no_completion_is_upstreams_fault(raw: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        read_body(raw, answer())
    assert caught.value.status == 502


def test_an_error_in_a_stream_keeps_its_words() -> None:
    raw = msgspec.json.encode({"error": {"message": "overloaded"}})
    with pytest.raises(UpstreamError) as caught:
        read_chunk(raw, answer())
    assert caught.value.body == raw
