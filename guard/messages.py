"""What the caller is shown instead of content: a refusal that explains itself, or help for a person at risk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..models.taxonomy import BY_SLUG
from ..policies.compiled import CompiledPolicy
from ..policies.verdict import Coverage, Finding

SUPPORT: Final = (
    "It sounds as if you are going through something very hard, and I am glad you said it. You do not have to carry it "
    "alone. If you might be in danger now, please call your local emergency number, or a crisis line: 988 in the US "
    "and Canada, 116 123 in the UK, Ireland and much of Europe, and findahelpline.com lists others. "
    "Is there someone near you whom you could tell today?"
)
_REFUSAL: Final = "I can't help with that as asked: it touches on {names}. I'm glad to help with a safe version of it."
_UNJUDGED: Final = "I can't pass this on: a part of it could not be checked for safety. Please try again later."
_EXHAUSTED: Final = (
    "I couldn't give an answer that keeps to the safety rules here ({names}). Please try asking another way."
)


def refusal(policy: CompiledPolicy, findings: Iterable[Finding], coverage: Coverage, *, tried: bool = False) -> str:
    """The text of a refusal: the policy's own, or one that names the categories in plain words, never the content."""
    if policy.block.message:
        return policy.block.message
    names = _names(findings)
    if not names:
        return _UNJUDGED if coverage.unjudged else _REFUSAL.format(names="something unsafe")
    return (_EXHAUSTED if tried else _REFUSAL).format(names=names)


def support(policy: CompiledPolicy) -> str:
    """The text for a person at risk: the policy's own, or ours."""
    return policy.block.support or SUPPORT


def _names(findings: Iterable[Finding]) -> str:
    slugs = dict.fromkeys(finding.category for finding in findings if finding.category != "other")
    return ", ".join(BY_SLUG[slug].name.lower() for slug in slugs)
