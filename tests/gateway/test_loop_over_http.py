"""The whole loop over HTTP: what goes ahead, what goes on, what is corrected, and what it says it cost."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from headgate.models.fakes import FakeClassifier, scores

from ..upstream import Reply, Upstream
from .conftest import POLICY, RULES, Raw, Server, Start

ASK = [{"role": "user", "content": "Hello"}]
LONG = "This is a first sentence that is fine. Here comes a second one, which is fine too. And a third. "
AHEAD = POLICY + "speculate: true\n"
TURN = "Then something BAD happens here, in a sentence that is long enough to be one. And more of it follows after."


def post(server: Server, *, stream: bool, messages: Any = ASK, **headers: str) -> Raw:
    body = {"model": "m", "messages": messages, "stream": stream}
    if stream:
        body["stream_options"] = {"include_usage": True}
    return server.post(body, **headers)


def chunks(raw: Raw) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("data: ")) for line in raw.lines if line.startswith("data: {")]


def text_of(raw: Raw, *, stream: bool) -> str:
    if not stream:
        return json.loads(raw.lines[0])["choices"][0]["message"]["content"] or ""
    return "".join(choice["delta"].get("content") or "" for chunk in chunks(raw) for choice in chunk["choices"])


@pytest.mark.parametrize("stream", [False, True])
def test_upstream_works_while_the_prompt_is_judged_and_nothing_leaves_before(start: Start, stream: bool) -> None:
    arrived = threading.Event()
    order: list[str] = []

    def judging(parts: Any) -> None:
        if parts[0].path.startswith("messages"):
            # The prompt's judgement ends only after upstream was asked: without speculation this would fail.
            assert arrived.wait(10)
            order.append("judged")

    def script(body: dict[str, Any], number: int) -> Reply:
        order.append("asked")
        arrived.set()
        return Reply(texts=[LONG])

    server = start(AHEAD, classifier=FakeClassifier(RULES, before=judging))
    server.upstream.script = script
    raw = post(server, stream=stream)
    assert order == ["asked", "judged"]
    assert text_of(raw, stream=stream) == LONG
    assert len(server.upstream.bodies) == 1


def asked(server: Server) -> None:
    assert server.upstream.started.wait(10)


@pytest.mark.parametrize("stream", [False, True])
def test_a_refused_prompt_cancels_what_was_asked_ahead_and_says_what_it_cost(start: Start, stream: bool) -> None:
    server = start(AHEAD)
    server.upstream.script = Reply(fault="hang")
    server.classifier.before = lambda parts: asked(server)
    raw = post(server, stream=stream, messages=[{"role": "user", "content": "WORST thing"}])
    assert server.upstream.left.wait(10)
    assert text_of(raw, stream=stream) == ""
    usage = chunks(raw)[-1]["usage"] if stream else json.loads(raw.lines[0])["usage"]
    assert usage["prompt_tokens"] > 0
    assert usage["completion_tokens"] == 0
    assert usage["estimated"] is True


def test_a_prompt_to_be_steered_is_asked_again_under_guidance(start: Start) -> None:
    server = start(AHEAD)
    server.upstream.script = lambda body, number: Reply(texts=["Guided." if len(body["messages"]) > 1 else "Unguided."])
    raw = post(server, stream=False, messages=[{"role": "user", "content": "BAD thing"}])
    assert text_of(raw, stream=False) == "Guided."
    assert raw.headers["x-headgate-rounds"] == "1"


def test_an_upstream_that_fails_ahead_of_a_refusal_is_no_failure(start: Start) -> None:
    server = start(AHEAD)
    server.upstream.script = Reply(status=500)
    raw = post(server, stream=False, messages=[{"role": "user", "content": "WORST thing"}])
    assert raw.status == 200
    assert json.loads(raw.lines[0])["choices"][0]["finish_reason"] == "content_filter"


def test_a_stream_goes_on_from_what_was_shown_where_upstream_takes_a_prefill(start: Start) -> None:
    server = start(POLICY + "stream: {prefill: vllm, debounce: 1}\n")
    server.upstream.script = [Reply(texts=[LONG + TURN]), Reply(texts=["So it ends well."])]
    raw = post(server, stream=True)
    shown = text_of(raw, stream=True)
    second = server.upstream.bodies[1]
    prefix = second["messages"][-1]
    assert prefix["role"] == "assistant"
    assert LONG.startswith(prefix["content"])
    assert second["continue_final_message"] is True
    assert second["add_generation_prompt"] is False
    assert "BAD" not in json.dumps(second)
    assert shown.split() == (prefix["content"] + " So it ends well.").split()
    assert [choice["finish_reason"] for chunk in chunks(raw) for choice in chunk["choices"]][-1] == "stop"
    assert server.record()["delivery"] == "delivered"


def test_the_usage_of_a_stream_that_was_cut_is_estimated_and_marked(start: Start) -> None:
    server = start(POLICY + "stream: {debounce: 1}\n")
    server.upstream.script = Reply(texts=[LONG + TURN * 3], fault="stall", after=30)
    raw = post(server, stream=True)
    assert server.upstream.left.wait(10)
    usage = chunks(raw)[-1]["usage"]
    assert usage["estimated"] is True
    assert 0 < usage["completion_tokens"] <= len(LONG + TURN * 3) // 4
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_no_more_unjudged_characters_leave_than_the_header_says(start: Start) -> None:
    server = start(POLICY + "stream: {max_exposed_chars: 12, debounce: 1}\n")
    server.upstream.script = Reply(texts=[LONG + TURN])
    raw = post(server, stream=True)
    shown = text_of(raw, stream=True)
    assert raw.headers["x-headgate-max-exposed-chars"] == "12"
    assert (LONG + TURN).startswith(shown)
    assert len(shown) <= len(LONG) + 12
    assert len(shown) > 0


def test_a_sentence_that_the_next_puts_right_is_shown(start: Start) -> None:
    rules = {"denied": scores(), **RULES}
    server = start(POLICY + "stream: {debounce: 2}\n", classifier=FakeClassifier(rules))
    text = "Some say that BAD is good, and they mean it. This is denied here by whoever knows what it is about. "
    server.upstream.script = Reply(texts=[text])
    raw = post(server, stream=True)
    assert text_of(raw, stream=True) == text
    assert server.record()["verdict"]["action"] == "flag"


def test_the_callers_deadline_leaves_out_rounds_that_would_be_too_late(start: Start) -> None:
    server = start()
    server.upstream.script = Reply(texts=["BAD words."], delay=0.1)
    raw = post(server, stream=False, x_headgate_deadline_ms="150")
    assert raw.headers["x-headgate-rounds"] == "1"
    assert len(server.upstream.bodies) == 1
    answer = post(server, stream=False, x_headgate_deadline_ms="soon")
    assert answer.status == 400
    assert json.loads(answer.lines[0])["error"]["param"] == "x-headgate-deadline-ms"


def test_a_chain_goes_over_the_wire_without_the_rejected_text(start: Start) -> None:
    server = start(POLICY + "regenerate: {strategy: [guideline, critique_refine], rounds: 3}\n")
    server.upstream.script = [Reply(texts=["BAD words."]), Reply(texts=["BAD again."]), Reply(texts=["Good words."])]
    raw = post(server, stream=False)
    assert text_of(raw, stream=False) == "Good words."
    first, second, third = server.upstream.bodies
    assert [message["role"] for message in second["messages"]] == ["system", "user"]
    assert [message["role"] for message in third["messages"]] == ["system", "user", "assistant", "user"]
    assert "BAD" not in json.dumps([first, second, third])
    rounds = server.record()["verdict"]["rounds"]
    assert [found["strategy"] for found in rounds] == ["request", "guideline", "critique_refine"]


def with_corrector(server_url: str, more: str) -> str:
    return POLICY + more + f"services: {{corrector: {{url: '{server_url}', model: fixer, api: chat}}}}\n"


def helped(body: dict[str, Any], number: int) -> Reply:
    """The helper model mends, the model itself does not know better."""
    return Reply(texts=["Mended words."] if body["model"] == "fixer" else [LONG + TURN])


@pytest.mark.parametrize("stream", [False, True])
def test_a_correctors_answer_is_delivered_in_the_models_place(start: Start, upstream: Upstream, stream: bool) -> None:
    policy = with_corrector(upstream.url, "output: {moderate: correct}\nstream: {hold: answer}\n")
    server = start(policy)
    server.upstream.script = helped
    raw = post(server, stream=stream)
    assert text_of(raw, stream=stream) == "Mended words."
    assert "BAD" not in "".join(raw.lines)
    assert [body["model"] for body in server.upstream.bodies] == ["m", "fixer"]
    usage = chunks(raw)[-1]["usage"] if stream else json.loads(raw.lines[0])["usage"]
    assert usage["total_tokens"] == 15
    record = server.record()
    assert record["delivery"] == "delivered"
    assert [found["strategy"] for found in record["verdict"]["rounds"]] == ["request", "corrector"]


def test_a_sentence_of_a_stream_is_corrected_in_its_place(start: Start, upstream: Upstream) -> None:
    server = start(with_corrector(upstream.url, "stream: {corrections: 2, debounce: 1}\n"))
    server.upstream.script = helped
    raw = post(server, stream=True)
    shown = text_of(raw, stream=True)
    assert shown.startswith(LONG[:-60])
    assert "Mended words." in shown
    assert "BAD" not in shown
    assert shown.endswith("And more of it follows after.")
    assert server.record()["delivery"] == "delivered"
