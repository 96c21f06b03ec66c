"""Rules, exceptions and what lists found, laid over the findings of the matrix: pure, like everything that decides.

A rule only tightens and an exception only loosens; exceptions come last, and what the law treats apart has none. A
person at risk is owed help: neither touches that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from ..models.assessment import Severity
from ..models.taxonomy import BY_SLUG
from .compiled import CompiledPolicy
from .context import Context
from .hits import Hit
from .listed import Custom, Excuse, When, WordList
from .verdict import Action, Finding

if TYPE_CHECKING:
    from .decide import Judged

    Parts: TypeAlias = Mapping[str, Sequence[Judged]]

SEVERE: Final = 3
"""A category that is never less severe than this knows no exceptions."""


class _Says(msgspec.Struct, frozen=True):
    category: str
    severity: int
    action: Action


def conditioned(
    policy: CompiledPolicy, judged: Sequence[Judged], findings: Sequence[Finding], *, context: Context
) -> list[Finding]:
    """The findings with what lists found, after rules and then exceptions; those of one part stay together."""
    judged = [_own(policy, item) for item in judged]
    parts: dict[str, list[Judged]] = {}
    for item in judged:
        parts.setdefault(item.part, []).append(item)
    listed = [_of_hit(policy, item, hit) for item in judged for hit in item.hits if not hit.excuses]
    told = [*_of_rules(policy, judged, context)]
    every = [raised(policy, finding, parts[finding.part], context) for finding in (*findings, *listed)]
    settled = [_excused(policy, finding, parts[finding.part], context) for finding in (*every, *told)]
    order = {path: place for place, path in enumerate(parts)}
    return sorted(settled, key=lambda f: (order[f.part], -f.action.force, -f.severity, f.category, f.rule))


def holds(when: When, item: Judged, context: Context) -> bool:
    """Whether the circumstances hold for a part, whatever was found in it."""
    return (
        _named(when.tenant, context.tenant)
        and _named(when.route, context.route)
        and _named(when.model, context.model)
        and _named(when.tool, item.tool)
        and (not when.language or any(_spoken(when.language, tag) for tag in context.languages))
        and (not when.direction or item.direction in when.direction)
        and (not when.kind or item.kind in when.kind)
        and (not when.purpose or item.purpose in when.purpose)
        and not context.strikes < when.strikes
    )


def finds(when: When, finding: Finding) -> bool:
    """Whether a finding is one that the circumstances speak of."""
    return _named(when.category, finding.category) and finding.severity >= when.severity


def _of_hit(policy: CompiledPolicy, item: Judged, hit: Hit) -> Finding:
    """The finding of a hit: by the list's own action, or by the matrix."""
    says = _said(policy, item.direction.value, hit)
    return Finding(
        category=says.category,
        severity=Severity(says.severity),
        confidence=round(hit.score, 4),
        threshold=round(hit.threshold, 4),
        part=item.part,
        rule=hit.rule,
        action=says.action,
        # A part of which not every stretch is known is masked whole.
        spans=() if hit.more else hit.spans,
    )


def _own(policy: CompiledPolicy, item: Judged) -> Judged:
    """The part with what lines of this policy found in it; what another one's found, or excused, says nothing here."""
    hits = tuple([hit for hit in item.hits if knows(policy, hit.rule, excuses=hit.excuses)])
    return item if len(hits) == len(item.hits) else msgspec.structs.replace(item, hits=hits)


def knows(policy: CompiledPolicy, rule: str, *, excuses: bool = False) -> bool:
    """Whether the policy has this line (`custom.betting`), as an allow-list where it excuses."""
    kind, _, name = rule.partition(".")
    if kind == "lists":
        return any(line.name == name and line.allow == excuses for line in policy.lists)
    if kind == "pii":
        return not excuses and policy.pii is not None and name in policy.pii.kinds
    return not excuses and any(line.name == name for line in policy.custom)


def most_of(policy: CompiledPolicy, direction: str, rule: str) -> Action:
    """What is done where a line finds something (`custom.betting`), and a flag at least."""
    return max(Action.FLAG, _said(policy, direction, Hit(rule=rule)).action)


def _said(policy: CompiledPolicy, direction: str, hit: Hit) -> _Says:
    """What the policy says of a hit; where several lines bear the name, the strictest of them."""
    kind, _, name = hit.rule.partition(".")
    if kind == "pii" and policy.pii is not None:
        return _Says("privacy", 1, policy.pii.actions[direction])
    lines: Sequence[WordList | Custom] = policy.lists if kind == "lists" else policy.custom
    return max((_line(policy, direction, line) for line in lines if line.name == name), key=lambda says: says.action)


def _line(policy: CompiledPolicy, direction: str, line: WordList | Custom) -> _Says:
    floor = BY_SLUG[line.category].floor
    severity = max(line.severity, floor)
    by_matrix = policy.matrix[direction][line.category][severity]
    own = line.action is not None and floor < SEVERE
    return _Says(line.category, severity, line.action if own and line.action else by_matrix)


def _of_rules(policy: CompiledPolicy, judged: Sequence[Judged], context: Context) -> Iterator[Finding]:
    """A finding for every part that a rule stops whatever is in it."""
    for rule in policy.raises:
        if rule.when.of_findings:
            continue
        for item in judged:
            if holds(rule.when, item, context):
                yield Finding(
                    category="other",
                    severity=Severity.MINOR,
                    confidence=1.0,
                    threshold=1.0,
                    part=item.part,
                    rule=f"rules.{rule.name}",
                    action=rule.action,
                )


def raised(policy: CompiledPolicy, finding: Finding, items: Sequence[Judged], context: Context) -> Finding:
    """The finding after every rule that speaks of it; `items` are what was judged at its place."""
    for rule in policy.raises:
        action = _owed(policy, finding, items, rule.action)
        if (
            rule.when.of_findings
            and action > finding.action
            and finding.action is not Action.SUPPORT
            and finds(rule.when, finding)
            and any(holds(rule.when, item, context) for item in items)
        ):
            finding = _done(finding, action, f"rules.{rule.name}")
    return finding


def _owed(policy: CompiledPolicy, finding: Finding, items: Sequence[Judged], action: Action) -> Action:
    """The action of a rule, but never more than help where more of the same is answered with help.

    Else a person who speaks of the worse harm would be helped, and one who speaks of the lesser turned away.
    """
    rows = (policy.matrix[item.direction][finding.category] for item in items)
    helped = action > Action.SUPPORT and any(Action.SUPPORT in row[finding.severity :] for row in rows)
    return Action.SUPPORT if helped else action


def _excused(policy: CompiledPolicy, finding: Finding, items: Sequence[Judged], context: Context) -> Finding:
    if BY_SLUG[finding.category].floor >= SEVERE or finding.action is Action.SUPPORT:
        return finding
    entry = next((hit.rule for hit in items[0].hits if hit.excuses), None)
    if entry and finding.action > Action.FLAG and all(_is_entry(item) for item in items):
        finding = _done(finding, Action.FLAG, entry)
    for excuse in policy.exceptions:
        if (
            finding.action > excuse.action
            and in_force(excuse, context.today)
            and finds(excuse.when, finding)
            and all(holds(excuse.when, item, context) for item in items)
        ):
            finding = _done(finding, excuse.action, f"exceptions.{excuse.name}")
    return finding


def in_force(excuse: Excuse, today: str) -> bool:
    """Whether an exception holds on a day (YYYY-MM-DD); on an unknown day none does."""
    return bool(today) and today < excuse.expires


def _done(finding: Finding, action: Action, rule: str) -> Finding:
    return msgspec.structs.replace(finding, action=action, rule=rule)


def _is_entry(item: Judged) -> bool:
    return any(hit.excuses for hit in item.hits)


def _named(patterns: Iterable[str], name: str) -> bool:
    return not patterns or any(_matches(pattern, name) for pattern in patterns)


@lru_cache(maxsize=4096)
def _matches(pattern: str, name: str) -> bool:
    return fnmatchcase(name, pattern.replace("[", "[[]"))


def _spoken(languages: Iterable[str], tag: str) -> bool:
    """Whether a tag is one of the languages, or a variety of one: `pt-br` is `pt`."""
    return any(tag == language or tag.startswith(f"{language}-") or language == "*" for language in languages)
