"""Ask again, unchanged: the baseline, and what the closed form of the loop speaks about."""

from __future__ import annotations

from .plan import Plan, Rejected


def blind(rejected: Rejected) -> Plan:
    """The same request once more."""
    return Plan()
