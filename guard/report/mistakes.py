"""The rows that a model got most wrong, for a person to read: their texts stay folded until somebody opens them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

import msgspec

from ...models.content import Text
from ..evaluate import Scored
from .svg import tag

MOST: Final = 20
_LONGEST: Final = 4000
"""Characters of a text that are shown."""


class Mistakes(msgspec.Struct, frozen=True):
    """Safe rows that were flagged, highest score first; unsafe rows that were not, lowest score first."""

    false_alarms: tuple[Scored, ...]
    misses: tuple[Scored, ...]


def worst(rows: Sequence[Scored], *, threshold: float, most: int = MOST) -> Mistakes:
    """At most so many mistakes of each kind; rows with equal scores in the file's order."""
    alarms = [row for row in rows if row.score >= threshold and not row.sample.positive]
    misses = [row for row in rows if row.score < threshold and row.sample.positive]
    return Mistakes(
        false_alarms=tuple(sorted(alarms, key=lambda row: (-row.score, row.sample.row))[:most]),
        misses=tuple(sorted(misses, key=lambda row: (row.score, row.sample.row))[:most]),
    )


def shown(mistakes: Mistakes) -> str:
    """Both lists as folded HTML; everything that came from a row is escaped."""
    return tag(
        "div",
        _list("Worst false alarms", mistakes.false_alarms),
        _list("Worst misses", mistakes.misses),
        class_="pair mistakes",
    )


def _list(title: str, rows: Sequence[Scored]) -> str:
    inside = "".join(map(_row, rows)) if rows else tag("p", "None.", class_="quiet")
    return tag("div", tag("h3", f"{title} ({len(rows)})"), inside)


def _row(row: Scored) -> str:
    sample = row.sample
    facts = [f"row {sample.row}", f"score {row.score:.3f}"]
    if sample.category:
        facts.append(sample.category if len(sample.category) <= 60 else sample.category[:59] + "…")
    if sample.severity is not None:
        facts.append(f"severity {sample.severity}")
    return tag("details", tag("summary", escape(" · ".join(facts))), _text(row))


def _text(row: Scored) -> str:
    part = row.sample.part
    if not isinstance(part, Text):
        return tag("p", f"not a text: {escape(part.path)}", class_="quiet")
    asked = tag("p", "asked", class_="quiet") + _pre(part.context) + tag("p", "answered", class_="quiet")
    return (asked if part.context else "") + _pre(part.text)


def _pre(text: str) -> str:
    more = f"\n… {len(text) - _LONGEST} more characters" if len(text) > _LONGEST else ""
    return tag("pre", escape(text[:_LONGEST]) + more, dir="auto")
