from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headgate.gateway.wire.anthropic_answer import fresh, read_message
from headgate.gateway.wire.anthropic_request import parse_messages
from headgate.gateway.wire.anthropic_whole import whole_message
from headgate.gateway.wire.dialect import Outcome
from headgate.guard.effects import Finish
from headgate.policies.verdict import Action, Verdict

from .anthropic_events import START, USAGE

ASKED = parse_messages(b'{"model": "m", "messages": [{"role": "user", "content": "x"}]}')
CONTENT: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "Hm.", "signature": "Zm9v"},
    {"type": "text", "text": "Said.", "citations": [{"type": "char_location", "cited_text": "quoted words"}]},
    {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"title": "A title"}]},
    {"type": "tool_use", "id": "t", "name": "f", "input": {"q": [1, "é"]}},
]


def whole(**more: Any) -> Any:
    answer = fresh(0)
    body = {**START, "content": CONTENT, "stop_reason": "tool_use", "stop_sequence": None, "usage": USAGE}
    read_message(msgspec.json.encode(body), answer)
    finish = Finish(**{"verdict": Verdict(action=Action.ALLOW), "delivery": "delivered", "round": 1, **more})
    outcome = Outcome(finish=finish, request=ASKED, answer=answer, usage=USAGE, identity="i")
    return msgspec.json.decode(whole_message(outcome))


def test_a_delivered_message_is_upstreams() -> None:
    body = {**START, "content": CONTENT, "stop_reason": "tool_use", "stop_sequence": None, "usage": USAGE}
    assert whole() == body


def test_a_field_that_nobody_judged_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONTENT[1], "hint", "unjudged words")
    assert "hint" not in whole()["content"][1]


def test_a_helpers_text_and_an_appendix() -> None:
    assert whole(text="Better.")["content"] == [{"type": "text", "text": "Better."}]
    assert whole(text="Better.")["stop_reason"] == "end_turn"
    assert whole(appendix="Call 1.")["content"][-1] == {"type": "text", "text": "\n\nCall 1."}


@pytest.mark.parametrize("delivery", ["refused", "supported", "cut"])
def test_what_is_held_back_refuses_in_words(delivery: str) -> None:
    body = whole(delivery=delivery, message="Not this.")
    assert body["content"] == [{"type": "text", "text": "Not this."}]
    assert body["stop_reason"] == "refusal"
    assert body["stop_details"]["explanation"] == "Not this."
