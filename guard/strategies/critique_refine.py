"""Criticise, then refine: the finding as language feedback in a further turn (Align-Anything, technical report).

The critique says which rule was broken, where, and what would be acceptable. The rejected text is never in it.
"""

from __future__ import annotations

import re
from typing import Final

from ...models.assessment import Severity
from ...models.taxonomy import BY_SLUG
from ...policies.verdict import Finding
from ..guidelines import acceptable, ranked
from .guideline import guideline
from .plan import Plan, Rejected

WITHHELD: Final = "[An answer was written here and withheld: it broke the safety rules.]"
"""Stands where the rejected answer was, so that roles alternate."""

_PLACES: Final = {
    "content": "the answer",
    "reasoning": "the reasoning before the answer",
    "refusal": "the refusal",
    "tool_calls": "the arguments of a tool call",
}
_PATH: Final = re.compile(r"response\[(\d+)\]\.(content|reasoning|refusal|tool_calls)")
_MOST: Final = 4


def critique_refine(rejected: Rejected) -> Plan:
    """The guideline plan with the critique as one more user turn, after a placeholder for the rejected answer."""
    turns = (("assistant", WITHHELD), ("user", critique(rejected)))
    return Plan(guidance=guideline(rejected).guidance, turns=turns)


def critique(rejected: Rejected) -> str:
    """The feedback: for each category the severity and the place, then what is wanted."""
    lines = [_line(finding, rejected) for finding in _worst(rejected)]
    if not lines:
        lines = ["- It could not be checked for safety; keep it plain and harmless."]
    return "\n".join(
        [
            f"A safety review rejected your answer (attempt {rejected.round}):",
            *lines,
            "Now, please refine the answer to my question. Keep everything that was helpful and harmless, leave out or "
            "replace what broke a rule, and do not mention this review.",
        ]
    )


def _worst(rejected: Rejected) -> list[Finding]:
    """The worst finding of each category, worst first."""
    first: dict[str, Finding] = {}
    for finding in ranked(rejected.findings):
        first.setdefault(finding.category, finding)
    return list(first.values())[:_MOST]


def _line(finding: Finding, rejected: Rejected) -> str:
    rule, severity = BY_SLUG[finding.category].name, Severity(finding.severity).slug
    wanted = acceptable(finding.category, severity=finding.severity, own=rejected.guidelines)
    return f"- {rule} ({severity}), in {_place(finding.part, rejected.sentence)}. Acceptable: {wanted}"


def _place(path: str, sentence: int | None) -> str:
    found = _PATH.match(path)
    field = found[2] if found else "content"
    since = f" from sentence {sentence} on" if sentence is not None and field == "content" else ""
    return f"{_PLACES[field]}{since}"
