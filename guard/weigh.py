"""From assessments to decisions inside an exchange: pure helpers of the loop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from ..models.assessment import Assessed, Assessment
from ..models.content import Part, Text, direction_of, kind_of
from ..policies.compiled import CompiledPolicy
from ..policies.decide import Decision, Judged, Thresholds, decide
from ..policies.verdict import DELIVERS, Action, Coverage, Finding, Missed


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """A policy with its thresholds resolved against the models that are loaded, and those models' digests."""

    policy: CompiledPolicy
    thresholds: Thresholds
    models: tuple[str, ...] = ()

    @property
    def enforces(self) -> bool:
        """False in monitor mode, where everything is judged and nothing is held back."""
        return self.policy.mode == "enforce"

    def rejects(self, action: Action) -> bool:
        """Whether an answer with this action must not be shown."""
        return self.enforces and action not in DELIVERS


def weigh(rules: Rules, parts: Sequence[Part], assessments: Sequence[Assessment], *, tighten: int = 0) -> Decision:
    """The policy's decision about these parts; `tighten` is the number of rounds that went before."""
    judged = [
        Judged(part=part.path, direction=direction_of(part.role), kind=kind_of(part), assessment=assessment)
        for part, assessment in zip(parts, assessments, strict=True)
    ]
    return decide(rules.policy, judged, thresholds=rules.thresholds, tighten=tighten)


def merged(decisions: Iterable[Decision]) -> Decision:
    """One decision about all: the strongest finding of each part and category, each path covered once."""
    every = list(decisions)
    found: dict[tuple[str, str], Finding] = {}
    for finding in (finding for decision in every for finding in decision.findings):
        key = (finding.part, finding.category)
        if key not in found or _rank(finding) > _rank(found[key]):
            found[key] = finding
    missed: dict[str, Missed] = {}
    for miss in (miss for decision in every for miss in decision.coverage.unjudged):
        missed.setdefault(miss.part, miss)
    judged = dict.fromkeys(path for decision in every for path in decision.coverage.judged if path not in missed)
    return Decision(
        action=max((decision.action for decision in every), default=Action.ALLOW),
        findings=tuple(found.values()),
        coverage=Coverage(judged=tuple(judged), unjudged=tuple(missed.values())),
    )


def risk(assessments: Iterable[Assessment]) -> float:
    """The worst `unsafe` of these, 1.0 for what was not judged: by this, candidates are ranked."""
    return max((a.unsafe if isinstance(a, Assessed) else 1.0 for a in assessments), default=0.0)


def question_of(parts: Iterable[Part]) -> str:
    """The question that an answer is judged against: the last user message's text."""
    texts = [part for part in parts if isinstance(part, Text) and part.role == "user"]
    if not texts:
        return ""
    message = texts[-1].path.split(".", 1)[0]
    return "\n".join(part.text for part in texts if part.path.split(".", 1)[0] == message)


def _rank(finding: Finding) -> tuple[int, int, float]:
    return (finding.action.force, int(finding.severity), finding.confidence)
