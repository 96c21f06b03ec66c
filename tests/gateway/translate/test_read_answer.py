from __future__ import annotations

import json

import pytest

from headgate.gateway.translate.neutral import Begun, CallBegun, CallGrew, Ended, Grew
from headgate.gateway.translate.read_answer import AnswerReader, count
from headgate.gateway.translate.see_chat import SEE_CHAT
from headgate.models.errors import UpstreamError


def chunk(reason: str | None = None, **delta: object) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return json.dumps({"id": "1", "model": "m", "choices": [choice]}).encode()


def test_calls_whose_pieces_come_by_turns_are_told_one_after_another() -> None:
    reader = AnswerReader(SEE_CHAT)
    pieces = [(0, "f", '{"a"'), (1, "g", '{"b"'), (0, None, ":1}"), (1, None, ":2}")]
    for index, name, arguments in pieces:
        call = {"index": index, "id": f"c{index}", "function": {"name": name, "arguments": arguments}}
        assert reader.take(chunk(tool_calls=[call])) == []
    reader.take(chunk("tool_calls"))
    assert reader.take(b"[DONE]") == [
        Begun(id="1", model="m"),
        CallBegun(index=0, id="c0", name="f"),
        CallGrew(0, '{"a":1}'),
        CallBegun(index=1, id="c1", name="g"),
        CallGrew(1, '{"b":2}'),
        Ended(reason="tools"),
    ]


def test_the_head_comes_once_and_the_end_too() -> None:
    reader = AnswerReader(SEE_CHAT)
    assert reader.take(chunk(content="a")) == [Begun(id="1", model="m"), Grew("content", "a")]
    assert reader.take(chunk(content="b")) == [Grew("content", "b")]
    reader.take(chunk("stop"))
    assert not reader.over
    assert reader.finish() == [Ended(reason="end")]
    assert reader.finish() == []
    assert reader.over


def test_an_answer_that_breaks_off_has_no_end() -> None:
    reader = AnswerReader(SEE_CHAT)
    reader.take(chunk(content="a"))
    assert reader.finish() == []
    assert not reader.over


def test_what_is_no_answer_is_refused_as_by_the_dialect_itself() -> None:
    with pytest.raises(UpstreamError):
        AnswerReader(SEE_CHAT).whole(b"{}")
    call = {"index": 0, "function": {"name": "a secret name"}}
    with pytest.raises(UpstreamError):
        AnswerReader(SEE_CHAT).take(chunk(tool_calls=[call]))


@pytest.mark.parametrize("usage", [None, {}, {"a": 3}, {"a": {"b": True}}, {"a": {"b": "3"}}])
def test_a_count_that_is_not_told_is_none(usage: object) -> None:
    assert count(usage, "a", "b") == 0
    assert count({"a": {"b": 3}}, "a", "b") == 3
