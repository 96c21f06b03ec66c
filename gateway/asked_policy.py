"""A caller's own wish for another policy: a shipped one that is nowhere weaker than the policy it would have."""

from __future__ import annotations

import asyncio
from typing import Final

from ..guard.guard import Guard
from ..models.errors import HeadgateError
from ..policies.load import packs
from ..policies.tighten import loosened
from .asgi import Scope
from .limits import Denied

HEADER: Final = b"x-headgate-policy"
_NAMED: Final = 5
"""Settings that a refusal names at most."""


class AskedPolicies:
    """Guards of policies that callers asked for, made once for each policy that they would have had."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Guard | Denied] = {}

    async def guard(self, given: Guard | None, name: str) -> Guard | Denied:
        """The guard of the policy `name`, or why it may not be asked for; `given` is what holds without asking."""
        if given is None:
            return _denied("no policy can be asked for where the guard is off: leave x-headgate-policy out")
        if name not in packs():
            return _denied(f"x-headgate-policy must be one of {', '.join(packs())}")
        key = (given.policy.hash, name)
        if key not in self._found:
            # Compiled off the event loop: it takes some milliseconds.
            self._found[key] = await asyncio.to_thread(_made, given, name)
        return self._found[key]


def asked(scope: Scope) -> str | None:
    """The policy that a request asks for, None where it asks for none."""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == HEADER), None)


def _made(given: Guard, name: str) -> Guard | Denied:
    try:
        guard = given.under(name)
    except HeadgateError:
        return _denied(f"the policy {name} cannot run with the models that are loaded here")
    if guard.policy.hash == given.policy.hash:
        return given
    weaker = loosened(given.policy, guard.policy, given_at=given.rules.thresholds, asked_at=guard.rules.thresholds)
    if not weaker:
        return guard
    named = ", ".join(weaker[:_NAMED]) + (", …" if len(weaker) > _NAMED else "")
    return _denied(f"x-headgate-policy may only tighten: {name} is weaker in {named}")


def _denied(message: str) -> Denied:
    return Denied(status=400, reason="policy", message=message, code="policy_not_allowed")
