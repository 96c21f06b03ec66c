"""From the timeline of an exchange to its spans: names, attributes and times, without any tracing library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import msgspec

from ..guard import telemetry as names
from ..guard.observe import Draw, Helped, Judging, Timeline
from ..models.content import Direction
from ..policies.verdict import Action, Finding, Missed, Verdict

Value: TypeAlias = str | bool | int | float | Sequence[str]


class Told(msgspec.Struct, kw_only=True):
    """One span: `remote` where it is a request to another service; times are Unix nanoseconds."""

    name: str
    began: int
    ended: int
    attributes: dict[str, Value]
    events: tuple[dict[str, Value], ...] = ()
    remote: bool = False
    fault: str | None = None


def describe(timeline: Timeline, *, content: bool = False) -> Iterator[Told]:
    """The spans below a request's: each judged direction of each round, each draw, each helper."""
    asked = [one for one in timeline.judgings if one.direction is not Direction.OUTPUT]
    if asked:
        yield _guardrail(timeline, asked, round_=0)
    for draw in timeline.draws:
        yield _draw(timeline, draw, content=content)
        answered = [one for one in timeline.judgings if one.direction is Direction.OUTPUT and one.round == draw.round]
        if answered:
            yield _guardrail(timeline, answered, round_=draw.round)
    given = [one for one in timeline.judgings if one.direction is Direction.OUTPUT and one.round == 0]
    if given:
        yield _guardrail(timeline, given, round_=1)
    yield from (_helper(helped) for helped in timeline.helped)


def exchange_attributes(timeline: Timeline) -> dict[str, Value]:
    """What the request's own span says of an exchange."""
    finish = timeline.finish
    if finish is None:
        return {}
    verdict = finish.verdict
    found: dict[str, Value] = {
        names.VERDICT: names.VERDICTS[verdict.action],
        names.ACTION: names.action_type(verdict.action, enforces=verdict.mode == "enforce"),
        names.POLICY_ID: f"{verdict.policy}@{verdict.policy_hash}",
        names.DELIVERY: finish.delivery,
        names.MODE: verdict.mode,
        names.ROUNDS: len(verdict.rounds),
        names.JUDGED: len(verdict.coverage.judged),
        names.UNJUDGED: len(verdict.coverage.unjudged),
        names.SEVERITY: verdict.severity.slug,
        names.MODELS: verdict.models,
    }
    return found


def _guardrail(timeline: Timeline, judgings: Sequence[Judging], *, round_: int) -> Told:
    finish = timeline.finish
    target = "output" if round_ else "input"
    attributes: dict[str, Value] = {
        names.OPERATION: names.RUN_GUARDRAIL,
        names.COMPONENT: names.SERVICE,
        names.GUARDRAIL_NAME: names.SERVICE,
        names.SPAN_KIND: "GUARDRAIL",
        names.TARGET: target,
        names.TARGET_SUBTYPE: "message" if target == "input" else "llm",
        names.JUDGED: sum(one.parts - one.unjudged for one in judgings),
        names.UNJUDGED: sum(one.unjudged for one in judgings),
    }
    if round_:
        attributes[names.ROUND] = round_
    scores = [one.worst for one in judgings if one.worst is not None]
    if scores:
        attributes[names.RISK_SCORE] = max(scores)
    told = Told(
        name=f"{names.RUN_GUARDRAIL} {names.SERVICE}",
        began=min(one.began for one in judgings),
        ended=max(one.ended for one in judgings),
        attributes=attributes,
    )
    if finish is None:
        told.fault = "exchange_broken_off"
        return told
    decided = _decided(finish.verdict, round_)
    attributes |= _verdict(finish.verdict, decided)
    told.events = tuple(_event(finding) for finding in decided.findings)
    return told


class _Decided(msgspec.Struct, frozen=True):
    action: Action
    findings: tuple[Finding, ...]
    missed: tuple[Missed, ...] = ()
    strategy: str | None = None


def _decided(verdict: Verdict, round_: int) -> _Decided:
    """What was decided about the request (round 0), or about the answer of a round."""
    for one in verdict.rounds:
        if one.round == round_:
            return _Decided(one.action, one.findings, strategy=one.strategy)
    output = bool(round_)
    findings = tuple(one for one in verdict.findings if one.part.startswith("response") == output)
    missed = tuple(one for one in verdict.coverage.unjudged if one.part.startswith("response") == output)
    action = max([*(one.action for one in findings), *(one.action for one in missed)], default=Action.ALLOW)
    return _Decided(action, findings, missed)


def _verdict(verdict: Verdict, decided: _Decided) -> dict[str, Value]:
    action = decided.action
    found: dict[str, Value] = {
        names.VERDICT: names.VERDICTS[action],
        names.GUARDRAIL_STATUS: names.VERDICTS[action],
        names.VERDICT_CODE: action.value,
        names.ACTION: names.action_type(action, enforces=verdict.mode == "enforce"),
        names.POLICY_ID: f"{verdict.policy}@{verdict.policy_hash}",
        names.MODIFIED: action is Action.REDACT and verdict.mode == "enforce",
    }
    if decided.strategy is not None:
        found[names.STRATEGY] = decided.strategy
    worst = max(decided.findings, key=lambda one: (one.action, one.severity, one.confidence), default=None)
    if worst is not None:
        found |= {
            names.VERDICT_REASON: worst.category,
            names.RULE_ID: worst.rule,
            names.RISK_CATEGORY: worst.category,
            names.SEVERITY: worst.severity.slug,
            names.TARGET_ID: worst.part,
        }
    elif decided.missed:
        found[names.VERDICT_REASON] = "unjudged"
    return found


def _event(finding: Finding) -> dict[str, Value]:
    return {
        names.RISK_CATEGORY: finding.category,
        names.RISK_SCORE: finding.confidence,
        names.RULE_ID: finding.rule,
        names.SEVERITY: finding.severity.slug,
        names.TARGET_ID: finding.part,
    }


def _draw(timeline: Timeline, draw: Draw, *, content: bool) -> Told:
    attributes: dict[str, Value] = {
        names.OPERATION: names.CHAT,
        names.SPAN_KIND: "LLM",
        names.ROUND: draw.round,
    }
    if draw.tokens is not None:
        attributes[names.OUTPUT_TOKENS] = draw.tokens
    if draw.first is not None:
        attributes[names.FIRST_CHUNK] = (draw.first - draw.began) / 1e9
    if content:
        attributes[names.INPUT_VALUE] = "\n".join(timeline.said)
        if draw is timeline.draws[-1]:
            attributes[names.OUTPUT_VALUE] = "".join(timeline.answered)
    ended = draw.ended or timeline.ended or draw.began
    fault = "cancelled" if draw.cancelled else None if draw.ended else "broken_off"
    return Told(name=names.CHAT, began=draw.began, ended=ended, attributes=attributes, remote=True, fault=fault)


def _helper(helped: Helped) -> Told:
    return Told(
        name=f"{names.CHAT} {helped.service}",
        began=helped.began,
        ended=helped.ended,
        attributes={
            names.OPERATION: names.CHAT,
            names.SPAN_KIND: "LLM",
            names.OUTPUT_TOKENS: helped.tokens,
            names.COMPONENT: helped.service,
        },
        remote=True,
        fault="helper_failed" if helped.fault else None,
    )
