"""One word for what became of a request, and of each of its directions; the values of metrics' `result` labels."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from ..policies.verdict import DELIVERS, Action, Verdict

Result: TypeAlias = Literal["allowed", "masked", "blocked", "regenerated", "unjudged", "would_block", "would_mask"]

_OURS: Final = ("response", "rewrite[")
"""How paths of an answer begin, and of a prompt that a helper wrote."""


class Phase(msgspec.Struct, frozen=True):
    """One direction of an exchange and what became of it."""

    direction: Literal["input", "output"]
    result: Result


def result_of(verdict: Verdict, delivery: str) -> str:
    """What became of the request: a delivery, or how the delivered answer came to be."""
    if delivery != "delivered":
        return delivery
    if len(verdict.rounds) > 1:
        return "regenerated"
    if verdict.coverage.unjudged:
        return "unjudged"
    return "allowed" if verdict.action is Action.ALLOW else "flagged"


def phases(verdict: Verdict, delivery: str) -> tuple[Phase, ...]:
    """What became of the request's direction, and of the answer's where one was drawn."""
    asked = Phase("input", _result(verdict, output=False))
    if not verdict.rounds:
        return (asked,)
    if verdict.mode == "enforce" and delivery not in ("delivered", "client_gone"):
        return (asked, Phase("output", "blocked"))
    found = _result(verdict, output=True)
    if found == "allowed" and len(verdict.rounds) > 1:
        found = "regenerated"
    return (asked, Phase("output", found))


def _result(verdict: Verdict, *, output: bool) -> Result:
    """By what was found in a direction, and by what was not looked at."""
    if not verdict.findings and not verdict.coverage.unjudged:
        return "allowed"
    missed = [one for one in verdict.coverage.unjudged if one.part.startswith(_OURS) == output]
    actions = [one.action for one in verdict.findings if one.part.startswith(_OURS) == output]
    action = max([*actions, *(one.action for one in missed)], default=Action.ALLOW)
    if action in DELIVERS:
        return "unjudged" if missed else "allowed"
    if action is Action.REDACT:
        return "masked" if verdict.mode == "enforce" else "would_mask"
    return "blocked" if verdict.mode == "enforce" else "would_block"
