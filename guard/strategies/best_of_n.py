"""Draw several candidates under the guidelines at once; the loop delivers the least risky that passes."""

from __future__ import annotations

from .guideline import guideline
from .plan import Plan, Rejected


def best_of_n(rejected: Rejected) -> Plan:
    """The guideline plan, with `rejected.n` candidates (at least two)."""
    return Plan(guidance=guideline(rejected).guidance, n=max(2, rejected.n))
