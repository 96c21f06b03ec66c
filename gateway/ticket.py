"""Who is served in this task and what came of it: set where a request comes in, read wherever it passes."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

import msgspec

from ..guard.guard import Guard
from ..guard.limit import Limit
from ..policies.verdict import Verdict


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Whose request it is: `key` is the key's id, `own` are the key's limits and `shared` those of all its tenant."""

    tenant: str
    key: str | None = None
    policy: str | None = None
    own: tuple[Limit, ...] = ()
    shared: tuple[Limit, ...] = ()


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens that upstream says an exchange took."""

    prompt: int = 0
    completion: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.prompt + self.completion


class Ticket(msgspec.Struct, kw_only=True):
    """One request that was let in: its caller and guard, and, once known, its outcome.

    `guard` is None where the gateway's own judges it; `subject` is the key that strikes go to, None where there is
    nobody to strike; `reserved` tokens were counted before they were known; `points` are
    the strikes of the subject as it came.
    """

    caller: Caller
    guard: Guard | None = None
    subject: str | None = None
    reserved: int = 0
    points: float = 0.0
    verdict: Verdict | None = None
    delivery: str = ""
    usage: Usage | None = None
    status: int = 0

    def note(self, verdict: Verdict, delivery: str, *, usage: Usage | None = None) -> None:
        """Keep the outcome; of several the strongest counts. A usage that is given is what counts."""
        self.usage = usage or self.usage
        if self.verdict is None or verdict.action >= self.verdict.action:
            self.verdict = verdict
            self.delivery = delivery


TICKET: Final[ContextVar[Ticket | None]] = ContextVar("headgate_ticket", default=None)
