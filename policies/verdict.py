"""The verdict: one struct and one JSON in the gateway, the decorator and the batch filter."""

from __future__ import annotations

import enum
from functools import total_ordering

import msgspec

from ..models.assessment import Severity


@total_ordering
class Action(enum.Enum):
    """What is done about a part or a whole exchange; ordered by force, so that `max` is the strictest."""

    ALLOW = "allow"
    FLAG = "flag"
    GUIDELINE = "guideline"
    REDACT = "redact"
    CORRECT = "correct"
    REGENERATE = "regenerate"
    SUPPORT = "support"
    REFUSE = "refuse"

    @property
    def force(self) -> int:
        """The rank of the action, 0 (allow) to 7 (refuse)."""
        return _FORCE[self.value]

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Action):
            return NotImplemented
        return self.force < other.force

    def __str__(self) -> str:
        return self.value


_FORCE = {action.value: rank for rank, action in enumerate(Action)}

DELIVERS = frozenset({Action.ALLOW, Action.FLAG, Action.GUIDELINE})
"""Actions under which the judged content itself may pass on unchanged."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One reason for an action: what was found, how sure, where, and which rule of the policy decided."""

    category: str
    severity: Severity
    confidence: float
    threshold: float
    part: str
    rule: str
    action: Action


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """A part that nobody judged, why, and what the policy does about it."""

    part: str
    reason: str
    action: Action


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """Which parts were judged and which were not; every part of the exchange is in exactly one of the two."""

    judged: tuple[str, ...] = ()
    unjudged: tuple[Missed, ...] = ()


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One draw of the filter-and-regenerate loop and what was thought of it."""

    round: int
    strategy: str
    action: Action
    findings: tuple[Finding, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided about an exchange.

    `action` is the strongest thing that was done; `findings` and `coverage` speak of the parts as last judged;
    `rounds` lists the draws. It holds no content and no time: the same exchange gives the same bytes.
    """

    action: Action
    findings: tuple[Finding, ...] = ()
    coverage: Coverage = Coverage()
    policy: str = ""
    policy_hash: str = ""
    models: tuple[str, ...] = ()
    rounds: tuple[Round, ...] = ()
    mode: str = "enforce"

    @property
    def delivers(self) -> bool:
        """Whether the content as judged may pass on unchanged."""
        return self.mode == "monitor" or self.action in DELIVERS

    @property
    def severity(self) -> Severity:
        """The worst severity found, NONE where nothing was."""
        return max((finding.severity for finding in self.findings), default=Severity.NONE)

    @property
    def unjudged(self) -> tuple[Missed, ...]:
        """The parts that nobody judged."""
        return self.coverage.unjudged

    def to_json(self) -> bytes:
        """The canonical JSON: keys sorted, no spaces; equal verdicts give equal bytes."""
        return msgspec.json.encode(self, order="sorted")
