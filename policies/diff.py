"""Two policies on the same recorded traffic: what would be stopped that is not now, and the other way round.

Only scores are needed. The prompt and the first answer of each exchange are compared: what would have been answered
instead of an answer that only one policy makes again, nobody knows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from .compiled import CompiledPolicy
from .context import NOWHERE, Context
from .decide import Decision, Judged, decide
from .merge import effective
from .thresholds import FalseAlarmTable, Thresholds, resolve
from .verdict import DELIVERS, Action, Finding

Change: TypeAlias = Literal["newly_blocked", "newly_allowed", "other"]

NORMAL: Final = 1.959964
"""The quantile of the normal distribution for 95 % confidence."""

EXAMPLES: Final = 10
"""Exchanges of each kind of change that are named."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded exchange as a policy sees it: where it came from, and its judged parts."""

    id: str
    parts: tuple[Judged, ...]
    context: Context = NOWHERE


class Side:
    """A policy on the models of a recording, whose card (`table`) answers for false-alarm rates."""

    def __init__(self, policy: CompiledPolicy, *, table: FalseAlarmTable | None = None) -> None:
        self.policy = policy
        self._table = table
        self._placed: dict[tuple[str, str], CompiledPolicy] = {}
        self._thresholds: dict[str, Thresholds] = {}

    def decide(self, seen: Seen) -> Decision:
        """What the policy says of an exchange, under its tenant's and route's overlays."""
        policy = self._of(seen.context)
        if policy.hash not in self._thresholds:
            self._thresholds[policy.hash] = resolve(policy.thresholds, self._table)
        return decide(policy, seen.parts, thresholds=self._thresholds[policy.hash], context=seen.context)

    def _of(self, context: Context) -> CompiledPolicy:
        if not self.policy.tenants and not self.policy.routes:
            return self.policy
        key = (context.tenant, context.route)
        if key not in self._placed:
            self._placed[key] = effective(self.policy, tenant=context.tenant, route=context.route)
        return self._placed[key]


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A count of exchanges and their share, with Wilson's interval (JASA 22, 1927) at 95 %."""

    count: int
    share: float
    low: float
    high: float


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A changed exchange: its id, both actions, and the finding that made the difference; no content."""

    id: str
    tenant: str
    before: Action
    after: Action
    part: str = ""
    category: str = ""
    rule: str = ""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """All that changes from one policy to another; `by_category` and `by_tenant` count each kind of change."""

    before: str
    after: str
    exchanges: int
    same: int
    newly_blocked: Share
    newly_allowed: Share
    other: Share
    actions: dict[str, int]
    by_category: dict[str, dict[str, int]]
    by_tenant: dict[str, dict[str, int]]
    examples: dict[str, tuple[Example, ...]]
    unknown: int = 0


def compare(before: Side, after: Side, traffic: Iterable[Seen], *, unknown: int = 0) -> Difference:
    """The difference between two policies on this traffic; `unknown` exchanges could not be compared."""
    tally = Tally()
    for seen in traffic:
        tally.add(seen, before.decide(seen), after.decide(seen))
    return tally.difference(named(before.policy), named(after.policy), unknown=unknown)


class Tally:
    """Counts changes one exchange at a time: for a file of them, or live beside the policy in force."""

    def __init__(self) -> None:
        self.exchanges = 0
        self.kinds: Counter[Change] = Counter()
        self.actions: Counter[str] = Counter()
        self.categories: dict[Change, Counter[str]] = {}
        self.tenants: dict[Change, Counter[str]] = {}
        self.examples: dict[Change, list[Example]] = {}

    def add(self, seen: Seen, before: Decision, after: Decision) -> None:
        """Count one exchange under both policies."""
        self.exchanges += 1
        if before.action is after.action:
            return
        kind = _kind(before.action, after.action)
        example = _example(seen, before, after)
        self.kinds[kind] += 1
        self.actions[f"{before.action} -> {after.action}"] += 1
        self.categories.setdefault(kind, Counter())[example.category or "unjudged"] += 1
        self.tenants.setdefault(kind, Counter())[seen.context.tenant or "-"] += 1
        kept = self.examples.setdefault(kind, [])
        if len(kept) < EXAMPLES:
            kept.append(example)

    def difference(self, before: str, after: str, *, unknown: int = 0) -> Difference:
        """What was counted so far."""
        return Difference(
            before=before,
            after=after,
            exchanges=self.exchanges,
            same=self.exchanges - sum(self.kinds.values()),
            newly_blocked=share(self.kinds["newly_blocked"], self.exchanges),
            newly_allowed=share(self.kinds["newly_allowed"], self.exchanges),
            other=share(self.kinds["other"], self.exchanges),
            actions=dict(self.actions.most_common()),
            by_category={kind: dict(found.most_common()) for kind, found in sorted(self.categories.items())},
            by_tenant={kind: dict(found.most_common()) for kind, found in sorted(self.tenants.items())},
            examples={kind: tuple(found) for kind, found in sorted(self.examples.items())},
            unknown=unknown,
        )


def named(policy: CompiledPolicy) -> str:
    """A policy as reports name it: `NAME@HASH`."""
    return f"{policy.name}@{policy.hash}"


def share(count: int, total: int) -> Share:
    """A count out of a total with its interval; 0..1 where there is nothing to count."""
    if total == 0:
        return Share(count=0, share=0.0, low=0.0, high=1.0)
    rate, square = count / total, NORMAL * NORMAL
    middle = (rate + square / (2 * total)) / (1 + square / total)
    half = NORMAL * math.sqrt(rate * (1 - rate) / total + square / (4 * total * total)) / (1 + square / total)
    return Share(count=count, share=rate, low=max(0.0, middle - half), high=min(1.0, middle + half))


def _kind(before: Action, after: Action) -> Change:
    if before in DELIVERS and after not in DELIVERS:
        return "newly_blocked"
    return "newly_allowed" if after in DELIVERS and before not in DELIVERS else "other"


def _example(seen: Seen, before: Decision, after: Decision) -> Example:
    # The side that does more has the finding that makes the difference.
    louder = after if after.action > before.action else before
    decisive = next((finding for finding in _strongest(louder) if finding.action is louder.action), None)
    return Example(
        id=seen.id,
        tenant=seen.context.tenant,
        before=before.action,
        after=after.action,
        part=decisive.part if decisive else "",
        category=decisive.category if decisive else "",
        rule=decisive.rule if decisive else "",
    )


def _strongest(decision: Decision) -> Sequence[Finding]:
    return sorted(decision.findings, key=lambda finding: -finding.action.force)
