"""Tests written beside a policy: with given scores they test its logic, without them a real model's behaviour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from ..models.assessment import NOT_ASSESSED, Assessed
from ..models.content import Direction
from .compiled import Case, CompiledPolicy, Scores
from .decide import Judged, decide
from .thresholds import Thresholds, nominal
from .verdict import Action

Judge: TypeAlias = Callable[[Case], Action]
"""Runs a case's content through real models and the policy; the action of its verdict."""

Outcome: TypeAlias = Literal["passed", "failed", "skipped"]


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a case; `place` is its FILE:LINE, `got` is None where it was skipped for want of a model."""

    case: Case
    place: str
    outcome: Outcome
    got: Action | None = None


def run_cases(
    policy: CompiledPolicy, judge: Judge | None = None, *, thresholds: Thresholds | None = None
) -> list[CaseResult]:
    """The result of every case, in the order written; those without scores are skipped where there is no judge."""
    limits = thresholds or nominal(policy.thresholds)
    return [_run(policy, index, judge, limits) for index in range(len(policy.cases))]


def assessed_of(scores: Scores) -> Assessed:
    """The assessment that a case pretends; categories it does not name were not assessed."""
    severity = None
    if scores.severity is not None:
        none, minor, moderate, severe = (float(level == scores.severity) for level in range(4))
        severity = (none, minor, moderate, severe)
    return Assessed(
        unsafe=scores.unsafe,
        categories={**NOT_ASSESSED, **scores.categories},
        severity=severity,
        sensitive=scores.sensitive,
        model="case",
    )


def _run(policy: CompiledPolicy, index: int, judge: Judge | None, limits: Thresholds) -> CaseResult:
    case = policy.cases[index]
    place = policy.origins.get(f"cases[{index}]", f"cases[{index}]")
    if case.scores is not None:
        got = _pretend(policy, case.direction, case.scores, limits)
    elif judge is not None:
        got = judge(case)
    else:
        return CaseResult(case=case, place=place, outcome="skipped")
    return CaseResult(case=case, place=place, outcome="passed" if got is case.expect else "failed", got=got)


def _pretend(policy: CompiledPolicy, direction: str, scores: Scores, limits: Thresholds) -> Action:
    judged = Judged(part="case", direction=Direction(direction), kind="text", assessment=assessed_of(scores))
    return decide(policy, [judged], thresholds=limits).action
