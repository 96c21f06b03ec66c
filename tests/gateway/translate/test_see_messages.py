from __future__ import annotations

import msgspec
import pytest

from headgate.gateway.translate.neutral import Begun, CallBegun, CallGrew, Ended, Grew, Spent
from headgate.gateway.translate.read_answer import AnswerReader
from headgate.gateway.translate.see_messages import SEE_MESSAGES
from headgate.gateway.wire.sse import SseParser

from ..wire.anthropic_events import START, block, call, stream, text, thinking
from .answers import streamed


def test_a_stream_is_its_events() -> None:
    data = SseParser().feed(
        stream(thinking(0, "Hm."), text(1, "Hi", "."), call(2, '{"q"', ":1}"), stop_reason="tool_use")
    )
    assert streamed(SEE_MESSAGES, data) == [
        Begun(id="msg_up1", model="scripted"),
        Grew("reasoning", "Hm."),
        Grew("content", "Hi"),
        Grew("content", "."),
        CallBegun(index=0, id="t2", name="f"),
        CallGrew(0, '{"q":1}'),
        Spent(prompt=10, completion=5),
        Ended(reason="tools"),
    ]


def test_what_ran_at_anthropics_and_citations_are_left_out() -> None:
    ran = block(0, {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"q": "bread"}})
    cited = {"type": "citations_delta", "citation": {"type": "web", "cited_text": "Some words of it."}}
    said = block(1, {"type": "text", "text": ""}, {"type": "text_delta", "text": "Hi."}, cited)
    events = streamed(SEE_MESSAGES, SseParser().feed(stream(ran, said)))
    assert [event for event in events if isinstance(event, (Grew, CallBegun))] == [Grew("content", "Hi.")]


@pytest.mark.parametrize(
    ("reason", "sequence", "found"),
    [
        ("end_turn", None, Ended(reason="end")),
        ("stop_sequence", "END", Ended(reason="stop", sequence="END")),
        ("max_tokens", None, Ended(reason="length")),
        ("refusal", None, Ended(reason="refusal")),
        ("new_reason", None, Ended(reason="end")),
    ],
)
def test_why_it_ended_and_what_it_took(reason: str, sequence: str | None, found: Ended) -> None:
    usage = {"input_tokens": 3, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 5, "output_tokens": 6}
    body = {**START, "stop_reason": reason, "stop_sequence": sequence, "usage": usage}
    *_, spent, ended = AnswerReader(SEE_MESSAGES).whole(msgspec.json.encode(body))
    assert spent == Spent(prompt=12, completion=6, cached=4, written=5)
    assert ended == found
