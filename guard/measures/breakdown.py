"""The same threshold, category by category: what is found, what is flagged for nothing, what is named rightly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from ..metrics import ratio
from .vocabulary import Slugs, Vocabulary, vocabulary

MOST: Final = 60
"""Categories in a breakdown; of a set with more of them the most frequent are shown."""


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """One judged row: what its set says, whether it was flagged, and the classifier's probability of each category."""

    category: str
    positive: bool
    flagged: bool
    found: Mapping[str, float | None]


class CategoryResult(msgspec.Struct, frozen=True, kw_only=True):
    """One category: `recall` over its positive rows, `fpr` over its safe ones, None where there are no such rows.

    `named` is the share of positive rows whose strongest category is one that the row has; None where not known.
    """

    category: str
    positives: int
    recall: float | None
    negatives: int
    fpr: float | None
    named: float | None


class Breakdown(msgspec.Struct, frozen=True, kw_only=True):
    """The categories of a set, most frequent first; `taxonomy` is None where they are the set's own names."""

    taxonomy: str | None
    categories: tuple[CategoryResult, ...]


def breakdown(rows: Sequence[Labelled]) -> Breakdown:
    """The rows by category: by our slugs where the set's names can be read as such, else by its own names."""
    named = [row for row in rows if row.category]
    known = vocabulary(row.category for row in named if row.positive)
    groups: dict[str, list[Labelled]] = {}
    for row in named:
        for name in known.slugs(row.category) if known else (row.category,):
            groups.setdefault(name, []).append(row)
    largest = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))[:MOST]
    return Breakdown(
        taxonomy=known.taxonomy if known else None,
        categories=tuple(_result(name, group, known) for name, group in largest),
    )


def _result(name: str, rows: Sequence[Labelled], known: Vocabulary | None) -> CategoryResult:
    positive = [row for row in rows if row.positive]
    safe = [row for row in rows if not row.positive]
    hits = [_is_named(row.found, known.slugs(row.category)) for row in positive] if known else []
    told = [hit for hit in hits if hit is not None]
    return CategoryResult(
        category=name,
        positives=len(positive),
        recall=ratio(sum(row.flagged for row in positive), len(positive)),
        negatives=len(safe),
        fpr=ratio(sum(row.flagged for row in safe), len(safe)),
        named=ratio(sum(told), len(told)),
    )


def _is_named(found: Mapping[str, float | None], slugs: Slugs) -> bool | None:
    assessed = {slug: score for slug, score in found.items() if score is not None}
    if not any(slug in assessed for slug in slugs):
        return None
    best = max(assessed.values())
    # Nothing found is not a name: all zeros would otherwise name every category.
    return best > 0 and any(assessed.get(slug) == best for slug in slugs)
