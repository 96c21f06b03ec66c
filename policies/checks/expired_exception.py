"""Exceptions whose day is past, or no day at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from ..diagnostics import Diagnostic, error, warning
from ..tree import Source, entries, get, text


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports what is no date, and warns of exceptions that do not hold any more."""
    today = datetime.now(UTC).date()
    for item in entries(get(source.root, "exceptions")):
        node = get(item.value, "expires")
        word = text(node)
        if node is None or word is None:
            continue
        day = _day(word)
        if day is None:
            message = f"exceptions.{item.key}.expires is {word[:40]!r}, which is no date"
            yield error(node.mark, "bad-date", message, hint="such as 2027-06-30")
        elif day <= today:
            message = f"exceptions.{item.key} has expired"
            yield warning(node.mark, "expired", message, hint="take it out, or give it another day and a reason")


def _day(word: str) -> date | None:
    try:
        return date.fromisoformat(word) if len(word) == 10 else None
    except ValueError:
        return None
