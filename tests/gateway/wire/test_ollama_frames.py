from __future__ import annotations

from typing import Any

import msgspec

from headgate.gateway.wire.dialect import Outcome
from headgate.gateway.wire.ollama_answer import Answer, fresh, read_line
from headgate.gateway.wire.ollama_frames import ChatLines, ollama_failure, whole_chat
from headgate.gateway.wire.ollama_request import parse_ollama
from headgate.guard.effects import Channel, Finish, Release
from headgate.models.errors import UpstreamError
from headgate.policies.verdict import Action, Verdict

ASKED = parse_ollama(b'{"model": "asked", "messages": [{"role": "user", "content": "x"}]}')
DELIVERED = Finish(verdict=Verdict(action=Action.ALLOW), delivery="delivered", round=1)
USAGE = {"prompt_eval_count": 10, "eval_count": 5}
CALL = {"id": "c1", "function": {"name": "f", "arguments": {"q": 1}}}


def answer() -> Answer:
    found = fresh(0)
    message = {"content": "Said.", "thinking": "Hm.", "tool_calls": [CALL]}
    line = {
        "model": "m",
        "created_at": "t",
        "message": message,
        "done": True,
        "done_reason": "stop",
        "eval_duration": 9,
    }
    read_line(msgspec.json.encode(line), found)
    return found


def lines(data: bytes) -> list[Any]:
    return [msgspec.json.decode(line) for line in data.splitlines()]


def whole(finish: Finish) -> Any:
    outcome = Outcome(finish=finish, request=ASKED, answer=answer(), usage=USAGE, identity="i")
    return msgspec.json.decode(whole_chat(outcome))


def test_texts_leave_as_they_are_released_and_calls_with_the_end() -> None:
    writer, found = ChatLines(ASKED, "i"), answer()
    data = writer.release(Release(Channel(0, "reasoning"), "Hm."), found)
    data += writer.release(Release(Channel(), "Said."), found)
    assert writer.release(Release(Channel(0, "tool_call"), "{}"), found) == b""
    *texts, call, last = lines(data + writer.finish(DELIVERED, found, USAGE))
    assert [text["message"] for text in texts] == [
        {"role": "assistant", "content": "", "thinking": "Hm."},
        {"role": "assistant", "content": "Said."},
    ]
    assert call["message"]["tool_calls"] == [CALL]
    assert {key: last[key] for key in ("model", "done", "done_reason", "eval_count", "eval_duration")} == {
        "model": "m", "done": True, "done_reason": "stop", "eval_count": 5, "eval_duration": 9,
    }  # fmt: skip
    assert last["headgate"]["action"] == "allow"


def test_a_whole_answer_is_made_of_what_was_judged() -> None:
    body = whole(DELIVERED)
    assert body["message"] == {"role": "assistant", "content": "Said.", "thinking": "Hm.", "tool_calls": [CALL]}
    helped = whole(msgspec.structs.replace(DELIVERED, text="Better.", appendix="Call 1."))
    assert helped["message"] == {"role": "assistant", "content": "Better.\n\nCall 1."}


def test_a_refusal_is_no_bare_stop() -> None:
    refused = Finish(verdict=Verdict(action=Action.REFUSE), delivery="refused", message="No.")
    said, last = lines(ChatLines(ASKED, "i").finish(refused, None, None))
    assert (said["model"], said["message"]["content"]) == ("asked", "No.")
    assert last["done_reason"] == whole(refused)["done_reason"] == "content_filter"


def test_an_error_is_a_word() -> None:
    found = ollama_failure(UpstreamError("x", status=404, body=b'{"error": "model not found"}'))
    assert found.body == b'{"error":"model not found"}'
    assert ChatLines(ASKED, "i").error(found) == b'{"error":"model not found"}\n'
