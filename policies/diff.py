"""Two policies on the same recorded traffic: what would be stopped that is not now, and the other way round.

Only scores are needed. Each policy is walked through the prompt and the answers that were drawn, until it accepts one
or ends the exchange. What would have been drawn after the last recorded answer, nobody knows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from ..models.classifier import Classifier
from .compiled import CompiledPolicy
from .context import NOWHERE, Context
from .decide import Decision, Judged, decide
from .merge import effective
from .seek.finder import Finder, finder_of
from .thresholds import FalseAlarmTable, Thresholds, resolve
from .verdict import DELIVERS, Action, Finding

Change: TypeAlias = Literal["newly_blocked", "newly_allowed", "other"]

NORMAL: Final = 1.959964
"""The quantile of the normal distribution for 95 % confidence."""

EXAMPLES: Final = 10
"""Exchanges of each kind of change that are named."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded exchange as a policy sees it: where it came from, and its judged parts.

    `parts` are those of the prompt, `rounds` those of each answer that was drawn.
    """

    id: str
    parts: tuple[Judged, ...]
    rounds: tuple[tuple[Judged, ...], ...] = ()
    context: Context = NOWHERE


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """The same exchange as each policy sees it, where their own lists find different things in it."""

    before: Seen
    after: Seen


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Where a policy comes to with an exchange: the action, and the answers that it looked at for it.

    `open`: it would have drawn on where the record ends.
    """

    action: Action
    draws: int = 0
    findings: tuple[Finding, ...] = ()
    open: bool = False


class Side:
    """A policy on the models of a recording, whose card (`table`) answers for false-alarm rates, or its `thresholds`.

    `reader` tells what texts are about, for categories of the policy's own.
    """

    def __init__(
        self,
        policy: CompiledPolicy,
        *,
        table: FalseAlarmTable | None = None,
        thresholds: Thresholds | None = None,
        reader: Classifier | None = None,
    ) -> None:
        self.policy = policy
        self._table = table
        self._reader = reader
        self._placed: dict[tuple[str, str], CompiledPolicy] = {}
        self._thresholds = {} if thresholds is None else {policy.hash: thresholds}

    def outcome(self, seen: Seen) -> Outcome:
        """Where the policy comes to, under its tenant's and route's overlays."""
        prompt = self._decide(seen, seen.parts, tighten=0)
        if prompt.action not in _GOES_ON or not seen.rounds:
            return Outcome(action=prompt.action, findings=prompt.findings)
        policy = self.within(seen.context)
        most = policy.regenerate.rounds_when.get(prompt.action.value, policy.regenerate.rounds)
        findings, draw, answer = prompt.findings, 0, prompt
        for draw, parts in enumerate(seen.rounds, start=1):
            answer = self._decide(seen, parts, tighten=draw - 1 if policy.regenerate.tighten else 0)
            findings += answer.findings
            if answer.action not in _DRAWS_ON or draw >= most:
                break
        left = answer.action in _DRAWS_ON and draw < most
        return Outcome(action=max(prompt.action, answer.action), draws=draw, findings=findings, open=left)

    def finder(self, context: Context) -> Finder | None:
        """What looks for the policy's own words, under the same overlays."""
        return finder_of(self.within(context), self._reader)

    def within(self, context: Context) -> CompiledPolicy:
        """The policy with the overlays of a tenant and route."""
        if not self.policy.tenants and not self.policy.routes:
            return self.policy
        key = (context.tenant, context.route)
        if key not in self._placed:
            self._placed[key] = effective(self.policy, tenant=context.tenant, route=context.route)
        return self._placed[key]

    def _decide(self, seen: Seen, parts: Sequence[Judged], *, tighten: int) -> Decision:
        policy = self.within(seen.context)
        if policy.hash not in self._thresholds:
            self._thresholds[policy.hash] = resolve(policy.thresholds, self._table)
        limits = self._thresholds[policy.hash]
        return decide(policy, parts, thresholds=limits, tighten=tighten, context=seen.context)


_GOES_ON: Final = frozenset({*DELIVERS, Action.REDACT})
"""Actions about a prompt after which upstream is asked."""

_DRAWS_ON: Final = frozenset({Action.REDACT, Action.CORRECT, Action.REGENERATE})
"""Actions about an answer after which another one is drawn."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A count of exchanges and their share, with Wilson's interval (JASA 22, 1927) at 95 %."""

    count: int
    share: float
    low: float
    high: float


class Example(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An exchange under both policies: its id, both actions, and the finding that made the difference; no content.

    `before_draws` and `after_draws` are the answers that each policy looked at, and `open` says that it would have
    drawn on.
    """

    id: str
    tenant: str
    before: Action
    after: Action
    before_draws: int = 0
    after_draws: int = 0
    before_open: bool = False
    after_open: bool = False
    part: str = ""
    category: str = ""
    rule: str = ""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """All that changes from one policy to another; `by_category` and `by_tenant` count each kind of change.

    `draws` are the answers that each policy looked at, and `open` the exchanges in which it would have drawn on where
    the record ends, by `before` and `after`.
    """

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
    draws: dict[str, int] = {}
    open: dict[str, int] = {}
    unknown: int = 0


def compare(before: Side, after: Side, traffic: Iterable[Seen | Pair], *, unknown: int = 0) -> Difference:
    """The difference between two policies on this traffic; `unknown` exchanges could not be compared."""
    tally = Tally()
    for one in traffic:
        pair = one if isinstance(one, Pair) else Pair(before=one, after=one)
        tally.add(pair.before, before.outcome(pair.before), after.outcome(pair.after))
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
        self.draws: Counter[str] = Counter()
        self.open: Counter[str] = Counter()

    def add(self, seen: Seen, before: Outcome, after: Outcome) -> None:
        """Count one exchange under both policies."""
        self.count(compared(seen, before, after))

    def count(self, example: Example) -> None:
        """Count one exchange that was compared."""
        self.exchanges += 1
        self.draws.update(before=example.before_draws, after=example.after_draws)
        self.open.update(before=example.before_open, after=example.after_open)
        if example.before is example.after and example.before_draws == example.after_draws:
            return
        kind = _kind(example.before, example.after)
        self.kinds[kind] += 1
        self.actions[f"{example.before} -> {example.after}"] += 1
        self.categories.setdefault(kind, Counter())[example.category or "unjudged"] += 1
        self.tenants.setdefault(kind, Counter())[example.tenant or "-"] += 1
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
            draws=dict(self.draws),
            open=dict(self.open),
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


def compared(seen: Seen, before: Outcome, after: Outcome) -> Example:
    """One exchange under both policies."""
    # The side that does more has the finding that makes the difference.
    louder = after if (after.action.force, after.draws) > (before.action.force, before.draws) else before
    decisive = max(louder.findings, key=lambda finding: finding.action.force, default=None)
    return Example(
        id=seen.id,
        tenant=seen.context.tenant,
        before=before.action,
        after=after.action,
        before_draws=before.draws,
        after_draws=after.draws,
        before_open=before.open,
        after_open=after.open,
        part=decisive.part if decisive else "",
        category=decisive.category if decisive else "",
        rule=decisive.rule if decisive else "",
    )
