from __future__ import annotations

from headgate.gateway.wire.openai_chat_answer import Answer, Call, Choice
from headgate.gateway.wire.openai_chat_request import parse_chat
from headgate.gateway.wire.openai_chat_stream import ChatStream
from headgate.guard.effects import Channel, Finish, Release
from headgate.policies.verdict import Action, Verdict

ASKED = parse_chat(b'{"model": "m", "messages": [{"role": "user", "content": "x"}]}')


def test_a_call_waits_for_the_end_and_text_does_not() -> None:
    stream = ChatStream(ASKED, "i")
    answer = Answer(choices={0: Choice("tool_calls", {0: Call(id="c", name="f", arguments="{}")})})
    assert stream.release(Release(Channel(0, "tool_call"), "{}"), answer) == b""
    assert b'"content":"Hi"' in stream.release(Release(Channel(), "Hi"), answer)
    delivered = Finish(verdict=Verdict(action=Action.ALLOW), delivery="delivered", round=1)
    ending = stream.finish(delivered, answer, None)
    assert b'"name":"f"' in ending
    assert ending.endswith(b"data: [DONE]\n\n")


def test_without_an_answer_there_is_only_the_refusal() -> None:
    refused = Finish(verdict=Verdict(action=Action.REFUSE), delivery="refused", message="No.")
    ending = ChatStream(ASKED, "i").finish(refused, None, None)
    assert b'"refusal":"No."' in ending
    assert b'"finish_reason":"content_filter"' in ending
