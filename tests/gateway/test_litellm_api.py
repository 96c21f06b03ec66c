"""LiteLLM 1.106 asking: the requests here have the shape that its proxy sends, key by key."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.models.fakes import FakeClassifier

from .conftest import POLICY, RULES, Server, Start

PATH = "/beta/litellm_basic_guardrail_api"
CALL_ID = "7d1cf0a5-4f55-44bd-a5ad-1f4d2d1f0d2e"


def sent(kind: str, texts: list[str], **more: Any) -> dict[str, Any]:
    """What `GenericGuardrailAPIRequest.model_dump` gives: every key, null where there is nothing."""
    return {
        "input_type": kind,
        "litellm_call_id": CALL_ID,
        "litellm_trace_id": CALL_ID,
        "structured_messages": None,
        "images": None,
        "tools": None,
        "texts": texts,
        "request_data": {"user_api_key_alias": None, "user_api_key_user_id": "default_user_id"},
        "request_headers": {"user-agent": "OpenAI/Python", "authorization": "[present]"},
        "litellm_version": "1.106.2",
        "additional_provider_specific_params": {},
        "tool_calls": None,
        "model": "m",
        **more,
    }


def asked(texts: list[str], *rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return sent("request", texts, structured_messages=list(rows), **more)


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def told(server: Server, body: dict[str, Any]) -> Any:
    raw = server.post(body, PATH)
    assert raw.status == 200
    return json.loads(raw.lines[0])


def test_a_good_request_and_a_good_answer_pass(server: Server) -> None:
    assert told(server, asked(["Fine."], user("Fine."))) == {"action": "NONE"}
    answer = told(server, sent("response", ["Fine words."]))
    assert answer == {"action": "NONE", "stream_holdback_chars": [11]}


def test_a_refused_request_is_blocked_and_its_reason_quotes_nothing(server: Server) -> None:
    answer = told(server, asked(["WORST thing"], user("WORST thing")))
    assert answer["action"] == "BLOCKED"
    assert "violence" in answer["blocked_reason"]
    assert "WORST" not in answer["blocked_reason"]
    assert server.record()["delivery"] == "refused"


def test_a_person_at_risk_is_answered_with_help(server: Server) -> None:
    answer = told(server, asked(["SAD words"], user("SAD words")))
    assert answer["action"] == "BLOCKED"
    assert "findahelpline.com" in answer["blocked_reason"]


def test_a_bad_answer_is_blocked(server: Server) -> None:
    answer = told(server, sent("response", ["Fine words.", "BAD words."]))
    assert answer["action"] == "BLOCKED"
    assert server.record()["verdict"]["action"] == "regenerate"


def test_a_risky_request_goes_on_with_guidance_for_the_model(server: Server) -> None:
    answer = told(server, asked(["BAD thing"], user("BAD thing")))
    assert answer["action"] == "GUARDRAIL_INTERVENED"
    note, question = answer["structured_messages"]
    assert note["role"] == "system"
    assert question == user("BAD thing")
    assert answer["texts"] == ["BAD thing"]


def test_an_attack_in_a_tool_result_is_cut_out_and_the_rest_goes_on(start: Start) -> None:
    from headgate.models.fakes import scores

    rules = {"ATTACK": scores(unsafe=0.1, categories={"prompt_attack": 0.99})}
    row = {"role": "tool", "tool_call_id": "1", "content": "ATTACK"}
    answer = told(start(classifier=FakeClassifier(rules)), asked(["Read it.", "ATTACK"], user("Read it."), row))
    assert answer["action"] == "GUARDRAIL_INTERVENED"
    assert answer["texts"][0] == "Read it."
    assert "ATTACK" not in json.dumps(answer)


@pytest.mark.parametrize("kind", ["request", "response"])
def test_what_could_not_be_judged_is_blocked_unless_the_policy_is_open(start: Start, kind: str) -> None:
    assert told(start(), sent(kind, ["RAISE"]))["action"] == "BLOCKED"
    assert told(start(POLICY + "on_error: open\n"), sent(kind, ["RAISE"]))["action"] == "NONE"


@pytest.mark.parametrize("kind", ["request", "response"])
def test_an_image_that_nobody_reads_follows_the_policy(start: Start, kind: str) -> None:
    text_only: frozenset[Any] = frozenset({"text"})
    body = sent(kind, ["Look."], images=["https://example.org/a.png"])
    lax = start(classifier=FakeClassifier(RULES, kinds=text_only))
    raw = lax.post(body, PATH)
    assert json.loads(raw.lines[0])["action"] == "NONE"
    assert raw.headers["x-headgate-unjudged"] == "1"
    strict = start(POLICY + "on_unjudged: strict\n", classifier=FakeClassifier(RULES, kinds=text_only))
    assert told(strict, body)["action"] == "BLOCKED"


def test_a_bad_image_in_an_answer_is_judged_as_an_answer(server: Server) -> None:
    body = sent("response", ["Look."], images=["https://example.org/BAD.png"])
    assert told(server, body)["action"] == "BLOCKED"
    assert server.record()["delivery"] == "withheld"


def test_a_body_that_cannot_be_read_is_a_400_that_litellm_does_not_pass(server: Server) -> None:
    raw = server.post({"texts": ["a"]}, PATH)
    assert raw.status == 400
    assert json.loads(raw.lines[0])["error"]["param"] == "input_type"


def test_without_a_guard_litellm_sees_it_as_out_of_reach(start: Start) -> None:
    raw = start("off").post(sent("request", ["WORST"]), PATH)
    assert raw.status == 503
    assert json.loads(raw.lines[0])["error"]["code"] == "no_guard"
