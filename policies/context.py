"""Under which circumstances something is decided: plain data, so that a decision stays pure."""

from __future__ import annotations

import msgspec


class Context(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who asks, where, for which model, in which languages (the likeliest first), with how many strikes, and when.

    `today` is a date as YYYY-MM-DD; where it is empty no exception holds, since nobody knows whether it has expired.
    """

    tenant: str = ""
    route: str = ""
    model: str = ""
    languages: tuple[str, ...] = ()
    strikes: float = 0.0
    today: str = ""


NOWHERE = Context()
"""Where nothing is known of the circumstances."""
