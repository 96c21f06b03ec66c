"""Under which circumstances a request is judged: whose it is, where it came in, for which model, in which language."""

from __future__ import annotations

from typing import Any

from ..guard.guard import Guard
from ..guard.language import languages
from ..policies.context import Context
from .asgi import Scope
from .ticket import TICKET


def placed(guard: Guard, scope: Scope, *, body: object = None, tenant: str | None = None) -> Guard:
    """The guard under this request's circumstances; the guard itself where its policy does not look at any.

    `tenant` is the gateway's own name for callers without a key; `body` says which model is asked for.
    """
    if not guard.policy.conditional:
        return guard
    ticket = TICKET.get()
    named = ticket.caller.tenant if ticket is not None and ticket.caller.key else tenant
    wish = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"accept-language"), "")
    model: Any = body.get("model") if isinstance(body, dict) else None
    return guard.within(
        Context(
            tenant=named or "",
            route=scope["path"],
            model=model if isinstance(model, str) else "",
            languages=languages(wish),
            strikes=ticket.points if ticket is not None else 0.0,
        )
    )
