"""Several upstreams behind one gateway: official clients in one protocol, real servers in another."""

from __future__ import annotations

import functools
import json
from typing import Any

import anthropic
import msgspec
import openai
import pytest

from headgate.gateway.upstream_settings import RouteSettings, Timeouts, UpstreamSettings

from ..upstream import Reply, Upstream
from .conftest import POLICY, Server, Start
from .wire.anthropic_events import START, USAGE, call, stream, text, thinking

ASK: list[Any] = [{"role": "user", "content": "Tell me something."}]
LONG = "This is a first sentence that is fine. Here comes a second one, which is fine too. And a third. "
EVENTS = {"Content-Type": "text/event-stream"}
LINES = {"Content-Type": "application/x-ndjson"}
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}
]
CALL = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": '{"q": 1}'}}
BOTH = pytest.mark.parametrize("streams", [False, True])


@functools.cache
def _http() -> Any:
    return anthropic.DefaultHttpxClient()


def spec(kind: Any, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "backoff": 0.001, **more}


@pytest.fixture
def several(start: Start, upstream: Upstream) -> Start:
    """Starts a gateway before upstreams with names; their address is the scripted one's where they have no other."""

    def begin(specs: dict[str, dict[str, Any]], *routes: RouteSettings, policy: str = POLICY) -> Server:
        made = {name: UpstreamSettings(**{"url": upstream.url, **one}) for name, one in specs.items()}
        return start(policy, url="", upstreams=made, routes=routes)

    return begin


@pytest.fixture
def behind(several: Start) -> Start:
    """Starts a gateway before one upstream of a kind, named `up`, which answers for the model `m`."""

    def begin(kind: str, policy: str = POLICY, **more: Any) -> Server:
        return several({"up": spec(kind, **more)}, RouteSettings(model="m", upstream="up"), policy=policy)

    return begin


def claude(server: Server) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=server.url, api_key="sk-ant", max_retries=0, timeout=10, http_client=_http())


def message(*content: dict[str, Any], stop_reason: str = "end_turn") -> Reply:
    return Reply(raw=msgspec.json.encode({**START, "content": content, "stop_reason": stop_reason, "usage": USAGE}))


def said(*blocks: bytes, streams: bool, whole: Reply, **more: Any) -> Reply:
    return Reply(raw=stream(*blocks, **more), headers=EVENTS) if streams else whole


def chat(server: Server, *, streams: bool, **more: Any) -> Any:
    """A chat completion, put together where it was streamed."""
    asked = {"model": "m", "messages": ASK, **more}
    if not streams:
        return server.client().chat.completions.create(**asked).choices[0]
    with server.client().chat.completions.stream(**asked) as found:
        return found.get_final_completion().choices[0]


# Chat clients before Anthropic.


@BOTH
def test_a_chat_client_talks_to_anthropic(behind: Start, streams: bool) -> None:
    server = behind("anthropic", key="sk-own")
    whole = message({"type": "thinking", "thinking": "Hm.", "signature": "Zg=="}, {"type": "text", "text": LONG})
    server.upstream.script = said(thinking(0, "Hm."), text(1, LONG[:9], LONG[9:]), streams=streams, whole=whole)
    messages = [{"role": "system", "content": "Be kind."}, *ASK]
    found = chat(server, streams=streams, messages=messages, stop=["END"], temperature=0.5)
    assert (found.message.content, found.finish_reason) == (LONG, "stop")
    assert found.message.reasoning_content == "Hm."
    (body,) = server.upstream.bodies
    assert body["system"] == [{"type": "text", "text": "Be kind."}]
    assert body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "Tell me something."}]}]
    assert (body["max_tokens"], body["stop_sequences"], body["temperature"]) == (4096, ["END"], 0.5)
    sent = {name.lower(): value for name, value in server.upstream.headers[0].items()}
    assert (sent["x-api-key"], sent["anthropic-version"]) == ("sk-own", "2023-06-01")
    assert "authorization" not in sent
    assert server.upstream.paths == ["/v1/messages"]


@BOTH
def test_tools_go_there_and_calls_come_back(behind: Start, streams: bool) -> None:
    server = behind("anthropic")
    whole = message({"type": "tool_use", "id": "t0", "name": "look_up", "input": {"q": 1}}, stop_reason="tool_use")
    server.upstream.script = said(
        call(0, '{"q"', ": 1}", name="look_up"), streams=streams, whole=whole, stop_reason="tool_use"
    )
    history = [
        *ASK,
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "42"},
    ]
    found = chat(server, streams=streams, messages=history, tools=TOOLS, tool_choice="required")
    assert found.finish_reason == "tool_calls"
    (made,) = found.message.tool_calls
    assert (made.id, made.function.name, json.loads(made.function.arguments)) == ("t0", "look_up", {"q": 1})
    (body,) = server.upstream.bodies
    assert body["tools"][0]["input_schema"] == {"type": "object", "properties": {}}
    assert body["tool_choice"] == {"type": "any"}
    assert body["messages"][1]["content"] == [
        {"type": "tool_use", "id": "call_1", "name": "look_up", "input": {"q": 1}}
    ]
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "42"}]}
    assert body["messages"][2] == {"role": "user", "content": [result]}


@BOTH
def test_a_bad_answer_is_made_again_and_its_usage_counts(behind: Start, streams: bool) -> None:
    server = behind("anthropic")
    server.upstream.script = [
        said(text(0, words), streams=streams, whole=message({"type": "text", "text": words}))
        for words in ("BAD words.", "Good words.")
    ]
    asked: Any = {"model": "m", "messages": ASK}
    if streams:
        with server.client().chat.completions.stream(**asked, stream_options={"include_usage": True}) as found:
            answer = found.get_final_completion()
    else:
        answer = server.client().chat.completions.create(**asked)
    assert answer.choices[0].message.content == "Good words."
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (20, 10)
    first, second = server.upstream.bodies
    assert "system" not in first
    assert second["system"]
    assert "BAD" not in json.dumps(second)


def test_a_stream_is_cut_in_the_clients_own_protocol(behind: Start) -> None:
    server = behind("anthropic")
    server.upstream.script = Reply(raw=stream(text(0, LONG, LONG, "WORST part. ", LONG)), headers=EVENTS)
    chunks = server.client().chat.completions.create(model="m", messages=ASK, stream=True)
    choices = [chunk.choices[0] for chunk in chunks]
    shown = "".join(choice.delta.content or "" for choice in choices)
    assert choices[-1].finish_reason == "content_filter"
    assert LONG.startswith(shown[:20])
    assert "WORST" not in shown


@pytest.mark.parametrize(
    ("more", "field"),
    [({"n": 2}, "n"), ({"logprobs": True}, "logprobs"), ({"presence_penalty": 1.0}, "presence_penalty")],
)
def test_what_anthropic_cannot_be_told_is_a_400_that_names_it(behind: Start, more: Any, field: str) -> None:
    server = behind("anthropic")
    with pytest.raises(openai.BadRequestError) as caught:
        chat(server, streams=False, **more)
    assert caught.value.param == field
    assert server.upstream.bodies == []


def test_errors_of_anthropic_are_openais(behind: Start) -> None:
    server = behind("anthropic", retries=0)
    raw = b'{"type":"error","error":{"type":"invalid_request_error","message":"too long"}}'
    server.upstream.script = Reply(raw=raw, status=400)
    with pytest.raises(openai.BadRequestError, match="too long"):
        chat(server, streams=False)


def test_a_key_of_ours_that_upstream_does_not_know_is_our_fault(behind: Start) -> None:
    server = behind("anthropic", key="sk-own")
    server.upstream.script = Reply(raw=b'{"error": {"message": "bad key sk-own"}}', status=401)
    with pytest.raises(openai.InternalServerError) as caught:
        chat(server, streams=False)
    assert caught.value.status_code == 502
    assert "sk-own" not in str(caught.value)


# Anthropic's clients before chat.


@BOTH
def test_a_messages_client_talks_to_chat(behind: Start, streams: bool) -> None:
    server = behind("vllm", forward_key=True)
    server.upstream.script = Reply(texts=[LONG], reasoning="Hm.", tool_calls=[CALL], finish_reason="tool_calls")
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
    asked: Any = {
        "model": "m",
        "max_tokens": 99,
        "system": "Be kind.",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, image]}],
        "tools": [{"name": "look_up", "input_schema": {"type": "object", "properties": {}}}],
    }
    if streams:
        with claude(server).messages.stream(**asked) as found:
            answer = found.get_final_message()
    else:
        answer = claude(server).messages.create(**asked)
    assert [block.type for block in answer.content] == ["thinking", "text", "tool_use"]
    assert answer.content[0].thinking == "Hm."
    assert answer.content[1].text == LONG
    assert (answer.content[2].id, answer.content[2].input) == ("call_1", {"q": 1})
    assert (answer.stop_reason, answer.usage.input_tokens, answer.usage.output_tokens) == ("tool_use", 10, 5)
    (body,) = server.upstream.bodies
    assert body["messages"][0] == {"role": "system", "content": "Be kind."}
    assert body["messages"][1]["content"][1] == {
        "type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="},
    }  # fmt: skip
    assert (body["max_tokens"], body["tools"][0]["function"]["name"]) == (99, "look_up")
    sent = {name.lower(): value for name, value in server.upstream.headers[0].items()}
    assert sent["authorization"] == "Bearer sk-ant"
    assert not any(name.startswith("anthropic-") for name in sent)


@BOTH
def test_a_refused_prompt_is_refused_in_its_clients_protocol(behind: Start, streams: bool) -> None:
    server = behind("openai")
    asked: Any = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "WORST thing"}]}
    if streams:
        with claude(server).messages.stream(**asked) as found:
            answer = found.get_final_message()
    else:
        answer = claude(server).messages.create(**asked)
    assert answer.stop_reason == "refusal"
    assert server.upstream.bodies == []


def test_a_document_that_chat_cannot_hold_is_a_400_in_anthropics_envelope(behind: Start) -> None:
    server = behind("openai")
    source = {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}
    messages: Any = [{"role": "user", "content": [{"type": "document", "source": source}]}]
    with pytest.raises(anthropic.BadRequestError, match=r"messages\[0\]\.content\[0\]"):
        claude(server).messages.create(model="m", max_tokens=9, messages=messages)


# Responses before chat.


@BOTH
def test_a_responses_client_talks_to_chat(behind: Start, streams: bool) -> None:
    server = behind("llamacpp")
    server.upstream.script = Reply(texts=[LONG], tool_calls=[CALL], finish_reason="tool_calls")
    asked: Any = {
        "model": "m",
        "instructions": "Be kind.",
        "input": "Tell me something.",
        "max_output_tokens": 50,
        "tools": [{"type": "function", "name": "look_up", "parameters": {"type": "object"}, "strict": False}],
    }
    if streams:
        with server.client().responses.stream(**asked) as found:
            for _ in found:
                pass
            answer = found.get_final_response()
    else:
        answer = server.client().responses.create(**asked)
    assert (answer.output_text, answer.status) == (LONG, "completed")
    (made,) = [item for item in answer.output if item.type == "function_call"]
    assert (made.call_id, made.name, json.loads(made.arguments)) == ("call_1", "look_up", {"q": 1})
    assert answer.usage.total_tokens == 15
    (body,) = server.upstream.bodies
    assert body["messages"] == [{"role": "system", "content": "Be kind."}, *ASK]
    assert body["max_tokens"] == 50
    assert server.upstream.paths == ["/v1/chat/completions"]


def test_one_upstream_of_a_kind_is_translated_to_without_routes(start: Start, upstream: Upstream) -> None:
    server = start(POLICY, upstream_kind="compatible")
    upstream.script = Reply(texts=[LONG])
    made = claude(server).messages.create(model="any", max_tokens=50, messages=ASK)
    assert made.content[0].text == LONG
    assert server.client().responses.create(model="other", input="Tell me something.").output_text == LONG
    assert [body["model"] for body in upstream.bodies] == ["any", "other"]
    assert upstream.paths == ["/v1/chat/completions"] * 2


def test_what_upstream_would_have_to_remember_is_a_400(behind: Start) -> None:
    server = behind("vllm")
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        server.client().responses.create(model="m", input="And then?", previous_response_id="resp_1")


# Chat before Ollama, and back.


def line(content: str, **more: Any) -> bytes:
    found = {"model": "llama", "created_at": "t", "message": {"role": "assistant", "content": content}, "done": False}
    return msgspec.json.encode({**found, **more}) + b"\n"


DONE = {"done": True, "done_reason": "stop", "prompt_eval_count": 10, "eval_count": 5}


@BOTH
def test_a_chat_client_talks_to_ollama(behind: Start, streams: bool) -> None:
    server = behind("ollama")
    lines = line(LONG) + line("Fine.") + line("", **DONE)
    server.upstream.script = Reply(raw=lines, headers=LINES) if streams else Reply(raw=line(LONG, **DONE))
    found = chat(server, streams=streams, max_completion_tokens=7, seed=1)
    assert found.message.content == LONG + ("Fine." if streams else "")
    assert found.finish_reason == "stop"
    (body,) = server.upstream.bodies
    assert body == {"model": "m", "messages": ASK, "stream": streams, "options": {"num_predict": 7, "seed": 1}}
    assert server.upstream.paths == ["/api/chat"]


def test_an_ollama_client_talks_to_chat(behind: Start) -> None:
    server = behind("openai")
    server.upstream.script = Reply(texts=[LONG], tool_calls=[CALL], finish_reason="tool_calls")
    raw = server.post({"model": "m", "messages": ASK, "options": {"num_predict": 7, "num_ctx": 9}}, "/api/chat")
    *texts, last = map(json.loads, raw.lines)
    assert "".join(found["message"]["content"] for found in texts) == LONG
    assert texts[-1]["message"]["tool_calls"][0]["function"] == {"name": "look_up", "arguments": {"q": 1}}
    assert (last["eval_count"], last["headgate"]["action"]) == (5, "allow")
    assert server.upstream.bodies[0]["max_completion_tokens"] == 7


# Where a request goes.


def test_azure_is_asked_at_its_deployment_with_its_version_and_key(several: Start, upstream: Upstream) -> None:
    server = several(
        {"azure": spec("azure", url=upstream.url.removesuffix("/v1"), key="k")},
        RouteSettings(model="gpt-*", upstream="azure", rename="prod-*"),
    )
    assert chat(server, streams=False, model="gpt-x").message.content == "Fine."
    assert server.upstream.paths == ["/openai/deployments/prod-x/chat/completions?api-version=2024-10-21"]
    sent = {name.lower(): value for name, value in server.upstream.headers[0].items()}
    assert sent["api-key"] == "k"
    assert "authorization" not in sent


def test_an_unknown_model_is_a_404_in_each_dialect_that_lists_those_there_are(behind: Start) -> None:
    server = behind("vllm")
    with pytest.raises(openai.NotFoundError, match="these are: m") as caught:
        chat(server, streams=False, model="other")
    assert caught.value.code == "model_not_found"
    with pytest.raises(anthropic.NotFoundError, match="these are: m"):
        claude(server).messages.create(model="other", max_tokens=9, messages=ASK)
    raw = server.post({"model": "other", "messages": ASK}, "/api/chat")
    assert (raw.status, "these are: m" in json.loads(raw.lines[0])["error"]) == (404, True)


def test_an_api_that_nobody_on_the_way_has_is_a_400(behind: Start) -> None:
    server = behind("anthropic")
    with pytest.raises(openai.BadRequestError, match="no embeddings"):
        server.client().embeddings.create(model="m", input="Bread")


def test_the_models_that_have_a_route_are_listed_for_both_clients(several: Start) -> None:
    specs = {"a": spec("vllm"), "b": spec("openai")}
    server = several(specs, RouteSettings(model="m", upstream="a"), RouteSettings(model="scr*", upstream="b"))
    assert [model.id for model in server.client().models.list()] == ["m", "scripted"]
    assert [model.id for model in claude(server).models.list()] == ["m", "scripted"]


# What fails.


@BOTH
@pytest.mark.parametrize("status", [408, 409, 429, 500, 503, 529])
def test_what_failed_before_its_first_byte_is_asked_again(behind: Start, status: int, streams: bool) -> None:
    server = behind("vllm")
    server.upstream.script = [Reply(status=status, headers={"retry-after": "0"}), Reply(status=status), Reply()]
    assert chat(server, streams=streams).message.content == "Fine."
    assert len(server.upstream.bodies) == 3
    page = server.send("GET", "/metrics").lines
    assert 'headgate_upstream_retries_total{upstream="up"} 2.0' in page


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_what_would_fail_again_is_not(behind: Start, status: int) -> None:
    server = behind("vllm")
    server.upstream.script = Reply(status=status)
    with pytest.raises(openai.APIStatusError):
        chat(server, streams=False)
    assert len(server.upstream.bodies) == 1


def test_whoever_wants_to_be_left_alone_for_long_is_and_says_so(behind: Start) -> None:
    server = behind("vllm")
    server.upstream.script = Reply(status=429, headers={"retry-after": "3600"})
    with pytest.raises(openai.RateLimitError) as caught:
        chat(server, streams=False)
    assert caught.value.response.headers["retry-after"] == "3600"
    assert len(server.upstream.bodies) == 1


def test_nobody_tries_again_beyond_the_callers_deadline(behind: Start) -> None:
    server = behind("vllm", backoff=60.0)
    server.upstream.script = Reply(status=503)
    raw = server.post({"model": "m", "messages": ASK}, x_headgate_deadline_ms="5000")
    assert raw.status == 503
    assert len(server.upstream.bodies) == 1


def test_a_refused_request_is_never_sent(behind: Start) -> None:
    server = behind("vllm")
    found = chat(server, streams=False, messages=[{"role": "user", "content": "WORST"}])
    assert found.finish_reason == "content_filter"
    assert server.upstream.bodies == []


@BOTH
def test_another_upstream_is_asked_in_another_protocol_by_another_name(several: Start, streams: bool) -> None:
    specs = {"dead": spec("vllm", url="http://127.0.0.1:9/v1", retries=1), "claude": spec("anthropic")}
    route = RouteSettings(model="m", upstream="dead", fallback=("claude/sonnet",))
    server = several(specs, route)
    whole = message({"type": "text", "text": "Fine."})
    server.upstream.script = said(text(0, "Fine."), streams=streams, whole=whole)
    assert chat(server, streams=streams).message.content == "Fine."
    assert server.upstream.bodies[0]["model"] == "sonnet"
    page = server.send("GET", "/metrics").lines
    assert 'headgate_upstream_fallbacks_total{upstream="dead"} 1.0' in page
    raw = server.post({"model": "m", "messages": ASK})
    assert raw.headers["x-headgate-upstream"] == "claude"


def test_an_upstream_that_keeps_failing_is_left_alone_and_the_other_one_answers(several: Start) -> None:
    specs = {"bad": spec("vllm", url="http://127.0.0.1:9/v1", retries=0, breaker=2), "good": spec("vllm")}
    server = several(specs, RouteSettings(model="m", upstream="bad", fallback=("good",)))
    for _ in range(3):
        assert chat(server, streams=False).message.content == "Fine."
    told = json.loads("".join(server.send("GET", "/readyz").lines))["upstreams"]
    assert {name: found["breaker"] for name, found in told.items()} == {"bad": "open", "good": "closed"}
    assert 'headgate_upstream_breaker_open{upstream="bad"} 1.0' in server.send("GET", "/metrics").lines


def test_an_open_breaker_is_told_in_the_clients_protocol(behind: Start) -> None:
    server = behind("vllm", url="http://127.0.0.1:9/v1", retries=0, breaker=1)
    asked: Any = {"model": "m", "messages": ASK, "max_tokens": 9}
    assert server.post(asked, "/v1/messages").status == 502
    raw = server.post(asked, "/v1/messages")
    assert raw.status == 503
    assert int(raw.headers["retry-after"]) >= 1
    assert json.loads(raw.lines[0])["type"] == "error"


def test_silence_inside_of_an_answer_has_a_bound_of_its_own(behind: Start) -> None:
    server = behind("vllm", timeouts=Timeouts(idle=0.1, first_byte=30))
    server.upstream.script = Reply(texts=["Short."], fault="stall", after=1)
    assert server.post({"model": "m", "messages": ASK, "stream": True}).status == 504


# With the guard off.


@BOTH
def test_what_passes_unjudged_is_translated_too(behind: Start, streams: bool) -> None:
    server = behind("vllm", policy="off")
    server.upstream.script = Reply(texts=["WORST"], tool_calls=[CALL], finish_reason="tool_calls")
    asked: Any = {"model": "m", "max_tokens": 9, "messages": ASK}
    if streams:
        with claude(server).messages.stream(**asked) as found:
            answer = found.get_final_message()
        with server.client().responses.stream(model="m", input="Hm.") as events:
            for _ in events:
                pass
            assert events.get_final_response().output_text == "WORST"
    else:
        answer = claude(server).messages.create(**asked)
        assert server.client().responses.create(model="m", input="Hm.").output_text == "WORST"
    assert [block.type for block in answer.content] == ["text", "tool_use"]
    raw = server.post({**asked, "stream": streams}, "/v1/messages")
    assert raw.headers["x-headgate-verdict"] == "unjudged"


def test_a_model_gets_its_other_name_unjudged_too(several: Start) -> None:
    server = several({"up": spec("vllm")}, RouteSettings(model="m", upstream="up", rename="meta/m"), policy="off")
    assert chat(server, streams=False).message.content == "Fine."
    assert server.upstream.bodies[0]["model"] == "meta/m"
