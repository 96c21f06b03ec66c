from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.guard.redact import MASK
from headgate.models.fakes import FakeClassifier, scores

from .conftest import POLICY, RULES, Server, Start

STEP = {"step_id": "1", "agent_id": "", "agent_type": "", "agent_workspace": "", "agent_user": ""}
ATTACK = {"ATTACK": scores(unsafe=0.1, categories={"prompt_attack": 0.99})}


def told(server: Server, kind: str, payload: Any, protocol: str = "openai.chat") -> Any:
    body = {"kind": f"step/{kind}", "llm_protocol": protocol, "payload": payload, **STEP}
    raw = server.post(body, "/v1/evaluate")
    assert raw.status == 200, raw.lines
    return json.loads(raw.lines[0])


def asked(text: str) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}]}


def answered(*texts: str) -> dict[str, Any]:
    return {
        "choices": [{"index": i, "message": {"role": "assistant", "content": text}} for i, text in enumerate(texts)]
    }


def test_a_good_step_is_allowed_and_recorded(server: Server) -> None:
    said = told(server, "request", asked("Fine."))
    assert said.keys() == {"event_id", "provider", "decision", "latency_ms"}
    assert said["decision"] == "allow"
    assert server.record()["id"] == said["event_id"]
    assert told(server, "response", answered("Fine words."))["decision"] == "allow"


def test_a_bad_half_is_blocked_where_it_stands(server: Server) -> None:
    said = told(server, "request", asked("WORST thing"))
    assert (said["decision"], said["findings"][0]["path"]) == ("block", "payload.messages.0.content")
    said = told(server, "response", answered("Fine.", "BAD words."))
    assert (said["decision"], said["findings"][0]["path"]) == ("block", "payload.choices.1.message.content")


@pytest.mark.parametrize(
    ("protocol", "request_", "response"),
    [
        ("openai.chat", asked("WORST"), answered("WORST")),
        ("canonical", asked("WORST"), {"text": "WORST"}),
        ("anthropic.messages", asked("WORST"), {"content": [{"type": "text", "text": "WORST"}]}),
        (
            "openai.responses",
            {"input": "WORST"},
            {"output": [{"type": "message", "content": [{"type": "output_text", "text": "WORST"}]}]},
        ),
    ],
)
def test_every_protocol_is_judged_on_both_sides(server: Server, protocol: str, request_: Any, response: Any) -> None:
    assert told(server, "request", request_, protocol)["decision"] == "block"
    assert told(server, "response", response, protocol)["decision"] == "block"


def test_an_attack_in_a_tool_result_is_allowed_with_a_span_over_it(start: Start) -> None:
    payload = asked("Read it.")
    payload["messages"].append({"role": "tool", "tool_call_id": "1", "content": "ATTACK ü"})
    said = told(start(classifier=FakeClassifier(ATTACK)), "request", payload)
    assert said["decision"] == "allow"
    span = {"path": "payload.messages.1.content", "start": 0, "end": 8, "replacement": MASK}
    assert said["modifications"] == {"spans": [span]}
    assert said["findings"][0]["category"] == "security.prompt_injection"


def test_what_cannot_be_masked_is_blocked(start: Start) -> None:
    policy = POLICY + "categories: {violence: {input: redact}}\n"
    payload = asked("Fine.") | {"tools": [{"type": "function", "function": {"name": "f", "description": "BAD tool."}}]}
    assert told(start(policy), "request", payload)["decision"] == "block"


def test_what_nobody_reads_is_named_and_a_failure_is_closed(start: Start) -> None:
    text_only: frozenset[Any] = frozenset({"text"})
    server = start(classifier=FakeClassifier(RULES, kinds=text_only))
    picture = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    said = told(server, "request", {"messages": [{"role": "user", "content": [picture]}]})
    assert (said["decision"], said["unjudged"]) == ("allow", ["payload.messages.0.content.0.image_url.url"])
    said = told(server, "request", asked("RAISE"))
    assert (said["decision"], said["unjudged"]) == ("block", ["payload.messages.0.content"])


def test_a_faulty_event_is_told_all_its_faults_in_ogrs_shape(server: Server) -> None:
    raw = server.post({"kind": "step/request"}, "/v1/evaluate")
    body = json.loads(raw.lines[0])
    assert (raw.status, body["error"]) == (400, "invalid_event")
    assert ["payload"] in [issue["path"] for issue in body["details"]]
    assert json.loads(server.post(b"{", "/v1/evaluate").lines[0])["error"] == "invalid_body"


def test_an_event_that_is_too_large_is_a_413(start: Start) -> None:
    raw = start(max_body=2000).post({"payload": "x" * 3000}, "/v1/evaluate")
    assert (raw.status, json.loads(raw.lines[0])["error"]) == (413, "payload_too_large")


def test_heartbeats_are_answered_with_the_limits(server: Server) -> None:
    said = json.loads(server.post({"integration": "x/1"}, "/v1/heartbeat").lines[0])
    assert said == {"ok": True, "limits": {"max_request_bytes": 20 * 1024 * 1024}}
    assert server.post({}, "/v1/heartbeat").status == 400


def test_without_a_guard_no_step_is_decided(start: Start) -> None:
    server = start("off")
    raw = server.post({"kind": "step/request"}, "/v1/evaluate")
    assert (raw.status, raw.lines) == (503, ['{"error":"no_guard"}'])
    assert server.send("GET", "/v1/health").status == 503


def test_health_is_that_of_the_models(server: Server) -> None:
    # The fake classifier passes the known-bad text.
    raw = server.send("GET", "/v1/health")
    assert (raw.status, json.loads(raw.lines[0])["status"]) == (503, "error")
