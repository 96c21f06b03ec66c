"""Ask again under the guidelines of the categories that were found (Guide-Align, arXiv 2403.11838)."""

from __future__ import annotations

from ..guidelines import guidance
from .plan import Plan, Rejected


def guideline(rejected: Rejected) -> Plan:
    """A system note for what was found in the answer and in the prompt; never the rejected text."""
    found = (*rejected.findings, *rejected.prompt_findings)
    return Plan(guidance=guidance(found, own=rejected.guidelines, question=rejected.question))
