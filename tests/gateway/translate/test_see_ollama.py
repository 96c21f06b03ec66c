from __future__ import annotations

import json
from typing import Any

from headgate.gateway.translate.neutral import Begun, CallBegun, CallGrew, Ended, Grew, Spent
from headgate.gateway.translate.see_ollama import SEE_OLLAMA

from .answers import streamed


def line(message: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"model": "llama", "created_at": "t", "message": message, "done": False, **more}).encode()


def test_lines_are_their_events() -> None:
    call = {"function": {"name": "f", "arguments": {"q": 1}}}
    end = {"done": True, "done_reason": "stop", "prompt_eval_count": 10, "eval_count": 5}
    data = [line({"thinking": "Hm."}), line({"content": "Hi."}), line({"tool_calls": [call]}), line({}, **end)]
    assert streamed(SEE_OLLAMA, data) == [
        Begun(id="", model="llama"),
        Grew("reasoning", "Hm."),
        Grew("content", "Hi."),
        CallBegun(index=0, id="call_0", name="f"),
        CallGrew(0, '{"q":1}'),
        Spent(prompt=10, completion=5),
        Ended(reason="tools"),
    ]


def test_an_answer_that_was_cut_short_says_so() -> None:
    assert streamed(SEE_OLLAMA, [line({"content": "Hi"}, done=True, done_reason="length")])[-1] == Ended(
        reason="length"
    )
