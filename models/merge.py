"""Several assessments of one part as one: the worst of all, the first that is there, or what a quorum agrees on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeAlias

import msgspec

from .assessment import DECIMALS, NOT_ASSESSED, Assessed, severity_from_cumulative
from .taxonomy import BY_SLUG

FLAGGED = 0.5


class Quorum(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A score counts when `quorum` classifiers reach it, or all that assess the category where they are fewer."""

    quorum: int


Rule: TypeAlias = Literal["max", "first_available"] | Quorum
Pick: TypeAlias = Callable[[Sequence[float]], float]


def worst(found: Sequence[Assessed]) -> Assessed:
    """The highest of every score; the one assessment itself where there is one."""
    return merged(found, rule="max")


def merged(found: Sequence[Assessed], *, rule: Rule) -> Assessed:
    """One assessment by the rule, each category from those that assessed it; `found` is in order of preference.

    Under `first_available` the first one speaks, and the others only of what it did not assess. Severity is that of
    those who call the part unsafe, the worst of them level by level.
    """
    if len(found) == 1:
        return found[0]
    pick = _pick(rule)
    categories = {slug: _picked(pick, (one.categories.get(slug) for one in found)) for slug in NOT_ASSESSED}
    unsafe = pick([one.unsafe for one in found])
    if rule == "first_available":
        # A category that only a later one looked for must be able to flag the part.
        unsafe = max([unsafe, *(p for slug, p in categories.items() if p and found[0].categories.get(slug) is None)])
    return Assessed(
        unsafe=unsafe,
        categories=categories,
        severity=_severity(found[:1] if rule == "first_available" and found[0].severity else found),
        sensitive=_picked(max, (one.sensitive for one in found)),
        refusal=next((one.refusal for one in found if one.refusal is not None), None),
        spans=tuple(span for one in found for span in one.spans),
        ambiguous=any(one.ambiguous for one in found),
        model="+".join(dict.fromkeys(one.model for one in found if one.model)),
        missed=tuple(missed for one in found for missed in one.missed),
        meaning=next((one.meaning for one in found if one.meaning), b""),
    )


def _pick(rule: Rule) -> Pick:
    match rule:
        case "max":
            return max
        case "first_available":
            return lambda scores: scores[0]
        case Quorum(quorum=quorum):
            return lambda scores: sorted(scores, reverse=True)[min(quorum, len(scores)) - 1]


def _picked(pick: Pick, scores: Iterable[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return pick(known) if known else None


def _severity(found: Sequence[Assessed]) -> tuple[float, float, float, float] | None:
    """The worst at every level of those that flag the part; of the likeliest one where none does."""
    flagging = [one for one in found if one.unsafe >= FLAGGED]
    if not flagging:
        return max(found, key=lambda one: one.unsafe).severity
    levels = [one.severity or _by_default(one) for one in flagging]
    one, two, three = (round(max(sum(level[at:]) for level in levels), DECIMALS) for at in (1, 2, 3))
    none, minor, moderate, severe = (round(p, DECIMALS) for p in severity_from_cumulative((min(one, 1.0), two, three)))
    return (none, minor, moderate, severe)


def _by_default(found: Assessed) -> tuple[float, float, float, float]:
    """The severity of a guard without levels: the highest default of the categories that it flagged."""
    flagged = [BY_SLUG[slug].severity for slug, p in found.categories.items() if p is not None and p >= FLAGGED]
    level = max(flagged, default=2)
    return (0.0, float(level == 1), float(level == 2), float(level == 3))
