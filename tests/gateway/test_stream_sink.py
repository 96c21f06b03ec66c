from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from headgate.gateway.errors import Failure
from headgate.gateway.stream_sink import StreamSink
from headgate.gateway.wire.openai_chat_answer import Answer, Call, Choice
from headgate.gateway.wire.openai_chat_dialect import CHAT
from headgate.gateway.wire.openai_chat_request import parse_chat
from headgate.gateway.wire.sse import SseParser
from headgate.guard.effects import Channel, Finish, Release
from headgate.policies.verdict import Action, Verdict

ALLOWED = Verdict(action=Action.ALLOW)


class Frames:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.data = b""

    async def write(self, frame: bytes) -> None:
        self.data += frame

    @property
    def deltas(self) -> list[Any]:
        found = [msgspec.json.decode(e) for e in SseParser().feed(self.data) if e != b"[DONE]"]
        return [choice["delta"] for chunk in found for choice in chunk["choices"]]


def make(answer: Answer, **more: Any) -> tuple[StreamSink, Frames, Any]:
    chat = parse_chat(msgspec.json.encode({"model": "m", "messages": [{"role": "user", "content": "x"}], **more}))
    frames, source = (
        Frames(),
        SimpleNamespace(answers=[answer], outcome=lambda _: answer, usage={"total_tokens": 1}, released=0, words={}),
    )
    return StreamSink(cast(Any, frames), cast(Any, source), CHAT.frames(chat, "i")), frames, source


async def test_tool_calls_leave_at_the_end_with_the_names_of_the_delivered_candidate() -> None:
    calls = {0: Call(id="good", name="f", arguments="{}")}
    other = {0: Call(id="bad", name="f", arguments="{}")}
    answer = Answer(choices={0: Choice("stop", other), 1: Choice("tool_calls", calls)})
    sink, frames, source = make(answer)
    await sink.release(Release(Channel(0, "tool_call", 0), "{}"))
    assert frames.data == b""
    assert source.released == 2
    await sink.finish(Finish(verdict=ALLOWED, delivery="delivered", round=1, choice=1))
    assert b"good" in frames.data
    assert b"bad" not in frames.data
    assert b'"finish_reason":"tool_calls"' in frames.data


async def test_reasoning_keeps_upstreams_name_for_it() -> None:
    sink, frames, _ = make(Answer(choices={0: Choice("stop", {}, "reasoning")}))
    await sink.release(Release(Channel(0, "reasoning"), "hm"))
    assert frames.deltas[-1] == {"reasoning": "hm"}


@pytest.mark.parametrize("delivery", ["refused", "cut"])
async def test_a_refusal_ends_every_choice(delivery: Any) -> None:
    sink, frames, _ = make(Answer(), n=2, stream_options={"include_usage": True})
    await sink.finish(Finish(verdict=ALLOWED, delivery=delivery, message="No."))
    assert frames.deltas.count({"refusal": "No."}) == 2
    assert frames.data.count(b'"finish_reason":"content_filter"') == 2
    assert b'"usage":{"total_tokens":1}' in frames.data
    assert frames.data.endswith(b"data: [DONE]\n\n")


async def test_an_error_is_an_event_of_its_own() -> None:
    sink, frames, _ = make(Answer())
    await sink.error(Failure(status=500, body=b'{"error":{}}'))
    assert frames.data == b'data: {"error":{}}\n\ndata: [DONE]\n\n'


async def test_a_helpers_text_ends_without_what_upstream_wanted() -> None:
    answer = Answer(choices={0: Choice("tool_calls", {0: Call(id="c", name="f", arguments="{}")})})
    sink, frames, _ = make(answer)
    await sink.release(Release(Channel(), "A better answer."))
    await sink.finish(Finish(verdict=ALLOWED, delivery="delivered", round=2, text="A better answer."))
    assert frames.deltas == [{"role": "assistant", "content": ""}, {"content": "A better answer."}, {}]
    assert b'"finish_reason":"stop"' in frames.data


async def test_placeholders_leave_as_what_they_stand_for() -> None:
    sink, frames, source = make(Answer())
    source.words = {"[EMAIL_1]": 'a"b@x.org'}
    await sink.release(Release(Channel(), "Sent to [EMAIL_1]."))
    assert b'"content":"Sent to a\\"b@x.org."' in frames.data
