"""The verdict: one struct and one JSON in the gateway, the decorator and the batch filter."""

from __future__ import annotations

import enum

import msgspec

from ..models.assessment import Severity


class Action(enum.Enum):
    """What is done about a part or a whole exchange; ordered by force, so that `max` is the strictest.

    `force` is the rank of the action, 0 (allow) to 7 (refuse).
    """

    force: int

    ALLOW = "allow"
    FLAG = "flag"
    GUIDELINE = "guideline"
    REDACT = "redact"
    CORRECT = "correct"
    REGENERATE = "regenerate"
    SUPPORT = "support"
    REFUSE = "refuse"

    def __init__(self, word: str) -> None:
        self.force = len(type(self).__members__)

    # Members are compared and looked up with every part of every exchange, hence nothing generic here.
    __hash__ = object.__hash__

    def __lt__(self, other: object) -> bool:
        return self.force < other.force if isinstance(other, Action) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self.force <= other.force if isinstance(other, Action) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self.force > other.force if isinstance(other, Action) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self.force >= other.force if isinstance(other, Action) else NotImplemented

    def __str__(self) -> str:
        return str(self.value)


DELIVERS = frozenset({Action.ALLOW, Action.FLAG, Action.GUIDELINE})
"""Actions under which the judged content itself may pass on unchanged."""


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reason for an action: what was found, how sure, where, and which rule of the policy decided.

    `spans` are stretches of the judged text, in code points, where what was found has a place in it; `times` are those
    of a video, in seconds.
    """

    category: str
    severity: Severity
    confidence: float
    threshold: float
    part: str
    rule: str
    action: Action
    spans: tuple[tuple[int, int], ...] = ()
    times: tuple[tuple[float, float], ...] = ()


class Missed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part that was not judged as it should be, why, and what the policy does about it.

    `model` is the one that was missing where others judged the part: their findings stand beside this.
    """

    part: str
    reason: str
    action: Action
    model: str = ""


class Degraded(msgspec.Struct, frozen=True, kw_only=True):
    """A part that a stand-in judged, and its name: the classifier in charge was overloaded, late or broken."""

    part: str
    rung: str


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """Which parts were judged and which were not; every part of the exchange is in exactly one of the two.

    Of those judged, `degraded` are the ones that the classifier in charge did not judge. `by` names who judged a part
    where several did.
    """

    judged: tuple[str, ...] = ()
    unjudged: tuple[Missed, ...] = ()
    degraded: tuple[Degraded, ...] = ()
    by: dict[str, str] = {}


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
