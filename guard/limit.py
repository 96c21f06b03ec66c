"""How much of something may pass in a time: `requests=60/m`, as it is written and as it is counted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from ..models.errors import ConfigError

Counted: TypeAlias = Literal["requests", "tokens", "money", "variants"]

NAMES: Final[tuple[str, ...]] = get_args(Counted)
LONGEST: Final = 366 * 86400.0
"""Seconds of the longest period."""

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_FORM = re.compile(r"(?P<name>[a-z]+)=(?P<amount>[0-9]+(?:\.[0-9]+)?)/(?P<count>[0-9]*)(?P<unit>[smhd])")
_EXAMPLE = "requests=60/m, tokens=100000/h, money=5/d or variants=20/h"


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """At most `amount` of what is counted in `period` seconds.

    `variants` are the different sampling settings that one prompt may be tried with (arXiv 2310.06987); `money` is in
    the currency of the policy's price.
    """

    name: Counted
    amount: float
    period: float

    def __str__(self) -> str:
        unit = next(unit for unit in "dhms" if self.period % _SECONDS[unit] == 0 or unit == "s")
        count = self.period / _SECONDS[unit]
        return f"{self.name}={self.amount:.10g}/{'' if count == 1 else f'{count:.10g}'}{unit}"


def parse_limit(text: str) -> Limit:
    """The limit written as NAME=AMOUNT/PERIOD; ConfigError says what to write instead."""
    found = _FORM.fullmatch(text.strip())
    if found is None or found["name"] not in NAMES:
        raise ConfigError(f"{text[:64]!r} is no limit: write {_EXAMPLE}")
    period = float(found["count"] or 1) * _SECONDS[found["unit"]]
    amount = float(found["amount"])
    if not 1 <= period <= LONGEST:
        raise ConfigError(f"the period of {text!r} must be from 1s to 366d")
    if found["name"] in ("requests", "variants") and amount != int(amount):
        raise ConfigError(f"{text!r} counts whole {found['name']}: write {_EXAMPLE}")
    return Limit(name=found["name"], amount=amount, period=period)  # type: ignore[arg-type]


def parse_limits(texts: Iterable[str]) -> tuple[Limit, ...]:
    """Each of the limits; ConfigError where one stands twice for the same thing and period."""
    limits = tuple(parse_limit(text) for text in texts)
    seen: set[tuple[str, float]] = set()
    for limit in limits:
        if (limit.name, limit.period) in seen:
            raise ConfigError(f"two limits of {limit.name} for the same period: leave one out")
        seen.add((limit.name, limit.period))
    return limits
