"""What a classifier returns for one part: scores with their coverage, or the reason why there are none.

A category that is absent (None) was *not assessed*; it is never read as "safe".
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from .errors import InferenceFailed
from .taxonomy import SLUGS

DECIMALS = 4
"""Probabilities are rounded to this many decimals, so that equal inputs give equal bytes."""


class Severity(enum.IntEnum):
    """PKU-SafeRLHF's ordinal scale: scope, reversibility, legality and who must respond (arXiv 2406.15513)."""

    NONE = 0
    MINOR = 1
    MODERATE = 2
    SEVERE = 3

    @property
    def slug(self) -> str:
        """The name used in policies and reports."""
        return self.name.lower()


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the part's text, in code points, and the category found there."""

    start: int
    end: int
    category: str
    score: float


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a video in seconds, and the score of what was found there."""

    start: float
    end: float
    score: float


class Assessed(msgspec.Struct, frozen=True, tag="assessed", tag_field="status", kw_only=True):
    """Scores of one part.

    `unsafe` is a calibrated probability; `categories` maps every slug to a probability or None (not assessed);
    `severity` holds four probabilities that sum to one, or None; `sensitive` is a person at risk speaking. `rung` names
    the stand-in that judged because the classifier in charge could not. `missed` are other judges who should have
    judged it too and could not. `stretches` are where in a video something was found. `meaning` is what a text is
    about, packed (see `meaning.py`), where a policy asks for it; it tells of the content, so it is kept where that is.
    """

    unsafe: float
    categories: dict[str, float | None]
    severity: tuple[float, float, float, float] | None = None
    sensitive: float | None = None
    refusal: float | None = None
    spans: tuple[Span, ...] = ()
    ambiguous: bool = False
    model: str = ""
    rung: str = ""
    missed: tuple[Unjudged, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    meaning: bytes = b""


class Unjudged(msgspec.Struct, frozen=True, tag="unjudged", tag_field="status", kw_only=True):
    """No scores, and why: `reason` is a short stable word, `detail` says it for a person (never content)."""

    reason: str
    detail: str = ""
    model: str = ""


Assessment: TypeAlias = Assessed | Unjudged

NOT_ASSESSED: dict[str, float | None] = dict.fromkeys(SLUGS)
_SLUGS = frozenset(SLUGS)


def checked(assessment: Assessed) -> Assessed:
    """The same assessment, or InferenceFailed where a score is NaN, infinite or outside 0..1."""
    categories = assessment.categories
    always = (assessment.unsafe, *(assessment.severity or ()))
    if None in always or not _are_probabilities(
        (*always, assessment.sensitive, assessment.refusal, *categories.values())
    ):
        raise InferenceFailed("a classifier returned a score that is not a probability")
    if not _SLUGS.issuperset(categories):
        unknown = ", ".join(sorted(categories.keys() - _SLUGS))
        raise InferenceFailed(f"a classifier returned unknown categories: {unknown}")
    return assessment


def expected_severity(assessment: Assessed) -> float | None:
    """The mean of the severity distribution, 0..3, or None where severity was not assessed."""
    if assessment.severity is None:
        return None
    return sum(level * p for level, p in enumerate(assessment.severity))


def severity_from_cumulative(at_least: Iterable[float]) -> tuple[float, float, float, float]:
    """Four probabilities from P(severity >= 1, 2, 3); made monotone first, so that none is negative."""
    one, two, three = at_least
    two = min(one, two)
    three = min(two, three)
    return (1.0 - one, one - two, two - three, three)


def _are_probabilities(scores: Iterable[float | None]) -> bool:
    """Whether those of the scores that were assessed are; a NaN is within no bounds."""
    try:
        for score in scores:
            if score is not None and not -1e-6 <= score <= 1.0 + 1e-6:
                return False
    except TypeError:
        return False
    return True
