"""What is written beside a row: its verdict as columns, nested or flat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from ...models.assessment import Assessed, Assessment, Severity
from ...policies.verdict import Action, Finding, Missed, Round, Verdict
from .sort import gap

COLUMN: Final = "headgate"
"""The column that carries the verdict."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A row's verdict. `scores` are the worst of its parts, `unsafe` among them; what was not assessed is left out.

    `rule` is the one that decided; `reason` says it in one line. `answer` is the one that was made in place of a
    rejected one, and `rounds` are all that were tried.
    """

    action: Action
    severity: str = "none"
    categories: tuple[str, ...] = ()
    scores: dict[str, float] = {}
    rule: str = ""
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    unjudged: tuple[Missed, ...] = ()
    policy: str = ""
    policy_hash: str = ""
    models: tuple[str, ...] = ()
    answer: str | msgspec.UnsetType = msgspec.UNSET
    rounds: tuple[Round, ...] | msgspec.UnsetType = msgspec.UNSET


def note_of(verdict: Verdict, scores: Mapping[str, float], *, answer: str | None = None) -> Note:
    """The note of a verdict and its scores, and of the answer that was made again."""
    return Note(
        action=verdict.action,
        severity=verdict.severity.slug,
        categories=tuple(dict.fromkeys(finding.category for finding in verdict.findings)),
        scores=dict(scores),
        rule=rule_of(verdict),
        reason=reason_of(verdict),
        findings=verdict.findings,
        unjudged=verdict.unjudged,
        policy=verdict.policy,
        policy_hash=verdict.policy_hash,
        models=verdict.models,
        answer=msgspec.UNSET if answer is None else answer,
        rounds=verdict.rounds if len(verdict.rounds) > 1 else msgspec.UNSET,
    )


def scores_of(assessments: Iterable[Assessment]) -> dict[str, float]:
    """The worst `unsafe` and the worst of each category that was assessed, and `severity` as a mean of 0..3."""
    worst: dict[str, float] = {}
    for one in assessments:
        if not isinstance(one, Assessed):
            continue
        mean = sum(level * p for level, p in enumerate(one.severity)) if one.severity else None
        own = {"unsafe": one.unsafe, "severity": mean, **one.categories}
        for name, score in own.items():
            if score is not None and score >= worst.get(name, -1.0):
                worst[name] = round(score, 6)
    return worst


def decisive(verdict: Verdict) -> Finding | None:
    """The finding that decided: the gravest of those with the verdict's action."""
    own = [finding for finding in verdict.findings if finding.action is verdict.action]
    return max(own, key=lambda finding: (finding.severity, finding.confidence), default=None)


def rule_of(verdict: Verdict) -> str:
    """The rule that decided, empty where none did."""
    found = decisive(verdict)
    return found.rule if found else ""


def reason_of(verdict: Verdict) -> str:
    """Why, in one line: the rule that decided and what it found, or the part that nobody judged."""
    if worst := decisive(verdict):
        sure = f"{worst.confidence:.2f}, threshold {worst.threshold:.2f}"
        return f"{worst.rule}: {worst.category} ({worst.severity.slug}) in {worst.part}, {sure}"
    if len(verdict.rounds) > 1 and verdict.action is not Action.REFUSE:
        if missed := gap(verdict):
            return f"not judged: {missed.part}: {missed.reason}, in the answer made again"
        return f"answer made again: {verdict.rounds[-1].strategy}, round {len(verdict.rounds)}"
    missed = next((missed for missed in verdict.unjudged if missed.action is verdict.action), None)
    return f"not judged: {missed.part}: {missed.reason}" if missed else verdict.action.value


def nested(note: Note) -> dict[str, Any]:
    """The note as plain values, for formats with nested columns."""
    found: dict[str, Any] = msgspec.to_builtins(note)
    return found


def flat(note: Note) -> dict[str, str]:
    """The note as columns of text, for formats without nesting."""
    return {
        f"{COLUMN}_action": note.action.value,
        f"{COLUMN}_severity": note.severity,
        f"{COLUMN}_categories": ";".join(note.categories),
        f"{COLUMN}_scores": msgspec.json.encode(note.scores).decode(),
        f"{COLUMN}_rule": note.rule,
        f"{COLUMN}_reason": note.reason,
        f"{COLUMN}_policy_hash": note.policy_hash,
        f"{COLUMN}_models": ";".join(note.models),
        f"{COLUMN}_answer": note.answer if isinstance(note.answer, str) else "",
        f"{COLUMN}_rounds": str(len(note.rounds)) if isinstance(note.rounds, tuple) else "",
    }


FLAT: Final = tuple(flat(Note(action=Action.ALLOW)))
SEVERITIES: Final = tuple(level.slug for level in Severity)
