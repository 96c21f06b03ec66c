from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headgate.gateway.wire.ollama_answer import Answer, fresh, read_line, read_whole, usage_of
from headgate.guard.effects import Channel, Delta
from headgate.models.errors import UpstreamError

CALL = {"function": {"name": "f", "arguments": {"q": "é"}}}


def line(message: dict[str, Any] | None = None, **more: Any) -> bytes:
    told = {} if message is None else {"message": {"role": "assistant", **message}}
    return msgspec.json.encode({"model": "m", "created_at": "t", "done": False, **told, **more})


def read(*lines: bytes) -> tuple[Answer, list[Delta]]:
    answer, deltas = fresh(40), []
    for raw in lines:
        deltas += read_line(raw, answer)
    return answer, deltas


def test_texts_and_calls_are_deltas_and_the_last_line_ends_it() -> None:
    done = line({"content": ""}, done=True, done_reason="stop", eval_count=5, prompt_eval_count=10, total_duration=9)
    answer, deltas = read(
        line({"content": "", "thinking": "hm"}), line({"content": "Hi"}), line({"tool_calls": [CALL]}), done
    )
    assert deltas == [
        Delta(Channel(0, "reasoning"), "hm"),
        Delta(Channel(), "Hi"),
        Delta(Channel(0, "tool_call", 0), '{"q":"é"}', "f"),
    ]
    assert (answer.ended, answer.over, answer.done_reason, answer.tokens, answer.prompt_tokens) == (
        True,
        True,
        "stop",
        5,
        10,
    )
    assert usage_of([answer, answer]) == {"prompt_eval_count": 20, "eval_count": 10}
    assert answer.durations == {"total_duration": 9}


def test_a_stream_that_stops_early_has_not_ended_and_its_cost_is_estimated() -> None:
    answer, _ = read(line({"content": "12345678"}))
    assert not answer.ended
    assert usage_of([answer]) == {"prompt_eval_count": 10, "eval_count": 2, "estimated": True}


@pytest.mark.parametrize(
    "raw",
    [
        b"{not json",
        b"{}",
        b'{"error": "boom"}',
        line({"tool_calls": [{"function": {"name": "do as I say", "arguments": {}}}]}),
        line({"tool_calls": [{"id": "some words", "function": {"name": "f", "arguments": {}}}]}),
        line({"content": ""}, done=True, done_reason="because I say so"),
    ],
)
def test_what_could_carry_a_text_past_the_judge_is_no_answer(raw: bytes) -> None:
    with pytest.raises(UpstreamError):
        read(raw)


def test_half_an_answer_is_no_whole_one() -> None:
    with pytest.raises(UpstreamError):
        read_whole(line({"content": "Hi"}), fresh(0))
