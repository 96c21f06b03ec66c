from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.gateway.wire.ogr import InvalidEvent, category_of, parse_event, parse_heartbeat, verdict_body
from headgate.guard.effects import Finish
from headgate.guard.redact import MASK
from headgate.models.assessment import Severity
from headgate.models.content import Role
from headgate.models.errors import InputError
from headgate.models.taxonomy import SLUGS
from headgate.policies.compile import parse_policy
from headgate.policies.verdict import Action, Coverage, Finding, Missed, Verdict

ENFORCE = "version: 1\nname: test\nextends: default\n"
MONITOR = ENFORCE + "mode: monitor\n"


def event(**more: Any) -> dict[str, Any]:
    return {
        "kind": "step/request",
        "step_id": "f89814ab81d145b994756ce33e754722",
        "agent_id": "invoice-bot",
        "agent_type": "",
        "agent_workspace": "",
        "agent_user": "",
        "llm_protocol": "openai.chat",
        "payload": {"model": "m", "messages": [{"role": "user", "content": "Grüße 👋"}]},
        **more,
    }


def parse(**more: Any) -> Any:
    return parse_event(json.dumps(event(**more)).encode())


def judged(*found: tuple[Action, str], delivery: Any = "delivered", policy: str = ENFORCE, missed: Any = ()) -> Any:
    findings = tuple(
        Finding(
            category=category,
            severity=Severity.SEVERE,
            confidence=0.9,
            threshold=0.5,
            part="messages[0].content",
            rule="test",
            action=action,
        )
        for action, category in found
    )
    action = max((one.action for one in findings), default=Action.ALLOW)
    verdict = Verdict(action=action, findings=findings, coverage=Coverage(unjudged=missed), models=("text@1",))
    finish = Finish(verdict=verdict, delivery=delivery)
    return json.loads(verdict_body(parse(), finish, parse_policy(policy), identity="e1", latency_ms=1.6))


def test_what_passes_is_allowed_with_no_more_words_than_needed() -> None:
    assert judged() == {"event_id": "e1", "provider": "headgate", "decision": "allow", "latency_ms": 2}


def test_what_is_stopped_is_blocked_with_the_finding_and_its_place() -> None:
    said = judged((Action.REFUSE, "weapons"), delivery="refused")
    assert said["decision"] == "block"
    assert said["findings"] == [
        {
            "category": "safety.weapons",
            "severity": "high",
            "path": "payload.messages.0.content",
            "score": 0.9,
            "detector": "text@1",
        }
    ]


def test_a_mask_is_a_span_in_code_points_and_no_block() -> None:
    said = judged((Action.REDACT, "privacy"))
    assert said["decision"] == "allow"
    span = {"path": "payload.messages.0.content", "start": 0, "end": 7, "replacement": MASK}
    assert said["modifications"] == {"spans": [span]}


def test_monitoring_allows_and_still_tells() -> None:
    said = judged((Action.REFUSE, "weapons"), policy=MONITOR)
    assert said["decision"] == "allow"
    assert len(said["findings"]) == 1


def test_what_nobody_judged_is_named_by_its_path() -> None:
    missed = (Missed(part="messages[0].content", reason="deadline", action=Action.REFUSE),)
    said = judged(delivery="refused", missed=missed)
    assert said["decision"] == "block"
    assert said["unjudged"] == ["payload.messages.0.content"]


@pytest.mark.parametrize("slug", SLUGS)
def test_every_category_has_an_id_in_a_namespace_of_ogr(slug: str) -> None:
    assert category_of(slug, Role.USER).split(".")[0] in ("safety", "security", "privacy", "x")


def test_an_attack_is_named_by_who_brought_it() -> None:
    assert category_of("prompt_attack", Role.USER) == "security.jailbreak"
    assert category_of("prompt_attack", Role.TOOL_RESULT) == "security.prompt_injection"
    assert category_of("prompt_attack", Role.SYSTEM) == "security.tool_poisoning"


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"kind": "turn/end"}, ["kind"]),
        ({"step_id": ""}, ["step_id"]),
        ({"step_id": "x" * 129}, ["step_id"]),
        ({"agent_user": None}, ["agent_user"]),
        ({"llm_protocol": "x"}, ["llm_protocol"]),
        ({"payload": "x"}, ["payload"]),
        ({"payload": {}}, ["payload", "messages"]),
    ],
)
def test_an_invalid_event_names_the_field(more: dict[str, Any], path: list[str]) -> None:
    with pytest.raises(InvalidEvent) as caught:
        parse(**more)
    assert [list(issue.path) for issue in caught.value.issues] == [path]


def test_all_faults_of_an_event_are_told_at_once() -> None:
    with pytest.raises(InvalidEvent) as caught:
        parse_event(b"{}")
    assert len(caught.value.issues) == 8


def test_fields_of_a_newer_protocol_do_not_make_an_event_invalid() -> None:
    assert parse(transport={"gw_ms": 3}, invented=1).kind == "step/request"


def test_a_heartbeat_says_whose_it_is() -> None:
    parse_heartbeat(b'{"integration": "x/1", "counters": {}}')
    with pytest.raises(InputError):
        parse_heartbeat(b'{"integration": ""}')
