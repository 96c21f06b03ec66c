from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.guard.guard import Guard
from headgate.models.fakes import FakeClassifier, scores
from headgate.policies.compile import parse_policy

from ..upstream import Reply
from .conftest import POLICY, Server, Start

SENTENCES = ["Fine words here. ", "Another one, longer than the rest of them. ", "好的。", "x\n"]
ASK: list[Any] = [{"role": "user", "content": "Tell me something."}]
LONG = "This is a first sentence that is fine. Here comes a second one, which is fine too. And a third. "
BLIND = POLICY + "regenerate: {strategy: blind, rounds: 3}\n"


def whole(server: Server, messages: list[Any] = ASK, **more: Any) -> Any:
    return server.client().chat.completions.with_raw_response.create(model="m", messages=messages, **more)


def stream(server: Server, messages: list[Any] = ASK, **more: Any) -> list[Any]:
    return list(server.client().chat.completions.create(model="m", messages=messages, stream=True, **more))


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def refusal_of(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.refusal or "" for chunk in chunks if chunk.choices)


def reasons(chunks: list[Any]) -> list[str]:
    return [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]


def test_a_good_answer_passes_with_ids_and_usage_of_upstream(server: Server) -> None:
    server.upstream.script = Reply(texts=["Water is wet."])
    raw = whole(server)
    answer = raw.parse()
    assert answer.choices[0].message.content == "Water is wet."
    assert (answer.id, answer.model, answer.system_fingerprint) == ("chatcmpl-up1", "scripted", "fp_1")
    assert answer.usage.total_tokens == 15
    assert answer.choices[0].finish_reason == "stop"
    assert raw.headers["x-headgate-verdict"] == "allow"
    assert raw.headers["x-headgate-policy"].startswith("test@")
    assert raw.headers["x-headgate-judged"] == "2"
    assert raw.headers["x-headgate-unjudged"] == "0"
    assert raw.headers["x-headgate-rounds"] == "1"
    assert float(raw.headers["x-headgate-added-ms"]) >= 0
    assert server.record()["id"] == raw.headers["x-headgate-id"]


def test_a_refused_prompt_never_reaches_upstream_and_says_so_in_the_refusal_style(server: Server) -> None:
    raw = whole(server, [{"role": "user", "content": "WORST thing"}], n=2)
    answer = raw.parse()
    assert server.upstream.bodies == []
    assert raw.headers["x-headgate-verdict"] == "refuse"
    assert [choice.finish_reason for choice in answer.choices] == ["content_filter"] * 2
    assert answer.choices[0].message.content is None
    assert "violence" in answer.choices[0].message.refusal
    assert answer.usage.total_tokens == 0


def test_the_error_style_is_a_400_that_handlers_for_azure_understand(start: Start) -> None:
    server = start(POLICY + "block: {style: error}\n")
    with pytest.raises(openai.BadRequestError) as caught:
        whole(server, [{"role": "user", "content": "WORST thing"}])
    error = caught.value.body
    assert error["code"] == "content_filter"
    assert error["type"] == "invalid_request_error"
    result = error["innererror"]["content_filter_result"]
    assert result["violence"] == {"filtered": True, "severity": "high"}
    assert result["hate"] == {"filtered": False, "severity": "safe"}
    assert caught.value.response.headers["x-headgate-verdict"] == "refuse"


def test_a_bad_answer_is_made_again_under_guidance_and_never_shown(server: Server) -> None:
    server.upstream.script = [Reply(texts=["BAD words."]), Reply(texts=["Good words."])]
    raw = whole(server)
    assert raw.parse().choices[0].message.content == "Good words."
    assert raw.headers["x-headgate-verdict"] == "regenerate"
    assert raw.headers["x-headgate-rounds"] == "2"
    first, second = server.upstream.bodies
    assert first["messages"] == ASK
    assert second["messages"][0]["role"] == "system"
    assert "BAD" not in json.dumps(second)
    assert "BAD" not in raw.text


def test_usage_is_that_of_all_rounds_together(start: Start) -> None:
    server = start(BLIND)
    server.upstream.script = [Reply(texts=["BAD words."]), Reply(texts=["Good words."])]
    assert whole(server).parse().usage.total_tokens == 30
    server.upstream.bodies.clear()
    server.upstream.script = [Reply(texts=["BAD words."]), Reply(texts=["Good words."])]
    chunks = stream(server, stream_options={"include_usage": True})
    assert chunks[-1].usage.total_tokens == 30
    assert chunks[-1].choices == []


def test_when_every_round_is_bad_the_answer_is_refused(start: Start) -> None:
    server = start(BLIND)
    server.upstream.script = Reply(texts=["BAD words."])
    answer = whole(server).parse()
    assert len(server.upstream.bodies) == 3
    assert answer.choices[0].message.content is None
    assert answer.choices[0].finish_reason == "content_filter"
    assert answer.usage.total_tokens == 45


def test_a_good_stream_carries_the_same_text_and_the_verdict_in_a_comment(server: Server) -> None:
    server.upstream.script = Reply(texts=[LONG])
    chunks = stream(server)
    assert text_of(chunks) == LONG
    assert reasons(chunks) == ["stop"]
    assert {chunk.id for chunk in chunks} == {"chatcmpl-up1"}
    assert chunks[0].choices[0].delta.role == "assistant"


def test_a_stream_starts_before_the_answer_has_ended(server: Server) -> None:
    server.upstream.script = Reply(texts=[LONG * 3], fault="wait", after=len(LONG) // 7)
    answer = server.client().chat.completions.create(model="m", messages=ASK, stream=True)
    seen = ""
    for chunk in answer:
        seen += chunk.choices[0].delta.content or "" if chunk.choices else ""
        if seen:
            server.upstream.release.set()
    assert seen == LONG * 3


def test_headers_of_a_stream_tell_its_bound_and_the_comment_its_verdict(server: Server) -> None:
    server.upstream.script = Reply(texts=[LONG])
    raw = server.post({"model": "m", "messages": ASK, "stream": True})
    assert raw.headers["x-headgate-max-exposed-chars"] == "0"
    assert raw.headers["content-type"].startswith("text/event-stream")
    assert raw.lines[-1] == "data: [DONE]"
    name, verdict = raw.lines[-2].removeprefix(": ").split(" ", 1)
    assert name == "headgate"
    assert json.loads(verdict)["action"] == "allow"


@pytest.mark.parametrize("text", [LONG, "BAD start. " + LONG, "WORST start. " + LONG, "Fine. BAD", "NAN."])
def test_streamed_or_not_the_same_answer_gives_the_same_verdict(start: Start, text: str) -> None:
    server = start(BLIND)
    server.upstream.script = Reply(texts=[text])
    whole(server)
    stream(server)
    assert server.record(2)["verdict"] == server.record(1)["verdict"]


def test_a_stream_that_turns_bad_is_cut_with_an_explanation_and_no_rejected_character(server: Server) -> None:
    server.upstream.script = Reply(texts=[LONG + "Then something BAD happens here. And more of it follows after that."])
    chunks = stream(server)
    assert LONG.startswith(text_of(chunks))
    assert text_of(chunks)
    assert reasons(chunks) == ["content_filter"]
    assert refusal_of(chunks)
    assert server.record()["delivery"] == "cut"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(["Fine words here. ", "Another one, longer than the rest of them. ", "好的。", "x\n"]),
        max_size=9,
    ),
    st.sampled_from(["", "BAD words. "]),
    st.integers(1, 60),
    st.integers(0, 90),
)
def test_however_a_stream_is_cut_into_chunks_no_rejected_character_leaves(
    server: Server, good: list[str], bad: str, chunk: int, split: int
) -> None:
    text = "".join(good)
    server.upstream.reset()
    server.upstream.script = [Reply(texts=[f"{text}{bad}The end."], chunk=chunk, split=split), Reply(texts=["Good."])]
    shown = text_of(stream(server))
    assert (text.startswith(shown) or shown == "Good.") if bad else shown == f"{text}The end."


def test_a_stream_that_is_bad_at_once_is_made_again_unseen(server: Server) -> None:
    server.upstream.script = [Reply(texts=["BAD from the start, and so it goes on. "]), Reply(texts=[LONG])]
    chunks = stream(server)
    assert text_of(chunks) == LONG
    assert reasons(chunks) == ["stop"]
    assert server.record()["verdict"]["action"] == "regenerate"


def test_a_refused_prompt_in_a_stream_is_proper_chunks(server: Server) -> None:
    asked = [{"role": "user", "content": "WORST thing"}]
    raw = server.post({"messages": asked, "stream": True})
    assert raw.headers["x-headgate-verdict"] == "refuse", "nothing was sent before the verdict was known"
    chunks = stream(server, asked)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert refusal_of(chunks)
    assert text_of(chunks) == ""
    assert reasons(chunks) == ["content_filter"]


def test_the_error_style_is_a_400_also_where_a_stream_was_asked_for(start: Start) -> None:
    server = start(POLICY + "block: {style: error}\n")
    with pytest.raises(openai.BadRequestError):
        stream(server, [{"role": "user", "content": "WORST thing"}])


def test_the_error_style_is_an_error_event_where_the_stream_has_begun(start: Start) -> None:
    server = start(POLICY + "block: {style: error}\nregenerate: {rounds: 1}\n", keep_alive=0.02)
    server.upstream.script = Reply(texts=["BAD words."], delay=0.2)
    with pytest.raises(openai.APIError) as caught:
        stream(server)
    assert caught.value.code == "content_filter"


def test_a_person_at_risk_gets_the_support_text_as_content(server: Server) -> None:
    message = {"role": "user", "content": "I feel SAD and alone."}
    answer = whole(server, [message]).parse()
    assert "988" in answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "content_filter"
    chunks = stream(server, [message])
    assert "988" in text_of(chunks)
    assert reasons(chunks) == ["content_filter"]


def test_keep_alive_comments_come_while_nothing_may_be_shown(start: Start) -> None:
    server = start(keep_alive=0.02)
    server.upstream.script = Reply(texts=["Fine."], delay=0.3)
    raw = server.post({"model": "m", "messages": ASK, "stream": True})
    assert raw.headers["x-headgate-verdict"] == "pending"
    assert raw.lines.count(": keep-alive") >= 2
    assert raw.lines[-1] == "data: [DONE]"


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_every_choice_is_judged(start: Start, bad: int) -> None:
    server = start(BLIND)
    texts = ["Fine one.", "Fine two.", "Fine three."]
    texts[bad] = "BAD words."
    server.upstream.script = [Reply(texts=texts), Reply(texts=["A.", "B.", "C."])]
    answer = whole(server, n=3).parse()
    assert [choice.message.content for choice in answer.choices] == ["A.", "B.", "C."]


@pytest.mark.parametrize("bad", [0, 1])
def test_every_choice_of_a_stream_is_judged(start: Start, bad: int) -> None:
    server = start(BLIND)
    texts = ["Fine.", "Fine."]
    texts[bad] = "BAD words."
    server.upstream.script = [Reply(texts=texts), Reply(texts=["A.", "B."])]
    chunks = stream(server, n=2)
    found = {0: "", 1: ""}
    for chunk in chunks:
        for choice in chunk.choices:
            found[choice.index] += choice.delta.content or ""
    assert found == {0: "A.", 1: "B."}


def test_best_of_n_delivers_one_candidate_as_the_only_choice(start: Start) -> None:
    server = start(POLICY + "regenerate: {strategy: best_of_n, rounds: 2, n: 3}\n")
    for call in (whole, stream):
        server.upstream.reset()
        server.upstream.script = [Reply(texts=["BAD words."]), Reply(texts=["BAD one.", "Good two.", "Good three."])]
        found = call(server)
        if call is whole:
            (choice,) = found.parse().choices
            assert (choice.index, choice.message.content) == (0, "Good two.")
        else:
            assert text_of(found) == "Good two."
            assert reasons(found) == ["stop"]
        assert server.upstream.bodies[1]["n"] == 3


TOOL = {"type": "function", "function": {"name": "note", "parameters": {"type": "object"}}}


def call_with(arguments: str) -> dict[str, Any]:
    return {"id": "call_1", "type": "function", "function": {"name": "note", "arguments": arguments}}


def test_tool_calls_leave_whole_and_judged(start: Start) -> None:
    server = start(BLIND)
    good = Reply(texts=[""], tool_calls=[call_with('{"text": "buy milk"}'), call_with("")], finish_reason="tool_calls")
    bad = Reply(texts=[""], tool_calls=[call_with('{"text": "BAD things"}')], finish_reason="tool_calls")
    server.upstream.script = [bad, good]
    message = whole(server, tools=[TOOL]).parse().choices[0].message
    assert [call.function.arguments for call in message.tool_calls] == ['{"text": "buy milk"}', ""]
    server.upstream.bodies.clear()
    chunks = stream(server, tools=[TOOL])
    calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
    assert [(call.index, call.id, call.function.name) for call in calls] == [
        (0, "call_1", "note"),
        (1, "call_1", "note"),
    ]
    assert calls[0].function.arguments == '{"text": "buy milk"}'
    assert reasons(chunks) == ["tool_calls"]


def test_reasoning_is_judged_and_streamed_under_its_own_name(start: Start) -> None:
    server = start(BLIND)
    server.upstream.script = [Reply(reasoning="BAD thoughts."), Reply(reasoning="Let me think.", texts=["Yes."])]
    message = whole(server).parse().choices[0].message
    assert (message.reasoning_content, message.content) == ("Let me think.", "Yes.")
    server.upstream.bodies.clear()
    chunks = stream(server)
    assert "".join(getattr(c.choices[0].delta, "reasoning_content", None) or "" for c in chunks) == "Let me think."
    assert text_of(chunks) == "Yes."


def test_what_nothing_judged_is_left_out_of_the_answer(server: Server) -> None:
    server.upstream.script = Reply(texts=["Fine."], message={"hidden": "an unjudged text", "annotations": []})
    raw = whole(server)
    assert "unjudged text" not in raw.text


def test_monitor_mode_judges_everything_and_holds_nothing_back(start: Start) -> None:
    server = start(POLICY + "mode: monitor\n")
    server.upstream.script = Reply(texts=["WORST words."])
    raw = whole(server, [{"role": "user", "content": "WORST thing"}])
    assert raw.parse().choices[0].message.content == "WORST words."
    assert raw.headers["x-headgate-verdict"] == "refuse"
    assert text_of(stream(server)) == "WORST words."
    assert server.record(2)["verdict"]["mode"] == "monitor"


@pytest.mark.parametrize("word", ["NAN", "RAISE"])
def test_a_classifier_that_fails_never_lets_content_through(server: Server, word: str) -> None:
    server.upstream.script = Reply(texts=[f"{word} words, and then some more of them to fill a sentence."])
    raw = whole(server)
    assert raw.parse().choices[0].message.content is None
    assert word not in raw.text
    assert raw.headers["x-headgate-unjudged"] == "1"
    assert text_of(stream(server)) == ""
    assert "secret" not in raw.text
    refused = whole(server, [{"role": "user", "content": f"{word}"}])
    assert refused.parse().choices[0].finish_reason == "content_filter"


def test_a_classifier_that_hangs_never_lets_content_through(start: Start, hanging: Any) -> None:
    server = start(classifier=hanging, timeout=0.05)
    raw = whole(server)
    assert raw.parse().choices[0].finish_reason == "content_filter"
    assert server.upstream.bodies == []
    assert server.record()["verdict"]["coverage"]["unjudged"][0]["reason"] == "deadline"


@pytest.mark.parametrize("text", ["Fine words.", LONG, "MILD words."])
def test_the_verdict_is_byte_for_byte_that_of_a_check(start: Start, text: str) -> None:
    fake = FakeClassifier({"MILD": scores(unsafe=0.9, severity=1, categories={"insult": 0.9})})
    server = start(classifier=fake)
    server.upstream.script = Reply(texts=[text])
    messages = [{"role": "system", "content": "Be kind."}, *ASK]
    with Guard(parse_policy(POLICY), fake) as guard:
        expected = guard.check(messages=messages, response=text).to_json()
    raw = server.post({"messages": messages, "stream": True})
    assert raw.lines[-2].removeprefix(": headgate ").encode() == expected
    whole(server, messages)
    assert server.record(2)["verdict"] == json.loads(expected)


def test_the_record_holds_no_content(server: Server) -> None:
    server.upstream.script = Reply(texts=["A pelican answers."])
    whole(server, [{"role": "user", "content": "A pelican asks."}])
    record = server.record()
    assert "pelican" not in json.dumps(record)
    assert record["surface"] == "gateway"
    assert record["delivery"] == "delivered"
    assert [part["path"] for part in record["parts"]] == ["messages[0].content"]


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        (b"", None, "not JSON"),
        (b"{", None, "not JSON"),
        (b"[]", None, "JSON object"),
        (b'"text"', None, "JSON object"),
        (b'{"model": "m"}', "messages", "missing"),
        (b'{"messages": []}', "messages", "at least one"),
        (b'{"messages": "hello"}', "messages", "list"),
        (b'{"messages": ["hello"]}', "messages[0]", "object"),
        (b'{"messages": [{"content": "x"}]}', "messages[0].role", "one of"),
        (b'{"messages": [{"role": "wizard", "content": "x"}]}', "messages[0].role", "one of"),
        (b'{"messages": [{"role": ["user"], "content": "x"}]}', "messages[0].role", "one of"),
        (b'{"messages": [{"role": "user"}]}', "messages[0].content", "missing"),
        (b'{"messages": [{"role": "user", "content": 5}]}', "messages[0].content", "string"),
        (b'{"messages": [{"role": "user", "content": [{"type": "text"}]}]}', "messages[0].content[0].text", "string"),
        (b'{"messages": [{"role": "user", "content": [{}]}]}', "messages[0].content[0]", "type"),
        (b'{"messages": [{"role": "user", "content": "x"}], "stream": "yes"}', "stream", "true or false"),
        (b'{"messages": [{"role": "user", "content": "x"}], "n": 0}', "n", "1 to 128"),
        (b'{"messages": [{"role": "user", "content": "x"}], "temperature": "hot"}', "temperature", "number"),
        (b'{"messages": [{"role": "user", "content": "x"}], "modalities": ["audio"]}', "modalities", "text"),
        (b'{"messages": [{"role": "user", "content": "x", "content": "y"}]}', "content", "twice"),
        (b'{"messages": ' + b"[" * 80 + b"]" * 80 + b"}", None, "too deep"),
        (b"[" * 100_000, None, "too deep"),
        (b'{"messages": "\xff"}', None, "UTF-8"),
    ],
)
def test_a_malformed_body_is_a_400_that_names_field_and_remedy(
    server: Server, body: bytes, param: str | None, words: str
) -> None:
    response = server.post(body)
    assert response.status == 400
    error = json.loads(response.lines[0])["error"]
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param
    assert words in error["message"]
    assert server.upstream.bodies == []


def test_a_body_that_is_too_large_is_a_413(start: Start) -> None:
    server = start(max_body=2000)
    assert server.post(b"x" * 3000).status == 413
    assert server.post(iter([b" " * 500] * 10)).status == 413


MASKS = POLICY + "pii: {kinds: [email]}\n"


@pytest.mark.parametrize("streamed", [False, True])
def test_personal_data_is_a_placeholder_upstream_and_itself_in_the_answer(start: Start, streamed: bool) -> None:
    server = start(MASKS)
    server.upstream.script = Reply(texts=["I have written to [EMAIL_1], as you said."])
    asked: list[Any] = [{"role": "user", "content": "Write to bob@example.org."}]
    said = text_of(stream(server, asked)) if streamed else whole(server, asked).parse().choices[0].message.content
    assert said == "I have written to bob@example.org, as you said."
    assert server.upstream.bodies[-1]["messages"][-1]["content"] == "Write to [EMAIL_1]."


def test_a_rule_for_the_route_the_model_and_the_language_holds(start: Start) -> None:
    when = "{language: la, model: m, route: '*/chat/completions'}"
    server = start(POLICY + f"rules: {{no-latin: {{when: {when}, action: refuse}}}}\n")
    server.upstream.script = Reply(texts=["Fine."])
    latin = whole(server, extra_headers={"accept-language": "la"})
    assert latin.headers["x-headgate-verdict"] == "refuse"
    assert whole(server).headers["x-headgate-verdict"] == "allow"
