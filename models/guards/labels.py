"""From a guard's own labels to our categories: what it named, what it looked for and did not find, what it never read.

A category outside the guard's coverage is None. So is one that a fired label holds only as a second meaning: the label
does not tell whether it is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..assessment import DECIMALS, NOT_ASSESSED, Assessed
from ..content import Direction, Part, direction_of
from ..crosswalk import Taxonomy, imported

FIRED = 0.5


class Scores:
    """Gathers the scores of one part's labels; `categories` is what they amount to."""

    def __init__(self, covers: frozenset[str]) -> None:
        self._found: dict[str, float] = dict.fromkeys(covers, 0.0)
        self._unsure: set[str] = set()
        self.ambiguous = False

    def add(self, slug: str, score: float) -> None:
        """A category by itself."""
        self._found[slug] = max(self._found.get(slug, 0.0), score)

    def label(self, taxonomy: Taxonomy, label: str, score: float) -> None:
        """A label of a taxonomy: its first meaning, or every candidate where it is ambiguous."""
        meaning = imported(taxonomy, label)
        for slug in meaning.candidates if meaning.ambiguous else (meaning.primary,):
            self.add(slug, score)
        if score >= FIRED:
            self.ambiguous = self.ambiguous or meaning.ambiguous
            self._unsure.update(meaning.also)

    @property
    def categories(self) -> dict[str, float | None]:
        """Every slug with its score or None."""
        found: dict[str, float | None] = {slug: round(score, DECIMALS) for slug, score in self._found.items()}
        for slug in self._unsure:
            if not found.get(slug):
                found[slug] = None
        return NOT_ASSESSED | found


def assessed(
    part: Part,
    scores: Scores,
    *,
    unsafe: float,
    severity: Mapping[int, float] | None = None,
    refusal: float | None = None,
) -> Assessed:
    """The assessment of a part; `severity` maps levels 0..3 to probabilities, a level left out has none."""
    categories = scores.categories
    if direction_of(part.role) is Direction.OUTPUT:
        categories["prompt_attack"] = None  # an attack is something that is done to a model, not by it
    levels = None
    if severity is not None:
        none, minor, moderate, severe = (round(severity.get(level, 0.0), DECIMALS) for level in range(4))
        levels = (none, minor, moderate, severe)
    return Assessed(
        unsafe=round(unsafe, DECIMALS),
        categories=categories,
        severity=levels,
        refusal=refusal,
        ambiguous=scores.ambiguous,
    )


def covers(taxonomy: Taxonomy, labels: Iterable[str]) -> frozenset[str]:
    """The categories that these labels can speak of, by any of their meanings."""
    found: set[str] = set()
    for label in labels:
        meaning = imported(taxonomy, label)
        found.update((meaning.primary, *meaning.also, *meaning.candidates))
    return frozenset(found)
