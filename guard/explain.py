"""Why a verdict is what it is: which part, line and score against which threshold, and what would change it."""

from __future__ import annotations

import msgspec

from ..policies.compiled import CompiledPolicy
from ..policies.verdict import Action, Finding, Missed, Verdict


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One finding or unjudged part, and what the verdict owes to it.

    `place` is the FILE:LINE of the rule, empty where it has none or another policy is at hand. `decisive`: the action
    of the verdict is this one's. `without` says in words what would have to be otherwise for it not to count.
    """

    part: str
    action: Action
    rule: str
    place: str
    decisive: bool
    without: str
    category: str = ""
    severity: str = ""
    score: float | None = None
    threshold: float | None = None
    spans: tuple[tuple[int, int], ...] = ()


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict's reasons, the strongest first; `otherwise` is its action had the decisive ones not been there.

    `same_policy` is False where the policy at hand is not the one that was in force, so that its lines prove nothing.
    """

    action: Action
    policy: str
    same_policy: bool
    reasons: tuple[Reason, ...]
    otherwise: Action
    judged: int
    rounds: tuple[str, ...] = ()


def explain(verdict: Verdict, policy: CompiledPolicy) -> Explanation:
    """The explanation of a verdict by the policy that made it."""
    same = policy.hash == verdict.policy_hash
    reasons = [_finding(finding, verdict, policy if same else None) for finding in verdict.findings]
    reasons += [_missed(missed, verdict) for missed in verdict.unjudged]
    reasons.sort(key=lambda reason: (-reason.action.force, reason.part, reason.rule))
    return Explanation(
        action=verdict.action,
        policy=f"{verdict.policy}@{verdict.policy_hash}",
        same_policy=same,
        reasons=tuple(reasons),
        otherwise=max((reason.action for reason in reasons if not reason.decisive), default=Action.ALLOW),
        judged=len(verdict.coverage.judged),
        rounds=tuple(f"{one.round}: {one.strategy}, {one.action}" for one in verdict.rounds),
    )


def _finding(finding: Finding, verdict: Verdict, policy: CompiledPolicy | None) -> Reason:
    return Reason(
        part=finding.part,
        action=finding.action,
        rule=finding.rule,
        place=policy.origins.get(finding.rule, "") if policy is not None else "",
        decisive=finding.action is verdict.action,
        without=_without(finding, policy),
        category=finding.category,
        severity=finding.severity.slug,
        score=finding.confidence,
        threshold=finding.threshold,
        spans=finding.spans,
    )


def _without(finding: Finding, policy: CompiledPolicy | None) -> str:
    kind = finding.rule.partition(".")[0]
    if kind in ("lists", "pii"):
        return f"a text without what {finding.rule} looks for"
    if kind == "rules":
        return f"other circumstances than those of {finding.rule}"
    if kind == "exceptions":
        return f"without {finding.rule} more would be done"
    margin = finding.confidence - finding.threshold
    words = f"a score under {finding.threshold:.4g} (it is {margin:.4g} over it), or a threshold over it"
    milder = _milder(finding, policy)
    return f"{words}{milder}"


def _milder(finding: Finding, policy: CompiledPolicy | None) -> str:
    """The next severity down, where it would be treated more mildly."""
    direction = _direction(finding.rule)
    if policy is None or direction is None:
        return ""
    row = policy.matrix[direction][finding.category]
    for level in range(int(finding.severity) - 1, 0, -1):
        if row[level] < finding.action:
            return f"; held to be {('none', 'minor', 'moderate', 'severe')[level]} it would be {row[level]}"
    return ""


def _direction(rule: str) -> str | None:
    """The direction that a line of the matrix is about: `input.severe`, `categories.drugs.output.minor`."""
    steps = rule.split(".")
    steps = steps[2:] if steps[0] == "categories" else steps
    return steps[0] if steps and steps[0] in ("input", "output", "tool_result", "document") else None


def _missed(missed: Missed, verdict: Verdict) -> Reason:
    return Reason(
        part=missed.part,
        action=missed.action,
        rule="on_unjudged or on_error",
        place="",
        decisive=missed.action is verdict.action,
        without=f"a classifier that judges it: {missed.reason}",
    )
