"""Whether a failed request is sent once more, and when: pure; whoever asks does the waiting."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

RETRIED: Final = frozenset([408, 409, 429, *range(500, 600)])
"""Statuses that may be others in a moment."""
FAILED: Final = frozenset(range(500, 600))
"""Statuses that say that upstream is not well."""
LONGEST: Final = 30.0
"""Seconds that nobody waits longer than: whoever is told to come back later is told so."""


def pause(tries: int, *, backoff: float, wanted: float | None, chance: float) -> float | None:
    """Seconds until the next try, `tries` having failed; None where that is too long to wait for.

    Twice as long each time, of which up to half is left to `chance` (0..1), so that callers do not come back all at
    once; never sooner than upstream wants.
    """
    seconds = min(LONGEST, backoff * 2.0 ** (tries - 1)) * (1 - chance / 2)
    if wanted is None:
        return seconds
    return max(seconds, wanted) if wanted <= LONGEST else None


def wanted(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """The seconds that upstream asks to be left alone for; None where it does not say, or nothing sensible."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else -1.0
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
