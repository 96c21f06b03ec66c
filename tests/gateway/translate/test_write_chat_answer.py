from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.translate.neutral import Begun, Ended, Event, Grew, Spent, added_up
from headgate.gateway.translate.read_answer import AnswerReader
from headgate.gateway.translate.see_chat import SEE_CHAT
from headgate.gateway.translate.write_chat_answer import ChatAnswerWriter

from .answers import ANSWER, TEXT, streamed, texts, told


def test_an_answer_is_read_as_it_was_written() -> None:
    read = streamed(SEE_CHAT, ChatAnswerWriter("x").events(ANSWER))
    assert (texts(read), told(read), read[0]) == (texts(ANSWER), told(ANSWER), ANSWER[0])
    whole = AnswerReader(SEE_CHAT).whole(ChatAnswerWriter("x").whole(ANSWER))
    assert added_up(whole) == added_up(ANSWER)


@given(st.lists(st.tuples(st.sampled_from(["content", "reasoning", "refusal"]), TEXT), max_size=5))
def test_whatever_is_said_comes_through(pieces: list[tuple[Any, str]]) -> None:
    events: list[Event] = [Begun(id="", model="m"), *(Grew(*piece) for piece in pieces), Ended(reason="end")]
    assert texts(streamed(SEE_CHAT, ChatAnswerWriter("x").events(events))) == texts(events)


def test_a_stream_begins_with_its_role_and_ends_with_its_usage_and_mark() -> None:
    spent = Spent(prompt=10, completion=5, cached=4, reasoning=2)
    first, *_, usage, mark = ChatAnswerWriter("x").events([Begun(id="", model="m"), spent, Ended(reason="length")])
    assert json.loads(first)["id"] == "chatcmpl-x"
    assert json.loads(first)["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert json.loads(usage)["usage"] == {
        "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 2},
    }  # fmt: skip
    assert mark == b"[DONE]"


@pytest.mark.parametrize(
    ("reason", "found"),
    [("end", "stop"), ("stop", "stop"), ("length", "length"), ("tools", "tool_calls"), ("refusal", "content_filter")],
)
def test_why_it_ended(reason: Any, found: str) -> None:
    body = json.loads(ChatAnswerWriter("x").whole([Begun(id="1", model="m"), Ended(reason=reason)]))
    assert body["choices"][0]["finish_reason"] == found
    assert "usage" not in body
