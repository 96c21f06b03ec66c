from __future__ import annotations

from typing import Any

import msgspec

from headgate.gateway.wire.openai_chat_answer import FUNCTION_CALL, Call
from headgate.gateway.wire.openai_chat_frames import Frames
from headgate.gateway.wire.sse import SseParser


def read(data: bytes) -> list[Any]:
    return [msgspec.json.decode(event) for event in SseParser().feed(data) if event != b"[DONE]"]


def test_a_choice_opens_with_its_role_once() -> None:
    frames = Frames(identity="i", usage=False, one_choice=False)
    first, second = read(frames.text(1, "content", "Hello"))
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert second["choices"][0] == {"index": 1, "delta": {"content": "Hello"}, "logprobs": None, "finish_reason": None}
    assert second["object"] == "chat.completion.chunk"
    assert len(read(frames.text(1, "content", "more"))) == 1


def test_the_head_is_fixed_by_the_first_frame() -> None:
    frames = Frames(identity="i", usage=False, one_choice=False)
    frames.adopt({"id": "up1", "model": "m"})
    frames.text(0, "content", "x")
    frames.adopt({"id": "up2"})
    (chunk,) = read(frames.finish(0, "stop"))
    assert (chunk["id"], chunk["model"]) == ("up1", "m")


def test_one_choice_is_always_the_first() -> None:
    frames = Frames(identity="i", usage=False, one_choice=True)
    assert {chunk["choices"][0]["index"] for chunk in read(frames.finish(2, "stop"))} == {0}


def test_tool_calls_of_each_kind_are_one_delta() -> None:
    frames = Frames(identity="i", usage=False, one_choice=False)
    chunk = read(frames.call(0, 1, Call(id="c", name="f"), "{}"))[-1]
    expected = {"index": 1, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert chunk["choices"][0]["delta"] == {"tool_calls": [expected]}
    chunk = read(frames.call(0, 0, Call(id="c", kind="custom", name="g"), "in"))[-1]
    assert chunk["choices"][0]["delta"]["tool_calls"][0]["custom"] == {"name": "g", "input": "in"}
    chunk = read(frames.call(0, FUNCTION_CALL, Call(name="h"), "{}"))[-1]
    assert chunk["choices"][0]["delta"] == {"function_call": {"name": "h", "arguments": "{}"}}


def test_usage_is_null_until_its_own_chunk_where_it_was_asked_for() -> None:
    frames = Frames(identity="i", usage=True, one_choice=False)
    assert all(chunk["usage"] is None for chunk in read(frames.finish(0, "stop")))
    (last,) = read(frames.usage({"total_tokens": 1}))
    assert (last["choices"], last["usage"]) == ([], {"total_tokens": 1})


def test_the_end_is_a_comment_and_the_end_mark() -> None:
    assert Frames(identity="i", usage=False, one_choice=False).end(b"note") == b": note\n\ndata: [DONE]\n\n"
