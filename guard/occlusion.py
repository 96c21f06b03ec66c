"""Which words a score is owed to: each stretch of a text is left out in turn, and the score is taken again.

Zeiler and Fergus, "Visualizing and understanding convolutional networks" (arXiv 1311.2901), section 4.2, on words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import msgspec

from ..models.assessment import Assessed, Assessment
from ..models.content import Part, Text

Judges: TypeAlias = Callable[[Sequence[Part]], Sequence[Assessment]]

MOST: Final = 48
"""Stretches of one text: so many texts are judged for an explanation."""

_WORD: Final = re.compile(r"\S+\s*")


class Influence(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the text, in code points, and how much of the score goes when it is left out."""

    start: int
    end: int
    drop: float


def influences(part: Text, category: str, judge: Judges) -> tuple[Influence, ...]:
    """The stretches that a category's score (or `unsafe`) is owed to, the greatest first; none where not judged."""
    stretches = _stretches(part.text)
    if not stretches:
        return ()
    without = [msgspec.structs.replace(part, text=part.text[:start] + part.text[end:]) for start, end in stretches]
    whole, *others = judge([part, *without])
    head = _head(whole, category)
    score = _score(whole, head)
    if score is None:
        return ()
    found = []
    for (start, end), other in zip(stretches, others, strict=True):
        left = _score(other, head)
        if left is not None and left < score:
            found.append(Influence(start=start, end=end, drop=round(score - left, 4)))
    return tuple(sorted(found, key=lambda one: (-one.drop, one.start)))


def _stretches(text: str) -> list[tuple[int, int]]:
    """Words, joined into stretches of equal number where there are many; letters where there are no spaces."""
    words = [(match.start(), match.start() + len(match[0].rstrip())) for match in _WORD.finditer(text)]
    if len(words) == 1 and len(text) > MOST // 4:
        size = max(2, len(text) // MOST + 1)
        return [(start, min(len(text), start + size)) for start in range(0, len(text), size)]
    size = max(1, -(-len(words) // MOST))
    return [(group[0][0], group[-1][1]) for at in range(0, len(words), size) if (group := words[at : at + size])]


def _head(assessment: Assessment, category: str) -> str | None:
    """The category, or None for `unsafe` where that is surer: a finding may stand for a flagged part as such."""
    own = assessment.categories.get(category) if isinstance(assessment, Assessed) else None
    return category if isinstance(assessment, Assessed) and own is not None and own >= assessment.unsafe else None


def _score(assessment: Assessment, head: str | None) -> float | None:
    if not isinstance(assessment, Assessed):
        return None
    return assessment.unsafe if head is None else assessment.categories.get(head)
