"""OpenGuardrails' runtime API (OGR 1.x): a guard event in, a verdict out, in its words for categories and severity.

Source: `specification/` and `schema/` of openguardrails/openguardrails.
"""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

import msgspec

from ...guard.effects import Finish
from ...guard.redact import MASK, redacted
from ...models.assessment import Severity
from ...models.content import Role
from ...models.errors import InputError
from ...policies.compiled import CompiledPolicy
from ...policies.verdict import Action, Finding
from .json_body import decode_object
from .ogr_payload import Payload, Protocol, read_request, read_response

PROVIDER: Final = "headgate"

_LONGEST: Final = {"step_id": 128, "agent_id": 255, "agent_workspace": 255, "agent_user": 255, "agent_type": 64}
_SEVERITY: Final = {Severity.NONE: "low", Severity.MINOR: "low", Severity.MODERATE: "medium", Severity.SEVERE: "high"}
# A leaf that OGR does not list is rolled up to its prefix by whoever does not know it; `x.` is for vendors.
_CATEGORY: Final = {
    "national_security": "safety.illicit.national_security",
    "insult": "safety.toxicity.insult",
    "discrimination": "safety.toxicity.discrimination",
    "public_health": "safety.illicit.public_health",
    "copyright": "x.headgate.copyright",
    "violence": "safety.violence",
    "drugs": "safety.illicit.drugs",
    "privacy": "safety.pii",
    "economic_crime": "safety.illicit.economic_crime",
    "mental_manipulation": "x.headgate.mental_manipulation",
    "human_trafficking": "safety.illicit.human_trafficking",
    "physical_harm": "safety.violence.physical_harm",
    "sexual_content": "safety.sexual",
    "cybercrime": "safety.illicit.cybercrime",
    "public_disorder": "safety.illicit.public_disorder",
    "environment": "safety.illicit.environment",
    "psychological_harm": "safety.toxicity.psychological_harm",
    "white_collar_crime": "safety.illicit.white_collar_crime",
    "animal_abuse": "safety.violence.animal_abuse",
    "child_safety": "safety.sexual.minors",
    "self_harm": "safety.self_harm",
    "weapons": "safety.weapons",
    "misinformation": "x.headgate.misinformation",
    "graphic_content": "safety.violence.graphic",
    "specialized_advice": "safety.unsafe_advice",
    "sensitive_topic": "x.headgate.sensitive_topic",
    "other": "x.headgate.other",
}
_ATTACK: Final = {
    Role.TOOL_RESULT: "security.prompt_injection",
    Role.DOCUMENT: "security.prompt_injection",
    Role.SYSTEM: "security.tool_poisoning",
}


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """One field of an event that is wrong, and what it must be."""

    path: tuple[str, ...]
    message: str


class InvalidEvent(InputError):
    """An event that the schema does not allow; `issues` says all that is wrong with it."""

    def __init__(self, issues: tuple[Issue, ...]) -> None:
        super().__init__("the event is not valid")
        self.issues = issues


class GuardEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One half of a model call, as its payload reads; fields that only attribute it are checked and not kept."""

    kind: Literal["step/request", "step/response"]
    payload: Payload


def parse_event(raw: bytes) -> GuardEvent:
    """The event in `raw`; raises InvalidEvent with every fault of its fields, or InputError for what is no JSON."""
    body = decode_object(raw)
    if issues := tuple(_issues(body)):
        raise InvalidEvent(issues)
    protocol: Protocol = body["llm_protocol"]
    read = read_request if body["kind"] == "step/request" else read_response
    try:
        return GuardEvent(kind=body["kind"], payload=read(body["payload"], protocol))
    except InputError as error:
        path = tuple((error.param or "payload").split("."))
        raise InvalidEvent((Issue(path=path, message=str(error)),)) from error


def verdict_body(
    event: GuardEvent, finish: Finish, policy: CompiledPolicy, *, identity: str, latency_ms: float
) -> bytes:
    """The verdict: `block`, or `allow` with the spans to mask. What could not be masked is blocked instead.

    Under `mode: monitor` it is always `allow`, with its findings. The paths of what nobody judged are in `unjudged`.
    """
    body: dict[str, Any] = {"event_id": identity, "provider": PROVIDER, "decision": "allow"}
    verdict = finish.verdict
    masked = redacted(verdict)
    spans = _spans(event.payload, masked)
    if policy.mode == "enforce":
        stopped = finish.delivery != "delivered" and not (verdict.action is Action.REDACT and masked)
        if stopped or spans is None:
            body["decision"] = "block"
        elif spans:
            body["modifications"] = {"spans": spans}
    body["latency_ms"] = round(latency_ms)
    if verdict.findings:
        detector = verdict.models[0] if verdict.models else PROVIDER
        body["findings"] = [_finding(finding, event.payload, detector) for finding in verdict.findings]
    if verdict.unjudged:
        body["unjudged"] = [path for miss in verdict.unjudged for path in _places(event.payload, miss.part)]
    return msgspec.json.encode(body)


def category_of(slug: str, role: Role | None) -> str:
    """OGR's id for a category of ours; an attack is named by who brought it."""
    if slug == "prompt_attack":
        return _ATTACK.get(role, "security.jailbreak") if role is not None else "security.jailbreak"
    return _CATEGORY[slug]


def parse_heartbeat(raw: bytes) -> None:
    """Checks a heartbeat: InputError where neither `integration` nor `agent_id` says whose it is."""
    body = decode_object(raw)
    if not any(isinstance(body.get(key), str) and body[key] for key in ("integration", "agent_id")):
        raise InputError("a heartbeat needs 'integration' or 'agent_id'", param="integration")


def _issues(body: dict[str, Any]) -> list[Issue]:
    found = [
        _issue(key, f"must be a string of at most {longest} characters")
        for key, longest in _LONGEST.items()
        if not isinstance(body.get(key), str) or len(body[key]) > longest
    ]
    if body.get("step_id") == "":
        found.append(_issue("step_id", "must not be empty"))
    kinds, protocols = ("step/request", "step/response"), get_args(Protocol)
    if body.get("kind") not in kinds:
        found.append(_issue("kind", f"must be one of {', '.join(kinds)}"))
    if body.get("llm_protocol") not in protocols:
        found.append(_issue("llm_protocol", f"must be one of {', '.join(protocols)}"))
    if not isinstance(body.get("payload"), dict):
        found.append(_issue("payload", "must be the provider's body, an object"))
    return found


def _issue(key: str, message: str) -> Issue:
    return Issue(path=(key,), message=f"'{key}' {message}")


def _finding(finding: Finding, payload: Payload, detector: str) -> dict[str, Any]:
    roles = {part.path: part.role for part in (*payload.parts, *payload.made)}
    return {
        "category": category_of(finding.category, roles.get(finding.part)),
        "severity": _SEVERITY[finding.severity],
        "path": _places(payload, finding.part)[0],
        "score": finding.confidence,
        "detector": detector,
    }


def _places(payload: Payload, path: str) -> list[str]:
    leaves = payload.leaves.get(path)
    return [leaf.path for leaf in leaves] if leaves else ["payload"]


def _spans(payload: Payload, masked: tuple[str, ...]) -> list[dict[str, Any]] | None:
    """A span over each whole text that is to be masked, in code points; None where one is no string of the payload."""
    spans = []
    for path in masked:
        for leaf in payload.leaves.get(path) or (None,):
            if leaf is None or leaf.text is None:
                return None
            spans.append({"path": leaf.path, "start": 0, "end": len(leaf.text), "replacement": MASK})
    return spans
