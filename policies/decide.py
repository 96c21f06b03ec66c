"""The pure decision: assessments and a policy in, an action with its reasons out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from ..models.assessment import Assessed, Assessment, Severity, Unjudged
from ..models.content import Direction, Kind, Purpose
from ..models.errors import HeadgateError, NotJudged
from ..models.taxonomy import BY_SLUG
from .compiled import CompiledPolicy
from .conditions import conditioned, knows, most_of, raised
from .context import NOWHERE, Context
from .hits import Hit
from .thresholds import FALLBACK, Thresholds, tightened
from .verdict import Action, Coverage, Degraded, Finding, Missed

__all__ = [
    "CompiledPolicy",
    "Decision",
    "Judged",
    "Thresholds",
    "decide",
    "is_clear",
    "limits_of",
    "passes",
    "severity_of",
    "tells_more",
]

REACHED = {1: 0.5, 2: 1 / 3, 3: 0.5}
"""The probability of at least a severity from which it counts as that.

Moderate counts early: calling a moderate harm minor shows it, and calling a minor one moderate costs another draw, so
the first is held to be twice as bad.
"""

PLAUSIBLE = 0.2
"""What a flagged part may be put down to has at least this probability; where nothing has, it is `other`."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the exchange with what its classifier said: `part` is its path, `tool` whose call or result it is.

    `hits` are what the policy's own lists found in it, and `unread` the lines of it that nobody here could look for.
    """

    part: str
    direction: Direction
    kind: Kind
    assessment: Assessment
    purpose: Purpose = "chat"
    tool: str = ""
    hits: tuple[Hit, ...] = ()
    unread: tuple[str, ...] = ()


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What the policy makes of the parts; the guard makes the verdict from it."""

    action: Action = Action.ALLOW
    findings: tuple[Finding, ...] = ()
    coverage: Coverage = Coverage()


class _Hit(msgspec.Struct, frozen=True):
    """A category that counts, with the score and the threshold that made it count."""

    category: str
    score: float
    threshold: float


def decide(
    policy: CompiledPolicy,
    judged: Sequence[Judged],
    *,
    thresholds: Thresholds,
    tighten: int = 0,
    context: Context = NOWHERE,
) -> Decision:
    """The strongest action that any part calls for, with every finding; `tighten` is the number of rejected draws.

    Total and deterministic. A part is flagged when `unsafe` reaches the default threshold. A category counts by itself
    when it has a threshold of its own in the policy (prompt attacks and child safety always have one), and in a flagged
    part at the model's operating point. A flagged part always yields a finding: its likeliest category counts too, or
    `other`, and of those that are `PLAUSIBLE` the one about which the most is done. So a score that rises never lowers
    the action; only a category that is treated more mildly than `other` may, where nothing else is plausible.
    `sensitive` on input yields support or a flag and never more. Scores that are not numbers count as high.
    What lists found, rules and exceptions come last, under the `context`: see `conditions.py`.
    """
    limits = limits_of(thresholds, tighten=tighten)
    findings: list[Finding] = []
    missed: list[Missed] = []
    degraded: list[Degraded] = []
    covered: list[str] = []
    by: dict[str, str] = {}
    for item in judged:
        assessment = item.assessment
        if isinstance(assessment, Unjudged):
            missed.append(_missed(policy, item, assessment))
            continue
        gaps = _gaps(policy, item, assessment)
        missed += gaps
        if not gaps:
            covered.append(item.part)
        if "+" in assessment.model:
            by[item.part] = assessment.model
        if assessment.rung:
            degraded.append(Degraded(part=item.part, rung=assessment.rung))
        if not is_clear(item.direction, assessment, limits):
            says = _Says(policy, item, assessment, judged, context)
            findings += _ordered(_findings(says, limits))
    coverage = Coverage(judged=tuple(covered), unjudged=tuple(missed), degraded=tuple(degraded), by=by)
    if policy.raises or policy.exceptions or policy.seeks:
        findings = conditioned(policy, judged, findings, context=context)
    if not findings and not missed:
        return Decision(coverage=coverage)
    actions = [finding.action for finding in findings] + [part.action for part in missed]
    return Decision(action=max(actions), findings=tuple(findings), coverage=coverage)


def limits_of(thresholds: Thresholds, *, tighten: int) -> Thresholds:
    """The thresholds after a number of rejected draws."""
    if tighten <= 0:
        return thresholds
    return Thresholds(
        default=tightened(thresholds.default, rounds=tighten),
        sensitive=tightened(thresholds.sensitive, rounds=tighten),
        alone={slug: tightened(at, rounds=tighten) for slug, at in thresholds.alone.items()},
        categories={slug: tightened(at, rounds=tighten) for slug, at in thresholds.categories.items()},
    )


def passes(policy: CompiledPolicy, direction: Direction, assessed: Assessed, limits: Thresholds) -> bool:
    """Whether all that `decide` could say of a part without hits is that it was judged and is allowed."""
    return not (policy.has_more_to_say or tells_more(assessed)) and is_clear(direction, assessed, limits)


def tells_more(assessed: Assessed) -> bool:
    """Whether a verdict would name who judged, or who should have, even where nothing is found."""
    return bool(assessed.rung or assessed.missed) or "+" in assessed.model


def is_clear(direction: Direction, assessed: Assessed, limits: Thresholds) -> bool:
    """Whether `decide` would find nothing: the usual case, seen by a few comparisons.

    A NaN is below no threshold.
    """
    if not assessed.unsafe < limits.default:
        return False
    if assessed.sensitive is not None and not assessed.sensitive < limits.sensitive and direction == Direction.INPUT:
        return False
    scores = assessed.categories
    for slug, threshold in limits.alone.items():
        score = scores.get(slug)
        if score is not None and not score < threshold:
            return False
    return True


def severity_of(assessed: Assessed, category: str) -> Severity:
    """How severe a finding is: the highest level that is `REACHED`, never under the category's floor.

    The category's default where severity was not assessed, and at least that for attacks, which the scale leaves out.
    """
    known = BY_SLUG[category]
    if assessed.severity is None:
        return Severity(max(1, known.floor, known.severity))
    # Rounded, since a sum of floats may fall a hair short of what it stands for.
    reached = max((s for s in (1, 2, 3) if _reaches(round(sum(assessed.severity[s:]), 9), REACHED[s])), default=1)
    least = known.severity if category == "prompt_attack" else known.floor
    return Severity(max(reached, least))


class _Says(msgspec.Struct, frozen=True):
    """What a policy says of the categories of one judged part; `judged` are all parts of the exchange."""

    policy: CompiledPolicy
    item: Judged
    assessed: Assessed
    judged: Sequence[Judged]
    context: Context

    def finding(self, hit: _Hit) -> Finding:
        """What the matrix says of a hit."""
        severity, direction = severity_of(self.assessed, hit.category), self.item.direction
        return _finding(
            self.item,
            hit,
            severity=severity,
            action=self.policy.matrix[direction][hit.category][severity],
            rule=self.policy.rules[direction][hit.category][severity],
        )

    def action(self, slug: str) -> Action:
        """What is done about a category where it counts, rules included."""
        if not self.policy.raises:
            return self.policy.matrix[self.item.direction][slug][severity_of(self.assessed, slug)]
        same = [one for one in self.judged if one.part == self.item.part]
        return raised(self.policy, self.finding(_Hit(slug, 1.0, 0.0)), same, self.context).action


def _findings(says: _Says, limits: Thresholds) -> Iterator[Finding]:
    for hit in _hits(says, limits):
        yield says.finding(hit)
    item, at_risk = says.item, says.assessed.sensitive
    if item.direction == Direction.INPUT and at_risk is not None and _reaches(at_risk, limits.sensitive):
        supports = Action.SUPPORT in says.policy.matrix[Direction.INPUT]["self_harm"]
        yield _finding(
            item,
            _Hit("self_harm", at_risk, limits.sensitive),
            severity=Severity.MINOR,
            action=Action.SUPPORT if supports else Action.FLAG,
            rule="support",
        )


def _hits(says: _Says, limits: Thresholds) -> Iterator[_Hit]:
    assessed, direction = says.assessed, says.item.direction
    if not _reaches(assessed.unsafe, limits.default):
        # Only categories that count by themselves are looked at.
        for slug, threshold in limits.alone.items():
            score = assessed.categories.get(slug)
            if score is not None and _counts(slug, direction) and _reaches(score, threshold):
                yield _Hit(slug, score, threshold)
        return
    scores = {slug: p for slug, p in assessed.categories.items() if p is not None and _counts(slug, direction)}
    told = []
    for slug, score in scores.items():
        threshold = limits.alone.get(slug, limits.categories.get(slug, FALLBACK))
        if _reaches(score, threshold):
            told.append(slug)
            yield _Hit(slug, score, threshold)
    plausible = [slug for slug, score in scores.items() if _reaches(score, PLAUSIBLE)]
    leader = min(plausible, key=lambda slug: (-scores[slug], slug), default="other")
    if leader not in told:
        told.append(leader)
        yield _Hit(leader, assessed.unsafe, limits.default)
    # Were it the likeliest alone, a milder category that overtakes a stricter one would lower the action.
    if rest := [slug for slug in plausible if slug not in told]:
        strictest = min(rest, key=lambda slug: (-says.action(slug).force, -scores[slug], slug))
        if says.action(strictest) > max(map(says.action, told)):
            yield _Hit(strictest, assessed.unsafe, limits.default)


def _counts(slug: str, direction: Direction) -> bool:
    # An attack is aimed at a model; what the model itself says cannot be one.
    return slug in BY_SLUG and not (slug == "prompt_attack" and direction == Direction.OUTPUT)


def _finding(item: Judged, hit: _Hit, *, severity: Severity, action: Action, rule: str) -> Finding:
    return Finding(
        category=hit.category,
        severity=severity,
        confidence=round(hit.score, 4),
        threshold=round(hit.threshold, 4),
        part=item.part,
        rule=rule,
        action=action,
        times=tuple((found.start, found.end) for found in getattr(item.assessment, "stretches", ())),
    )


def _missed(policy: CompiledPolicy, item: Judged, unjudged: Unjudged, *, model: str = "") -> Missed:
    action = policy.on_unjudged[item.kind]
    if unjudged.reason in FAILURES:
        action = Action.FLAG if policy.on_error == "open" else Action.REFUSE
    return Missed(part=item.part, reason=unjudged.reason, action=action, model=model)


def _gaps(policy: CompiledPolicy, item: Judged, assessed: Assessed) -> list[Missed]:
    """What is missing of a part that was judged: a judge of several, and lines of this policy that were not looked for.

    The others' word stands. For a judge the policy's rule for failures holds; for lines no more is done than they could
    have called for.
    """
    gaps = []
    if assessed.missed:
        gaps.append(_missed(policy, item, assessed.missed[0], model=assessed.missed[0].model))
    if unread := [rule for rule in item.unread if knows(policy, rule)]:
        most = max(most_of(policy, item.direction.value, rule) for rule in unread)
        action = min(policy.on_unjudged[item.kind], most)
        gaps.append(Missed(part=item.part, reason="no_encoder", action=action, model=unread[0]))
    return gaps


def _reaches(score: float, threshold: float) -> bool:
    # Written this way round so that a NaN counts as reached: no number is not a low number.
    return not score < threshold


def _ordered(findings: Iterator[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda f: (-f.action.force, -f.severity, f.category, f.rule))


def _reasons(kind: type[HeadgateError]) -> set[str]:
    own = {kind.reason} if issubclass(kind, NotJudged) else set()
    return own.union(*(_reasons(child) for child in kind.__subclasses__()))


FAILURES = frozenset(_reasons(NotJudged))
"""Reasons that mean a classifier was there and failed; any other means that nobody here reads such a part."""
