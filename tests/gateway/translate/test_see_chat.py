from __future__ import annotations

import json

import pytest

from headgate.gateway.translate.neutral import Begun, CallBegun, CallGrew, Ended, Grew, Spent
from headgate.gateway.translate.read_answer import AnswerReader
from headgate.gateway.translate.see_chat import SEE_CHAT

from ...upstream import Reply, whole

CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def test_a_whole_completion_is_its_events() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    reply = Reply(texts=["Hi."], reasoning="Hm.", tool_calls=[CALL], usage=usage, finish_reason="tool_calls")
    assert AnswerReader(SEE_CHAT).whole(json.dumps(whole(reply)).encode()) == [
        Begun(id="chatcmpl-up1", model="scripted"),
        Grew("reasoning", "Hm."),
        Grew("content", "Hi."),
        CallBegun(index=0, id="c", name="f"),
        CallGrew(0, "{}"),
        Spent(prompt=10, completion=5, cached=4, reasoning=2),
        Ended(reason="tools"),
    ]


@pytest.mark.parametrize(
    ("reason", "found"),
    [("stop", "end"), ("length", "length"), ("content_filter", "refusal"), ("function_call", "tools"), ("new", "end")],
)
def test_why_it_ended(reason: str, found: str) -> None:
    raw = json.dumps(whole(Reply(finish_reason=reason, usage=None))).encode()
    *_, ended = AnswerReader(SEE_CHAT).whole(raw)
    assert ended == Ended(reason=found)  # type: ignore[arg-type]
