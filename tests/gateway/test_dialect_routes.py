from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anthropic
import msgspec
import pytest
from anthropic._constants import ANTHROPIC_API_VERSION

from headgate.guard.redact import MASK
from headgate.models.fakes import FakeClassifier

from ..upstream import Reply
from .conftest import POLICY, Server, Start
from .wire.anthropic_events import START, USAGE, call, stream, text, thinking

ASK: list[Any] = [{"role": "user", "content": "Tell me something."}]
LONG = "This is a first sentence that is fine. Here comes a second one, which is fine too. And a third. "
BLIND = POLICY + "regenerate: {strategy: blind, rounds: 3}\n"
EVENTS = {"Content-Type": "text/event-stream"}
LINES = {"Content-Type": "application/x-ndjson"}


@functools.cache
def _http() -> Any:
    return anthropic.DefaultHttpxClient()


def client(server: Server) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=server.url, api_key="sk-ant", max_retries=0, timeout=10, http_client=_http())


def ask(server: Server, messages: list[Any] = ASK, **more: Any) -> Any:
    return client(server).messages.create(model="claude", max_tokens=99, messages=messages, **more)


@contextmanager
def streamed(server: Server, messages: list[Any] = ASK, **more: Any) -> Iterator[Any]:
    with client(server).messages.stream(model="claude", max_tokens=99, messages=messages, **more) as found:
        yield found


def message(*content: dict[str, Any], stop_reason: str = "end_turn") -> Reply:
    return Reply(raw=msgspec.json.encode({**START, "content": content, "stop_reason": stop_reason, "usage": USAGE}))


def said(words: str) -> Reply:
    return message({"type": "text", "text": words})


def events(*blocks: bytes, **more: Any) -> Reply:
    return Reply(raw=stream(*blocks, **more), headers=EVENTS)


def test_a_good_message_passes_with_the_callers_key_and_version(server: Server) -> None:
    server.upstream.script = said("Water is wet.")
    raw = client(server).messages.with_raw_response.create(model="claude", max_tokens=99, messages=ASK)
    answer = raw.parse()
    assert (answer.id, answer.model, answer.stop_reason) == ("msg_up1", "scripted", "end_turn")
    assert answer.content[0].text == "Water is wet."
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (10, 5)
    assert raw.headers["x-headgate-verdict"] == "allow"
    assert raw.headers["x-headgate-judged"] == "2"
    sent = {name.lower(): value for name, value in server.upstream.headers[0].items()}
    assert sent["authorization"] == "Bearer sk-ant"
    assert sent["anthropic-version"] == ANTHROPIC_API_VERSION


@pytest.mark.parametrize(
    ("theirs", "name", "value"),
    [
        ({"authorization": "Bearer x"}, "authorization", "Bearer sk-own"),
        ({"x_api_key": "x"}, "x-api-key", "sk-own"),
        ({}, "x-api-key", "sk-own"),
    ],
)
def test_a_key_of_ours_stands_where_the_callers_stood(start: Start, theirs: Any, name: str, value: str) -> None:
    server = start(POLICY, upstream_key="sk-own", key_overrides=True)
    server.upstream.script = said("Fine.")
    server.post({"model": "m", "messages": ASK}, "/v1/messages", **theirs)
    sent = {name.lower(): value for name, value in server.upstream.headers[0].items()}
    assert {key: sent[key] for key in ("authorization", "x-api-key") if key in sent} == {name: value}


def test_a_good_stream_is_the_same_message(server: Server) -> None:
    server.upstream.script = events(thinking(0, "Let me see."), text(1, *LONG.split(" ")[:1], LONG[4:]), call(2, '{"q": 1}'), stop_reason="tool_use")  # fmt: skip # noqa: E501
    with streamed(server) as found:
        kinds = [event.type for event in found if event.type in ("message_start", "message_stop")]
        answer = found.get_final_message()
    assert kinds == ["message_start", "message_stop"]
    assert [block.type for block in answer.content] == ["thinking", "text", "tool_use"]
    assert (answer.content[0].thinking, answer.content[0].signature) == ("Let me see.", "Zm9v")
    assert answer.content[1].text == LONG
    assert (answer.content[2].name, answer.content[2].input) == ("f", {"q": 1})
    assert (answer.stop_reason, answer.usage.output_tokens) == ("tool_use", 5)


@pytest.mark.parametrize("streams", [False, True])
def test_a_refused_prompt_never_reaches_upstream(server: Server, streams: bool) -> None:
    messages = [{"role": "user", "content": [{"type": "text", "text": "WORST thing"}]}]
    if streams:
        with streamed(server, messages) as found:
            answer = found.get_final_message()
    else:
        answer = ask(server, messages)
    assert server.upstream.bodies == []
    assert answer.stop_reason == "refusal"
    assert answer.stop_details.type == "refusal"
    assert "violence" in answer.stop_details.explanation
    assert answer.content[0].text == answer.stop_details.explanation


def test_a_refused_system_prompt_and_a_refused_result_are_refused_too(server: Server) -> None:
    assert ask(server, system="WORST thing").stop_reason == "refusal"
    assert server.upstream.bodies == []


@pytest.mark.parametrize("streams", [False, True])
def test_a_bad_answer_is_made_again_under_guidance_and_never_shown(server: Server, streams: bool) -> None:
    if streams:
        server.upstream.script = [events(text(0, "BAD words.")), events(text(0, "Good words."))]
        with streamed(server) as found:
            answer = found.get_final_message()
    else:
        server.upstream.script = [said("BAD words."), said("Good words.")]
        answer = ask(server)
    assert [block.text for block in answer.content] == ["Good words."]
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (20, 10)
    first, second = server.upstream.bodies
    assert "system" not in first
    assert second["system"]
    assert "BAD" not in json.dumps(second)
    assert first["messages"] == second["messages"] == ASK


@pytest.mark.parametrize("bad", [thinking(0, "BAD thought."), call(0, '{"q": "BAD"}'), call(0, '{"q": "B\\u0041D"}')])
def test_thinking_and_calls_are_judged(start: Start, bad: bytes) -> None:
    server = start(BLIND)
    server.upstream.script = events(bad, text(1, "Good words."))
    with streamed(server) as found:
        answer = found.get_final_message()
    assert len(server.upstream.bodies) == 3
    assert answer.stop_reason == "refusal"
    assert "BAD" not in answer.model_dump_json()


def test_a_stream_is_cut_in_its_dialect(server: Server) -> None:
    server.upstream.script = events(text(0, LONG, LONG, "WORST part. ", LONG))
    with streamed(server) as found:
        answer = found.get_final_message()
    shown, refusal = (block.text for block in answer.content)
    assert LONG.startswith(shown[:20])
    assert "WORST" not in shown
    assert refusal == answer.stop_details.explanation
    assert answer.stop_reason == "refusal"


def test_the_error_style_is_a_400_in_the_dialect(start: Start) -> None:
    server = start(POLICY + "block: {style: error}\n")
    with pytest.raises(anthropic.BadRequestError) as caught:
        ask(server, [{"role": "user", "content": "WORST thing"}])
    assert caught.value.body["type"] == "error"  # type: ignore[index,call-overload]
    assert caught.value.body["error"]["type"] == "invalid_request_error"  # type: ignore[index,call-overload]


@pytest.mark.parametrize("streams", [False, True])
def test_upstreams_errors_keep_their_status_and_kind(server: Server, streams: bool) -> None:
    raw = b'{"type":"error","error":{"type":"overloaded_error","message":"busy"},"request_id":"r"}'
    server.upstream.script = Reply(raw=raw, status=529)
    with pytest.raises(anthropic.APIStatusError) as caught:
        ask(server, stream=streams)
    assert caught.value.status_code == 529
    assert caught.value.body["error"] == {"type": "overloaded_error", "message": "busy"}  # type: ignore[index,call-overload]


def test_an_error_inside_a_stream_is_an_error_event(server: Server) -> None:
    whole = stream(text(0, LONG, LONG, LONG)).split(b"event: content_block_stop")[0]
    broken = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}\n\n'
    server.upstream.script = Reply(raw=whole + broken, headers=EVENTS)
    raw = server.post({"model": "m", "messages": ASK, "stream": True}, "/v1/messages")
    assert raw.lines[-2:] == [
        "event: error", 'data: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}',
    ]  # fmt: skip
    assert "message_stop" not in "".join(raw.lines)


def test_what_cannot_be_read_is_a_400_in_the_dialect(server: Server) -> None:
    with pytest.raises(anthropic.BadRequestError, match="messages") as caught:
        ask(server, [])
    assert caught.value.body["error"]["type"] == "invalid_request_error"  # type: ignore[index,call-overload]


def test_what_is_redacted_does_not_reach_upstream(start: Start) -> None:
    server = start(POLICY + "categories: {violence: {tool_result: redact}}\n")
    server.upstream.script = said("Fine.")
    result = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "BAD result"}]}
    called = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    ask(server, [*ASK, {"role": "assistant", "content": [called]}, {"role": "user", "content": [result]}])
    (sent,) = server.upstream.bodies
    assert sent["messages"][2]["content"][0]["content"] == [{"type": "text", "text": MASK}]


def test_a_classifier_that_fails_lets_nothing_pass(server: Server) -> None:
    server.upstream.script = said("RAISE")
    assert ask(server).stop_reason == "refusal"


def test_with_the_guard_off_everything_passes_byte_for_byte(start: Start) -> None:
    server = start("off")
    whole = stream(text(0, "WORST"))
    server.upstream.script = Reply(raw=whole, headers=EVENTS)
    raw = server.post({"model": "m", "messages": ASK, "stream": True}, "/v1/messages")
    assert "\n".join(raw.lines) == "\n".join(line for line in whole.decode().split("\n") if line)
    assert raw.headers["x-headgate-verdict"] == "unjudged"


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens", "/api/chat"])
def test_another_method_is_refused(server: Server, path: str) -> None:
    assert server.send("GET", path).status == 405


def line(content: str, **more: Any) -> bytes:
    found = {"model": "llama", "created_at": "t", "message": {"role": "assistant", "content": content}, "done": False}
    return msgspec.json.encode({**found, **more}) + b"\n"


DONE = {"done": True, "done_reason": "stop", "prompt_eval_count": 10, "eval_count": 5}


def test_ollama_streams_unless_told_not_to_and_ends_with_the_verdict(server: Server) -> None:
    server.upstream.script = Reply(raw=line(LONG) + line("Fine.") + line("", **DONE), headers=LINES)
    raw = server.post({"model": "llama", "messages": ASK}, "/api/chat")
    assert raw.headers["content-type"] == "application/x-ndjson"
    *texts, last = map(json.loads, raw.lines)
    assert "".join(found["message"]["content"] for found in texts) == LONG + "Fine."
    assert (last["done"], last["done_reason"], last["eval_count"]) == (True, "stop", 5)
    assert last["headgate"]["action"] == "allow"


def test_ollama_whole_answers_are_made_again(server: Server) -> None:
    server.upstream.script = [Reply(raw=line("BAD words.", **DONE)), Reply(raw=line("Good words.", **DONE))]
    raw = server.post({"model": "llama", "messages": ASK, "stream": False}, "/api/chat")
    body = json.loads("".join(raw.lines))
    assert body["message"] == {"role": "assistant", "content": "Good words."}
    assert (body["prompt_eval_count"], body["eval_count"]) == (20, 10)
    assert server.upstream.bodies[1]["messages"][0]["role"] == "system"


@pytest.mark.parametrize("streams", [False, True])
def test_ollama_refusals_are_no_bare_stop(server: Server, streams: bool) -> None:
    asked = {"model": "llama", "messages": [{"role": "user", "content": "WORST"}], "stream": streams}
    lines = [json.loads(found) for found in server.post(asked, "/api/chat").lines]
    assert lines[-1]["done_reason"] == "content_filter"
    assert "violence" in "".join(found["message"]["content"] for found in lines)
    assert server.upstream.bodies == []


def test_ollama_errors_have_its_envelope(server: Server) -> None:
    raw = server.post({"model": "llama", "messages": "x"}, "/api/chat")
    assert raw.status == 400
    assert "messages" in json.loads("".join(raw.lines))["error"]


def test_a_judge_that_hangs_lets_nothing_pass(start: Start, hanging: FakeClassifier) -> None:
    server = start(POLICY, classifier=hanging, timeout=0.1)
    assert ask(server).stop_reason == "refusal"
