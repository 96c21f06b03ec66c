"""What a request costs, what is counted of it, and how a caller is told: pure, the store does the counting."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from ..guard.limit import Limit
from ..guard.store.protocol import Admission, Ask, Bar, Charge, Entry, Step, Strike, Variant, Window
from ..guard.store.window import used, wait
from ..policies.compiled import CompiledPolicy
from ..policies.verdict import Action, Verdict
from .asgi import Headers
from .sketch import Sketch
from .ticket import Caller, Ticket, Usage

_COUNTED: Final = ("requests", "tokens", "money")
_SHOWN: Final = ("requests", "tokens")
_MILLION: Final = 1_000_000


class Denied(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request is not let in: `reason` for metrics, `seconds` until it may come again, None where never.

    `amount` is that of the limit that was reached, where it is one.
    """

    status: int
    reason: str
    message: str
    code: str
    seconds: float | None = None
    amount: float | None = None


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A limit together with the key it is counted under."""

    limit: Limit
    key: str


def held(caller: Caller) -> tuple[Held, ...]:
    """Every limit that holds for a caller, its key's own and its tenant's."""
    own = (Held(limit=limit, key=f"{_home(caller)}k:{caller.key}:{_name(limit)}") for limit in caller.own)
    shared = (Held(limit=limit, key=f"{_home(caller)}t:{_name(limit)}") for limit in caller.shared)
    return (*own, *shared)


def subject_of(caller: Caller, user: str) -> str | None:
    """Who is struck: the end user where the caller names one, else the key; nobody where there is neither."""
    who = f"u:{user}" if user else (f"k:{caller.key}" if caller.key else None)
    return None if who is None else f"{_home(caller)}s:{who}"


def ask_of(caller: Caller, limits: Sequence[Held], sketch: Sketch, policy: CompiledPolicy | None) -> Ask:
    """What the store is asked: nobody barred, not too many settings for one prompt, room in every window."""
    subject = subject_of(caller, sketch.user)
    bars: tuple[Bar, ...] = ()
    if policy is not None and policy.counts_strikes and subject is not None:
        bars = (Bar(key=subject, half_life=policy.strikes.half_life),)
    return Ask(
        bars=bars,
        variants=tuple(
            Variant(
                key=f"{one.key}:{sketch.prompt}",
                member=sketch.sampling,
                most=int(one.limit.amount),
                period=one.limit.period,
            )
            for one in limits
            if one.limit.name == "variants" and sketch.sampling
        ),
        charges=tuple(_charge(one, _cost_before(one.limit, sketch)) for one in _windows(limits)),
    )


def entry_of(ticket: Ticket, limits: Sequence[Held], policy: CompiledPolicy | None) -> Entry:
    """What is counted once the exchange is over; what was reserved and not used is given back."""
    costs = [(one, _cost_after(one.limit, ticket, policy)) for one in _windows(limits)]
    strike = _strike(ticket, policy) if policy is not None else None
    charges = tuple(_charge(one, cost) for one, cost in costs if cost)
    return Entry(charges=charges, strikes=(strike,) if strike else ())


def denial(found: Admission, ask: Ask, limits: Sequence[Held], *, now: float) -> Denied:
    """What a caller is told."""
    if found.denied == "bar":
        seconds = found.standings[found.index].until - now
        message = f"too much of what was sent was refused; try again in {_duration(seconds)}"
        return Denied(status=429, reason="strikes", message=message, code="too_many_strikes", seconds=seconds)
    if found.denied == "variant":
        variant = ask.variants[found.index]
        message = (
            f"one prompt may be tried with {variant.most} different sampling settings in {_duration(variant.period)}: "
            "use one of those that were sent before, or another prompt"
        )
        return Denied(status=429, reason="variants", message=message, code="too_many_variants", seconds=variant.period)
    limit, charge = _windows(limits)[found.index].limit, ask.charges[found.index]
    seconds = wait(found.windows[found.index], charge, now=now)
    words = f"{limit.amount:.10g} {limit.name} in {_duration(limit.period)}"
    if math.isinf(seconds):
        message = f"this request alone is larger than the limit of {words}: send a shorter one"
        return Denied(status=429, reason=limit.name, message=message, code="request_over_limit")
    code = "insufficient_quota" if limit.name == "money" else "rate_limit_exceeded"
    message = f"the limit of {words} is reached; try again in {_duration(seconds)}"
    return Denied(status=429, reason=limit.name, message=message, code=code, seconds=seconds, amount=limit.amount)


def limit_headers(windows: Sequence[Window], limits: Sequence[Held], *, now: float) -> Headers:
    """OpenAI's `x-ratelimit-*` headers, of the limit with the least left where there are several of a kind."""
    found: Headers = []
    pairs = list(zip(_windows(limits), windows, strict=True))
    for name in _SHOWN:
        mine = [(one.limit, window) for one, window in pairs if one.limit.name == name]
        if not mine:
            continue
        limit, window = min(mine, key=lambda pair: _left(pair[0], pair[1], now))
        found += [
            (f"x-ratelimit-limit-{name}".encode(), b"%d" % limit.amount),
            (f"x-ratelimit-remaining-{name}".encode(), b"%d" % _left(limit, window, now)),
            (f"x-ratelimit-reset-{name}".encode(), _duration(_reset(limit, window, now)).encode()),
        ]
    return found


def struck_severity(verdict: Verdict) -> int:
    """The worst severity, 0..3, for which the request itself was refused; an answer's faults are not the caller's."""
    if verdict.action is not Action.REFUSE or verdict.mode != "enforce":
        return 0
    refused = (f for f in verdict.findings if f.action is Action.REFUSE and not f.part.startswith("response"))
    return max((int(finding.severity) for finding in refused), default=0)


def _strike(ticket: Ticket, policy: CompiledPolicy) -> Strike | None:
    strikes = policy.strikes
    if ticket.subject is None or not policy.counts_strikes or ticket.verdict is None:
        return None
    points = strikes.points[struck_severity(ticket.verdict)]
    if not points:
        return None
    steps = tuple(Step(points=bar.points, seconds=bar.seconds) for bar in strikes.bars)
    return Strike(key=ticket.subject, points=points, half_life=strikes.half_life, steps=steps)


def _windows(limits: Sequence[Held]) -> list[Held]:
    return [one for one in limits if one.limit.name in _COUNTED]


def _charge(one: Held, cost: float) -> Charge:
    return Charge(key=one.key, limit=one.limit.amount, period=one.limit.period, cost=cost)


def _cost_before(limit: Limit, sketch: Sketch) -> float:
    """A request counts at once; of tokens, the prompt's estimate; what money it costs nobody knows yet."""
    return {"requests": 1.0, "tokens": float(sketch.tokens)}.get(limit.name, 0.0)


def _cost_after(limit: Limit, ticket: Ticket, policy: CompiledPolicy | None) -> float:
    usage = used_tokens(ticket)
    if limit.name == "tokens":
        return float(usage.total - ticket.reserved) if usage is not None else 0.0
    if limit.name == "money" and usage is not None and policy is not None:
        price = policy.regenerate
        return (usage.prompt * price.price_input + usage.completion * price.price_output) / _MILLION
    return 0.0


def used_tokens(ticket: Ticket) -> Usage | None:
    """What upstream says, nothing where it was not asked or failed, None where it does not say."""
    if ticket.usage is not None:
        return ticket.usage
    unasked = ticket.verdict is not None and not ticket.verdict.rounds
    return Usage() if unasked or ticket.status >= 400 else None


def _left(limit: Limit, window: Window, now: float) -> int:
    return max(0, math.floor(limit.amount - used(window, period=limit.period, now=now) + 1e-6))


def _reset(limit: Limit, window: Window, now: float) -> float:
    """Seconds until nothing of the window counts any more."""
    left = limit.period * (window.index + 1) - now
    if window.current > 0:
        return left + limit.period
    return max(0.0, left) if window.previous > 0 else 0.0


def _home(caller: Caller) -> str:
    # In braces, so that all keys of a tenant lie on one node of a Redis cluster.
    return f"{{{caller.tenant}}}:"


def _name(limit: Limit) -> str:
    return f"{limit.name}:{limit.period:.10g}"


def _duration(seconds: float) -> str:
    """As OpenAI writes it: 1s, 6m0s, 2h0m0s."""
    whole = max(0, math.ceil(seconds - 1e-6))
    return "".join(_units(whole))


def _units(seconds: int) -> Iterator[str]:
    if seconds >= 3600:
        yield f"{seconds // 3600}h"
    if seconds >= 60:
        yield f"{seconds % 3600 // 60}m"
    yield f"{seconds % 60}s"
