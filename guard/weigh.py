"""From assessments to decisions inside an exchange: pure helpers of the loop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple, TypeAlias

import msgspec

from ..models.assessment import Assessed, Assessment
from ..models.classifier import Classifier
from ..models.content import Direction, Part, Text, direction_of, kind_of
from ..policies.compiled import CompiledPolicy
from ..policies.context import NOWHERE, Context
from ..policies.decide import Decision, Judged, Thresholds, decide, is_clear, limits_of, tells_more
from ..policies.hits import Hit
from ..policies.seek.finder import Finder, finder_of
from ..policies.verdict import DELIVERS, Action, Coverage, Degraded, Finding, Missed


class Searched(NamedTuple):
    """What a policy's lists find in a text, and which of them could not be looked for."""

    hits: tuple[Hit, ...] = ()
    unread: tuple[str, ...] = ()


_NOTHING = Searched()

Sought: TypeAlias = dict[tuple[Part, bytes], Searched]
"""What was found in the texts of an exchange, by the text and what it is about: each is searched once."""


class Rules(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A policy with its thresholds resolved against the models that are loaded, and those models' digests.

    `context` are the circumstances under which it is asked; `reader` reads texts, and tells what they are about where
    the policy's own categories go by that.
    """

    policy: CompiledPolicy
    thresholds: Thresholds
    models: tuple[str, ...] = ()
    context: Context = NOWHERE
    reader: Classifier | None = None

    @property
    def enforces(self) -> bool:
        """False in monitor mode, where everything is judged and nothing is held back."""
        return self.policy.mode == "enforce"

    @cached_property
    def masking(self) -> frozenset[Direction]:
        """The directions in which something could be masked for what is found there."""
        if self.policy.seeks or any(rule.action is Action.REDACT for rule in self.policy.raises):
            return frozenset(Direction)
        rows = self.policy.matrix.items()
        return frozenset(Direction(d) for d, own in rows if any(Action.REDACT in row for row in own.values()))

    @cached_property
    def finder(self) -> Finder | None:
        """What looks for the policy's own words in texts; None where it lists none."""
        return finder_of(self.policy, self.reader)

    def within(self, context: Context) -> Rules:
        """The same rules under other circumstances; what was made for them once is kept."""
        placed = msgspec.structs.replace(self, context=context)
        vars(placed).update(vars(self))
        return placed

    def rejects(self, action: Action) -> bool:
        """Whether an answer with this action must not be shown."""
        return self.enforces and action not in DELIVERS


def weigh(
    rules: Rules,
    parts: Sequence[Part],
    assessments: Sequence[Assessment],
    *,
    tighten: int = 0,
    sought: Sought | None = None,
) -> Decision:
    """The policy's decision about these parts; `tighten` is the number of rounds that went before.

    What was `sought` in a text under these rules is not looked for again.
    """
    limits = rules.thresholds if tighten <= 0 else limits_of(rules.thresholds, tighten=tighten)
    directions = [direction_of(part.role) for part in parts]
    if len(parts) == len(assessments) and all_clear(rules.policy, directions, assessments, limits):
        return Decision(coverage=Coverage(judged=tuple([part.path for part in parts])))
    judged = [judged_of(rules, part, found, sought=sought) for part, found in zip(parts, assessments, strict=True)]
    return decide(rules.policy, judged, thresholds=rules.thresholds, tighten=tighten, context=rules.context)


def all_clear(
    policy: CompiledPolicy, directions: Iterable[Direction], assessments: Iterable[Assessment], limits: Thresholds
) -> bool:
    """Whether all that can be said of these parts is that they were judged and are allowed: nearly always."""
    if policy.has_more_to_say:
        return False
    for direction, found in zip(directions, assessments, strict=False):
        if not isinstance(found, Assessed) or tells_more(found) or not is_clear(direction, found, limits):
            return False
    return True


def judged_of(rules: Rules, part: Part, assessment: Assessment, *, sought: Sought | None = None) -> Judged:
    """A part as the policy sees it: where it stands, its scores, and what the policy's own lists find in it."""
    direction = direction_of(part.role)
    if not isinstance(part, Text):
        return Judged(
            part=part.path, direction=direction, kind=kind_of(part), assessment=assessment, purpose=part.purpose
        )
    searched = _searched(rules, part, assessment, sought)
    return Judged(
        part=part.path,
        direction=direction,
        kind="text",
        assessment=assessment,
        purpose=part.purpose,
        tool=part.tool,
        hits=searched.hits,
        unread=searched.unread,
    )


def _searched(rules: Rules, part: Text, assessment: Assessment, sought: Sought | None) -> Searched:
    """What the policy's lists find in a text, looked for unless it is known."""
    finder = rules.finder
    if finder is None:
        return _NOTHING
    meaning = assessment.meaning if isinstance(assessment, Assessed) else b""
    known = sought.get((part, meaning)) if sought is not None else None
    if known is None:
        direction = direction_of(part.role)
        hits = finder.find(part.text, direction, meaning=meaning)
        known = Searched(hits, finder.unread(part.text, direction, meaning=meaning))
        if sought is not None:
            sought[part, meaning] = known
    return known


def merged(decisions: Iterable[Decision]) -> Decision:
    """One decision about all: the strongest finding of each part and category, each path covered once."""
    every = list(decisions)
    if len(every) == 1 and len(every[0].coverage.judged) == 1 and _says_nothing(every[0]):
        return every[0]
    if all(map(_says_nothing, every)):
        paths = chain.from_iterable([decision.coverage.judged for decision in every])
        return Decision(coverage=Coverage(judged=tuple(dict.fromkeys(paths))))
    found: dict[tuple[str, str, str], Finding] = {}
    missed: dict[tuple[str, str], Missed] = {}
    degraded: dict[str, Degraded] = {}
    for decision in every:
        for finding in decision.findings:
            # Stretches are kept rule by rule: each of them is masked.
            key = (finding.part, finding.category, finding.rule if finding.spans else "")
            if key not in found or _rank(finding) > _rank(found[key]):
                found[key] = finding
        for miss in decision.coverage.unjudged:
            missed.setdefault((miss.part, miss.model), miss)
        for one in decision.coverage.degraded:
            degraded.setdefault(one.part, one)
    gaps = {part for part, _ in missed}
    judged: dict[str, None] = {}
    for decision in every:
        for path in decision.coverage.judged:
            if path not in gaps:
                judged[path] = None
    action = Action.ALLOW
    for decision in every:
        if decision.action is not Action.ALLOW and decision.action > action:
            action = decision.action
    by = {part: who for decision in every for part, who in decision.coverage.by.items()}
    stood_in = tuple(one for path, one in degraded.items() if path not in gaps)
    return Decision(
        action=action,
        findings=tuple(found.values()),
        coverage=Coverage(judged=tuple(judged), unjudged=tuple(missed.values()), degraded=stood_in, by=by),
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


def _says_nothing(decision: Decision) -> bool:
    """Whether it says of some parts that they were judged, and no more."""
    coverage = decision.coverage
    told = decision.findings or coverage.unjudged or coverage.degraded or coverage.by
    return not told and decision.action is Action.ALLOW


def _rank(finding: Finding) -> tuple[int, int, float]:
    return (finding.action.force, int(finding.severity), finding.confidence)
